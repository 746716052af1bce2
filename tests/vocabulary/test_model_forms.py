import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from surgery_models import KINDS, TEXTS, write_model_of

from panglot.artifacts import InputError, Step, step_folder
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.languages import Language
from panglot.models import Model
from panglot.vocabulary.effect import agreement, sample_texts, token_effect
from panglot.vocabulary.extend import extend
from panglot.vocabulary.extend_tokenizer import extend_tokenizer
from panglot.vocabulary.initialise.mean import Mean
from panglot.vocabulary.initialise_rows import initialise, model_vocabulary
from panglot.vocabulary.load import load as load_tokenizer
from panglot.vocabulary.matrices import read_matrices
from panglot.vocabulary.merge import merge
from panglot.vocabulary.rows import ROWS_FILE, Change
from panglot.vocabulary.tokenizer import Tokenizer
from panglot.vocabulary.trim import trim
from panglot.vocabulary.trim_tokenizer import trim_tokenizer
from panglot.vocabulary.vocabulary import Vocabulary

Places = Callable[[], Path]
NEW = {
    "tha_Thai": ["น้ำอยู่ในแก้ว เขากินข้าว", "เขาดื่มน้ำ น้ำเย็น", "ข้าวและน้ำ"],
    "sat_Olck": ["ᱥᱟᱱᱛᱟᱲᱤ ᱯᱟᱹᱨᱥᱤ", "ᱥᱟᱱᱛᱟᱲᱤ ᱫᱟᱜ", "ᱫᱟᱜ ᱯᱟᱹᱨᱥᱤ"],
    "hsb_Latn": ["dobry dźeń, mały dom", "mała hwězda a dobry dźeń", "dobra nóc"],
}
RETAINED = {"khm_Khmr": [TEXTS[0]], "eng_Latn": [TEXTS[4]]}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    numbers: Iterator[int] = iter(range(1000))
    return lambda: tmp_path / f"place{next(numbers)}"


def documents(place: Path, texts: dict[str, list[str]], times: int = 4) -> Documents:
    with DocumentWriter(place / DOCUMENTS_FILE) as writer:
        for language, found in texts.items():
            for each in found * times:
                writer.document(each, language, source="test")
    return Documents.open(place)


def done(place: Path, component: Callable[..., Any], **arguments: Any) -> tuple[Any, Step]:
    with step_folder(place, seed=7) as step:
        found = component(**arguments, step=step)
    return type(found).open(place), step


def reloaded(model: Model) -> tuple[Any, Any]:
    """Without Panglot: the classes that a person would use."""
    import transformers

    name = json.loads((model.path / "config.json").read_bytes())["architectures"][0]
    network, report = getattr(transformers, name).from_pretrained(model.path, output_loading_info=True)
    assert not report["missing_keys"] and not report["mismatched_keys"] and not report["unexpected_keys"], report
    return network.eval(), transformers.AutoTokenizer.from_pretrained(model.path)


def check_loads(model: Model) -> None:
    network, tokenizer = reloaded(model)
    vocabulary = model_vocabulary(model)
    everything = [*TEXTS, *(each for found in NEW.values() for each in found)]
    for text in everything:
        assert tokenizer.encode(text, add_special_tokens=False) == vocabulary.encode([text])[0]
    assert np.array_equal(read_matrices(model)["input"], network.get_input_embeddings().weight.detach().float())
    assert network.get_input_embeddings().weight.shape[0] >= len(tokenizer)
    for role in ("bos", "eos", "pad"):
        said = getattr(network.config.get_text_config(), f"{role}_token_id", None)
        assert said is None or said == getattr(tokenizer, f"{role}_token_id")


@pytest.mark.parametrize("kind", KINDS)
def test_extension_of_every_family(kind: str, places: Places) -> None:
    # WordPiece writes a word only when it has all its characters
    add = 30 if kind.startswith("bert") else 5
    model = write_model_of(kind, places())
    result, step = done(
        places(), extend, model=model, text=documents(places(), NEW), add=add, retain=documents(places(), RETAINED)
    )
    check_loads(result)
    old, new = model_vocabulary(model), model_vocabulary(result)
    change = Change.read(result.folder, old, new)
    assert len(change.added) == add and not change.dropped
    before, after = read_matrices(model), read_matrices(result)
    for role, each in before.items():
        kept = change.source >= 0
        assert np.array_equal(after[role][: len(kept)][kept], each[change.source[kept]])
        assert np.isfinite(after[role]).all()
    assert result.name == f"tiny:{kind}+{add}"
    assert step.figures["tokens"] == {"added": add, "dropped": 0}
    assert step.figures["pieces"]["after"] == step.figures["pieces"]["before"] + add
    assert set(step.figures["languages"]) == set(NEW) and set(step.figures["retained"]) == set(RETAINED)
    said = step.figures["languages"].values()
    assert any(each["changed"] > 0 for each in said)


