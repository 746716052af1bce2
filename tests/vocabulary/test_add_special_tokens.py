"""Special tokens for models of every family: what they change, and that objectives then take the model."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from surgery_models import KINDS, TEXTS, byte_bpe, unigram, wordpiece, write_model_of

from panglot.artifacts import InputError, step_folder
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.models import Model
from panglot.objectives.objective import parse_objectives
from panglot.objectives.opening import open_language_model
from panglot.training.language_model import language_model
from panglot.vocabulary.add_special_tokens import add_special_tokens, with_special_tokens
from panglot.vocabulary.initialise_rows import model_vocabulary
from panglot.vocabulary.matrices import read_matrices
from panglot.vocabulary.vocabulary import Vocabulary

MODES = ["[R]", "[S]", "[X]"]


def _added(place, model, **arguments):
    with step_folder(place, seed=7) as step:
        add_special_tokens(model=model, step=step, **arguments)
    return Model.open(place)


@pytest.mark.parametrize("kind", [each for each in KINDS if each != "sentence-encoder"])
def test_old_ids_and_rows_stay_and_new_tokens_are_special(tmp_path, kind):
    import transformers

    model = write_model_of(kind, tmp_path / "old")
    old, before = model_vocabulary(model), read_matrices(model)
    found = _added(tmp_path / "new", model, tokens=MODES, sentinels=3, languages=["hsb", "Khmer"])
    names = [*MODES, "<extra_id_0>", "<extra_id_1>", "<extra_id_2>", "hsb_Latn", "khm_Khmr"]
    new, after = model_vocabulary(found), read_matrices(found)
    assert [new.ids[each] for each in names] == list(range(old.size, old.size + len(names)))
    assert new.size == old.size + len(names)
    assert new.encode(TEXTS) == old.encode(TEXTS)
    for role, matrix in before.items():
        assert np.array_equal(after[role][: old.size], matrix[: old.size])
        rows = after[role][old.size : new.size]
        assert np.isfinite(rows).all()
        assert role == "bias" or len(np.unique(rows, axis=0)) == len(rows)
    loaded = transformers.AutoTokenizer.from_pretrained(found.path)
    # right beside letters, and in the middle of a word
    assert new.ids["[S]"] in loaded("house[S]boat", add_special_tokens=False)["input_ids"]
    assert set(loaded.convert_tokens_to_ids(names)) <= set(loaded.all_special_ids)
    assert loaded.decode(loaded(TEXTS[4] + "[R]", add_special_tokens=False)["input_ids"], skip_special_tokens=True).strip() == (
        loaded.decode(loaded(TEXTS[4], add_special_tokens=False)["input_ids"], skip_special_tokens=True).strip()
    )
    assert {each: loaded.convert_tokens_to_ids(each) for each in ("<s>", "</s>", "<pad>")} == {
        each: old.ids[each] for each in ("<s>", "</s>", "<pad>")
    }


def test_what_is_there_already_stays(tmp_path):
    first = _added(tmp_path / "first", write_model_of("llama-tied", tmp_path / "old"), sentinels=2, tokens=["[R]"])
    again = _added(tmp_path / "again", first, sentinels=3, tokens=["[R]", "<mask>"])
    assert model_vocabulary(again).size == model_vocabulary(first).size + 1
    assert again.manifest.figures["special_tokens"] == {
        "added": ["<extra_id_2>"], "there": ["[R]", "<mask>", "<extra_id_0>", "<extra_id_1>"],
    }  # fmt: skip
    same = _added(tmp_path / "same", again, sentinels=3)
    assert model_vocabulary(same).document == model_vocabulary(again).document
    assert (same.path / "model.safetensors").read_bytes() == (again.path / "model.safetensors").read_bytes()


def test_a_piece_of_the_same_text_becomes_special_at_its_own_id():
    old = Vocabulary(json.loads(unigram().backend_tokenizer.to_str()))
    piece = next(each for each in old.tokens if each and len(each) > 2 and each not in old.document["added_tokens"])
    change = with_special_tokens(old, [piece, "[R]"])
    assert change.new.ids[piece] == old.ids[piece]
    assert old.ids[piece] in change.new.special
    assert change.added == [old.size]


VOCABULARIES = [Vocabulary(json.loads(each().backend_tokenizer.to_str())) for each in (unigram, byte_bpe, wordpiece)]
_TOKEN = st.text(st.characters(exclude_categories=("Cs", "Z", "C")), min_size=1, max_size=6).map("⟦{}⟧".format)


@given(st.sampled_from(VOCABULARIES), st.lists(_TOKEN, min_size=1, max_size=5, unique=True), st.sampled_from(TEXTS))
@settings(max_examples=40, deadline=None)
def test_a_new_token_is_never_cut_and_other_text_stays(old, wanted, text):
    change = with_special_tokens(old, wanted)
    new = change.new
    assert new.ids.keys() >= old.ids.keys()
    assert all(new.ids[each] == number for each, number in old.ids.items())
    assert new.encode([text]) == old.encode([text])
    for each in wanted:
        assert new.encode([each]) == [[new.ids[each]]]
        assert new.ids[each] in new.encode([f"{text[:7]}{each}{text[7:]}"])[0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "no token is asked for"),
        ({"tokens": [" [R]"]}, "begins or ends with a space"),
        ({"tokens": [""]}, "is empty"),
        ({"languages": ["xxxxx"]}, "xxxxx"),
    ],
)
def test_bad_input(tmp_path, given, said):
    with pytest.raises(InputError, match=said.replace("[", r"\[")):
        _added(tmp_path / "new", write_model_of("gpt2", tmp_path / "old"), **given)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("kind", "objective", "given"),
    [
        ("llama-untied", "ul2", {"tokens": MODES, "sentinels": 20}),
        ("t5-tied", "span", {"sentinels": 20}),
        ("bart", "mbart", {"languages": ["hsb_Latn"]}),
    ],
)
def test_an_objective_then_trains_the_model(tmp_path, kind, objective, given):
    model = write_model_of(kind, tmp_path / "old")
    asked = parse_objectives(objective)
    if objective != "mbart":
        with pytest.raises(InputError, match="vocabulary.add_special_tokens"):
            open_language_model(model, asked)
    found = _added(tmp_path / "new", model, **given)
    with DocumentWriter(tmp_path / DOCUMENTS_FILE) as writer:
        for each in TEXTS:
            writer.document(each, "hsb_Latn", source="test")
    before, names = read_matrices(found)["input"], list(given.get("tokens", []))
    names += ["<extra_id_0>"] if "sentinels" in given else ["hsb_Latn"]
    with step_folder(tmp_path / "trained", seed=3, volatile=Model.volatile) as step:
        language_model(
            model=found, text=Documents(tmp_path), objective=asked, steps=4, batch_bytes=600, sequence_length=60,
            precision="fp32", warmup_share=0, learning_rate=1e-2, weight_decay=0, step=step,
        )  # fmt: skip
    after = read_matrices(Model.open(tmp_path / "trained"))["input"]
    ids = model_vocabulary(found).ids
    assert np.isfinite(after).all()
    # the rows of the new tokens learn
    assert all(not np.array_equal(before[ids[each]], after[ids[each]]) for each in names)