@pytest.mark.parametrize("kind", ["bert-masked", "llama-untied", "qwen-padded", "mt5-untied", "bart"])
def test_logits_of_old_tokens_on_old_text_are_the_same_after_extension(kind: str, places: Places) -> None:
    model = write_model_of(kind, places())
    result, _ = done(places(), extend, model=model, text=documents(places(), NEW), add=4)
    old = model_vocabulary(model)
    ids = torch.tensor([old.encode([TEXTS[4]])[0]])
    found = []
    for each in (model, result):
        network, _ = reloaded(each)
        inputs = {"input_ids": ids, **({"decoder_input_ids": ids} if network.config.is_encoder_decoder else {})}
        with torch.inference_mode():
            found.append(network(**inputs).logits[..., : old.size])
    assert torch.equal(found[0], found[1])


@pytest.mark.parametrize("kind", KINDS)
def test_trimming_of_every_family(kind: str, places: Places) -> None:
    model = write_model_of(kind, places())
    text = documents(places(), {"khm_Khmr": [TEXTS[0]], "nqo_Nkoo": [TEXTS[2]]})
    result, step = done(places(), trim, model=model, text=text)
    check_loads(result)
    change = Change.read(result.folder, model_vocabulary(model), model_vocabulary(result))
    before, after = read_matrices(model), read_matrices(result)
    for role, each in after.items():
        assert np.array_equal(each, before[role][change.source])
    assert change.dropped or kind in ("bert", "bert-masked")
    assert all(each["changed"] == 0 for each in step.figures["languages"].values())
    assert step.figures["parameters"]["after"] <= step.figures["parameters"]["before"]


def test_a_trimmed_sentence_encoder_gives_the_vectors_that_it_gave(places: Places) -> None:
    from sentence_transformers import SentenceTransformer

    model = write_model_of("sentence-encoder", places())
    text = documents(places(), {"khm_Khmr": [TEXTS[0]], "amh_Ethi": [TEXTS[3]]})
    result, step = done(places(), trim, model=model, text=text, languages=[Language("khm_Khmr")])
    assert step.figures["agreement"] == {"texts": 4, "mean": 1.0, "worst": 1.0}
    assert set(step.figures["languages"]) == {"khm_Khmr"}
    one, other = (SentenceTransformer(str(each.path)) for each in (model, result))
    assert np.allclose(one.encode(TEXTS[0]), other.encode(TEXTS[0]), atol=1e-6)
    assert agreement(model, result, {"amh_Ethi": [TEXTS[3]]})["worst"] < 0.9999


@pytest.mark.parametrize(("kind", "said"), [("sentence-encoder", "query: "), ("llama-tied", "the small boat:")])
def test_the_pieces_of_prompts_and_chat_templates_stay(kind: str, said: str, places: Places) -> None:
    """Without the pieces of "query: " every vector would change, although no token of the text did."""
    model = write_model_of(kind, places())
    if kind == "llama-tied":
        (model.path / "chat_template.jinja").write_text("{{ '" + said + "' }}", encoding="utf-8")
    result, _ = done(places(), trim, model=model, text=documents(places(), {"khm_Khmr": [TEXTS[0]]}))
    one, other = ([each.tokens[at] for at in each.encode([said])[0]] for each in map(model_vocabulary, (model, result)))
    assert one == other


def test_trim_by_nothing_and_extend_by_nothing_are_identities(places: Places) -> None:
    model = write_model_of("llama-untied", places())
    everything = documents(places(), {"und": ["x"]})
    size = model_vocabulary(model).size
    for component, arguments in ((trim, {"size": size}), (extend, {"text": everything, "add": 0})):
        result, step = done(places(), component, model=model, **arguments)
        assert step.figures["tokens"] == {"added": 0, "dropped": 0}
        assert result.name == model.name
        for role, each in read_matrices(model).items():
            assert np.array_equal(each, read_matrices(result)[role])
        assert (result.path / "model.safetensors").read_bytes() == (model.path / "model.safetensors").read_bytes()


def test_trimming_drops_padding_and_the_multiple_brings_it_back(places: Places) -> None:
    model = write_model_of("qwen-padded", places())
    text = documents(places(), {"khm_Khmr": [TEXTS[0]]})
    result, _ = done(places(), trim, model=model, text=text)
    assert len(read_matrices(result)["input"]) == model_vocabulary(result).size
    padded, _ = done(places(), trim, model=model, text=text, pad_to_multiple_of=64)
    assert len(read_matrices(padded)["output"]) % 64 == 0
    reloaded(padded)


@pytest.mark.parametrize("changing", [extend_tokenizer, trim_tokenizer])
def test_the_tokenizer_form_and_then_the_rows_is_the_model_form(changing: Any, places: Places) -> None:
    model, text = write_model_of("bert-masked", places()), documents(places(), {**NEW, "eng_Latn": [TEXTS[4]]})
    alone, _ = done(places(), load_tokenizer, name=str(model.path))
    arguments = {"text": text, "add": 4} if changing is extend_tokenizer else {"text": text}
    changed, _ = done(places(), changing, tokenizer=alone, **arguments)
    twice, _ = done(places(), initialise, model=model, tokenizer=changed, text=text)
    at_once, _ = done(places(), extend if changing is extend_tokenizer else trim, model=model, **arguments)
    assert twice.facts["digest"] == at_once.facts["digest"]


def test_another_tokenizer_altogether(places: Places) -> None:
    """Rows are carried over by the text that a piece stands for, specials by role; the rest is made."""
    model, other = write_model_of("xlm-r", places()), write_model_of("llama-tied", places())
    tokenizer, _ = done(places(), load_tokenizer, name=str(other.path))
    result, step = done(places(), initialise, model=model, tokenizer=tokenizer, initialise=Mean())
    check_loads(result)
    before, after = read_matrices(model)["input"], read_matrices(result)["input"]
    old, new = model_vocabulary(model), model_vocabulary(result)
    assert np.array_equal(after[new.ids["</s>"]], before[old.ids["</s>"]])
    assert np.array_equal(after[new.ids["Ġ"]], before[old.ids["▁"]])
    assert np.allclose(after[new.ids["<|chat|>"]], before.mean(axis=0), atol=1e-6)
    assert step.figures["tokens"]["dropped"] > 0


def test_rows_of_another_models_tokenizer_are_refused(places: Places) -> None:
    model, other = write_model_of("xlm-r", places()), write_model_of("llama-tied", places())
    alone, _ = done(places(), load_tokenizer, name=str(other.path))
    changed, _ = done(places(), trim_tokenizer, tokenizer=alone, size=300)
    with pytest.raises(InputError, match="another one than the model's"):
        done(places(), initialise, model=model, tokenizer=changed)


def test_merging(places: Places) -> None:
    model, donor = write_model_of("xlm-r", places()), write_model_of("bert", places())
    grown, _ = done(places(), extend, model=donor, text=documents(places(), NEW), add=6)
    other, _ = done(places(), load_tokenizer, name=str(grown.path))
    result, step = done(places(), merge, model=model, other=other, text=documents(places(), NEW))
    check_loads(result)
    assert step.figures["tokens"]["added"] > 0 and step.figures["tokens"]["dropped"] == 0
    assert result.name == f"tiny:xlm-r+{step.figures['tokens']['added']}"
    assert Tokenizer.open(other.folder).vocabulary.size > 0
    size = model_vocabulary(model).size
    assert np.array_equal(read_matrices(result)["input"][:size], read_matrices(model)["input"][:size])


def test_more_pieces_than_the_text_supports_says_how_many_it_found(places: Places) -> None:
    model = write_model_of("xlm-r", places())
    with pytest.raises(InputError, match=r"supports \d+ new pieces and not 9,999.*add at most \d+"):
        done(places(), extend, model=model, text=documents(places(), NEW), add=9999)


def test_a_method_that_needs_text(places: Places) -> None:
    from panglot.vocabulary.initialise.focus import Focus

    model, donor = write_model_of("xlm-r", places()), write_model_of("llama-tied", places())
    other, _ = done(places(), load_tokenizer, name=str(donor.path))
    with pytest.raises(InputError, match="needs text"):
        done(places(), initialise, model=model, tokenizer=other, initialise=Focus())


def test_equal_runs_give_equal_bytes(places: Places) -> None:
    model, text = write_model_of("bart", places()), documents(places(), NEW)
    one, other = (done(places(), extend, model=model, text=text, add=4)[0] for _ in range(2))
    assert one.digest == other.digest
    assert (one.folder / ROWS_FILE).read_bytes() == (other.folder / ROWS_FILE).read_bytes()


def test_disk_full_in_the_middle(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing half-written stays, and the error is one for people."""
    import errno

    from panglot.artifacts import StorageError
    from panglot.vocabulary import checkpoint

    model, place = write_model_of("bart", places()), places()

    def full(self: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint.Tensor, "pieces", full)
    with pytest.raises(StorageError, match="no space left"):
        done(place, extend, model=model, text=documents(places(), NEW), add=4)
    assert not place.exists() and not (place.parent / ".partial").exists()


def test_samples_are_chosen_by_content_and_cut(places: Places) -> None:
    texts = [f"ᱥᱟᱱᱛᱟᱲᱤ {number}" for number in range(50)]
    one = documents(places(), {"sat_Olck": texts}, times=1)
    other = documents(places(), {"sat_Olck": texts[::-1], "tha_Thai": ["น้ำ" * 400]}, times=1)
    assert sample_texts(one, 10)["sat_Olck"] == sample_texts(other, 10)["sat_Olck"]
    assert len(sample_texts(other, 10)["tha_Thai"][0]) == 500
    assert set(sample_texts(other, 10, languages=["tha_Thai"])) == {"tha_Thai"}
    assert len(set(sample_texts(one, 10)["sat_Olck"])) == 10


def words(tokens: list[str]) -> Vocabulary:
    merges = [["a", "b"]] if "ab" in tokens else []
    model = {"type": "BPE", "vocab": {each: index for index, each in enumerate(tokens)}, "merges": merges}
    return Vocabulary({"added_tokens": [], "model": model})


def test_effect_by_hand() -> None:
    """Of "ab" and "ba" the first was one token of two."""
    change = Change(words(["a", "b", "ab"]), words(["b", "a"]), np.asarray([1, 0]))
    found = token_effect(change, {"eng_Latn": ["ab", "ba"]})
    assert found == {"eng_Latn": {"texts": 2, "tokens_per_character": {"before": 0.75, "after": 1.0}, "changed": 0.5}}


@pytest.mark.slow
def test_e5_small_keeps_its_vectors(shared: Path, places: Places) -> None:
    """On real text of five scripts; most of the model goes."""
    from panglot.models.load import load

    texts: dict[str, list[str]] = {}
    for language in ("eng_Latn", "swh_Latn", "tha_Thai", "hin_Deva", "khm_Khmr"):
        with gzip.open(shared / "sib200" / f"{language}.tsv.gz", "rt", encoding="utf-8") as stream:
            texts[language] = [line.rstrip("\n").split("\t")[-1] for line in stream][1:201]
    try:
        model, _ = done(places(), load, name="embedded:e5-small")
    except InputError as error:
        pytest.skip(str(error))
    result, step = done(places(), trim, model=model, text=documents(places(), texts, times=2))
    parameters = step.figures["parameters"]
    assert parameters["after"] < 0.3 * parameters["before"]
    assert step.figures["agreement"]["worst"] > 0.9999
    check_loads(result)


def test_minilm_is_extended_and_trimmed(places: Places) -> None:
    """A real WordPiece model: its unknown words become writable, and English keeps its vectors through both."""
    from panglot.models.load import load

    try:
        model, _ = done(places(), load, name="embedded:minilm")
    except InputError as error:
        pytest.skip(str(error))
    english = ["A small house stands by the water.", "She reads a book in the evening.", "query: where is the house?"]
    new = documents(places(), {"khm_Khmr": [TEXTS[0]], "nqo_Nkoo": ["ߒߞߏ ߞߊ߲ ߦߋ߫ ߞߊ߲ ߢߌߡߊ߫ ߟߋ߬ ߘߌ߫", "ߒߞߏ ߞߊ߲"]})
    retained = documents(places(), {"eng_Latn": english})
    extended, step = done(places(), extend, model=model, text=new, add=30, retain=retained)
    before, after = model_vocabulary(model), model_vocabulary(extended)
    assert step.figures["retained"]["eng_Latn"]["changed"] == 0
    assert after.tokens[: before.size] == before.tokens and after.size == before.size + 30
    old = read_matrices(model)["input"]
    assert np.array_equal(read_matrices(extended)["input"][: len(old)], old)
    unknown = before.ids["[UNK]"]
    assert any(unknown in each for each in before.encode(list(new.texts("nqo_Nkoo"))))
    assert not any(unknown in each for each in after.encode(list(new.texts("nqo_Nkoo"))))
    check_loads(extended)
    trimmed, step = done(places(), trim, model=extended, text=documents(places(), {"eng_Latn": english}), minimum_count=1)
    assert step.figures["parameters"]["after"] < 0.6 * step.figures["parameters"]["before"]
    assert agreement(model, trimmed, {"eng_Latn": english})["worst"] > 0.9999
    check_loads(trimmed)
