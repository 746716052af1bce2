"""Reading tokenizers: conversion where `tokenizer.json` is absent, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from shapes import TEXTS, bert, byt5, gpt2, mbart, xlm_r
from text_strategy import HARD, texts
from transformers import AutoTokenizer, ByT5Tokenizer

from panglot.artifacts import InputError, step_folder
from panglot.vocabulary.added_tokens import check_ids
from panglot.vocabulary.load import load
from panglot.vocabulary.reading import read_vocabulary
from panglot.vocabulary.tokenizer import Tokenizer
from panglot.vocabulary.vocabulary import Vocabulary


def write(folder: Path, **files: Any) -> Path:
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def test_vocabulary_file_of_bert(tmp_path: Path) -> None:
    wanted = bert()
    config = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "unk_token": "[UNK]", "pad_token": "[PAD]"}
    words = "".join(f"{token}\n" for token in wanted.tokens)
    for each in (write(tmp_path, vocab__txt=words), write(tmp_path, tokenizer_config__json=config)):
        found = read_vocabulary(each)
        assert found.ids == wanted.ids
        assert found.encode(TEXTS, specials=True) == wanted.encode(TEXTS, specials=True)
    found.save(tmp_path / "saved")
    assert AutoTokenizer.from_pretrained(tmp_path / "saved").get_vocab() == wanted.ids


def test_vocabulary_and_merges_of_gpt2(tmp_path: Path) -> None:
    wanted = gpt2()
    merges = "#version: 0.2\n" + "".join(f"{left} {right}\n" for left, right in wanted.model["merges"])
    found = read_vocabulary(write(tmp_path, vocab__json=wanted.model["vocab"], merges__txt=merges))
    assert found.family == "byte_bpe"
    assert found.ids == wanted.ids
    assert found.encode(TEXTS) == wanted.encode(TEXTS)


def sentencepiece_model(folder: Path, name: str, **more: Any) -> Any:
    import sentencepiece

    pytest.importorskip("google.protobuf", reason="transformers reads SentencePiece models by protobuf")
    (folder / "corpus.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "corpus.txt"), model_prefix=str(folder / "trained"), minloglevel=9, num_threads=1, **more
    )
    (folder / "trained.model").rename(folder / name)
    return sentencepiece.SentencePieceProcessor(model_file=str(folder / name))


def test_sentencepiece_unigram_of_xlm_r(tmp_path: Path) -> None:
    processor = sentencepiece_model(tmp_path, "sentencepiece.bpe.model", vocab_size=460, model_type="unigram")
    found = read_vocabulary(tmp_path)
    assert found.family == "unigram"
    assert [found.ids[each] for each in ("<s>", "<pad>", "</s>", "<unk>")] == [0, 1, 2, 3]
    assert found.ids["<mask>"] == found.size - 1
    for text in TEXTS[:20]:
        assert [found.tokens[each] for each in found.encode([text])[0]] == processor.encode(text, out_type=str)


def test_sentencepiece_bpe_with_bytes_of_llama(tmp_path: Path) -> None:
    sentencepiece_model(tmp_path, "tokenizer.model", vocab_size=900, model_type="bpe", byte_fallback=True)
    write(tmp_path, tokenizer_config__json={"tokenizer_class": "LlamaTokenizer"})
    found = read_vocabulary(tmp_path)
    assert found.family == "bpe"
    assert found.model["byte_fallback"]
    check_ids(found)
    for text in TEXTS[:10]:
        assert found.decode(found.encode([text])[0]) == text


def test_a_package_is_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tokenizer.model").write_bytes(b"")
    monkeypatch.setattr("panglot.vocabulary.reading._is_here", lambda module: module != "google.protobuf")
    with pytest.raises(InputError, match=r"the package protobuf is needed.*pip install protobuf"):
        read_vocabulary(tmp_path)


@pytest.mark.parametrize("place", ["tokenizer_config.json", "config.json"])
def test_byt5_is_built(place: str, tmp_path: Path) -> None:
    write(tmp_path, **{place.replace(".", "__"): {"tokenizer_class": "ByT5Tokenizer", "model_type": "t5"}})
    assert read_vocabulary(tmp_path).document == byt5().document


@settings(max_examples=150, deadline=None)
@given(text=texts())
def test_byt5_has_the_ids_of_the_slow_class(text: str) -> None:
    check_byt5(text)


@pytest.mark.parametrize("text", [*HARD, "a </s> b", "<pad>x", "a<extra_id_3> b <extra_id_124>", "<unk>"])
def test_byt5_hard_cases(text: str) -> None:
    check_byt5(text)


SLOW = ByT5Tokenizer()


def check_byt5(text: str) -> None:
    ids = byt5().encode([text], specials=True)[0]
    assert ids == SLOW(text)["input_ids"]
    assert byt5().decode(ids) == SLOW.decode(ids, skip_special_tokens=True)


def test_a_tokenizer_in_slow_python_only(tmp_path: Path) -> None:
    tokens = "".join(f"{each}\n" for each in ("<cls>", "<pad>", "<eos>", "<unk>", "A", "C", "<mask>"))
    write(tmp_path, vocab__txt=tokens, tokenizer_config__json={"tokenizer_class": "EsmTokenizer"})
    with pytest.raises(InputError, match="EsmTokenizer exists in slow Python only"):
        read_vocabulary(tmp_path)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no tokenizer\.json"):
        read_vocabulary(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        read_vocabulary(tmp_path / "absent")
    (tmp_path / "sentencepiece.bpe.model").write_bytes(b"\x00\x01 not a model")
    with pytest.raises(InputError, match="cannot be converted|is needed"):
        read_vocabulary(tmp_path)


def damaged(change: Callable[[dict[str, Any]], Any], build: Callable[[], Vocabulary] = gpt2) -> str:
    document = json.loads(json.dumps(build().document))
    change(document)
    return json.dumps(document, ensure_ascii=False)


def model(**parts: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda document: document["model"].update(parts)


def piece_twice(document: dict[str, Any]) -> None:
    document["model"]["vocab"][9] = list(document["model"]["vocab"][7])


def id_twice(document: dict[str, Any]) -> None:
    document["model"]["vocab"]["Ġmarket"] = 5


def merge_of_nothing(document: dict[str, Any]) -> None:
    document["model"]["merges"].insert(2, ["Ġmar", "nothing"])


def merge_to_nothing(document: dict[str, Any]) -> None:
    document["model"]["merges"].append(["Ġ", "Ġmarket"])


def added_twice(document: dict[str, Any]) -> None:
    document["added_tokens"].append(dict(document["added_tokens"][0]))


def added_id_twice(document: dict[str, Any]) -> None:
    document["added_tokens"].append({**document["added_tokens"][0], "content": "<other>"})


DAMAGE: list[tuple[str, str]] = [
    ("not json", "not valid JSON"),
    ("[" * 100_000, "not valid JSON"),
    ("[]", "`model` is missing"),
    ('{"model": null}', "`model` is missing"),
    ('{"model": {"type": "BPE", "vocab": {"a": 0, "a": 1}, "merges": []}}', "'a' stands twice"),
    (damaged(model(type="WordLevel")), "'WordLevel' cannot be worked on"),
    (damaged(model(type="Next")), "'Next' cannot be worked on"),
    (damaged(model(vocab=[["a", 0.0]])), "must be a table"),
    (damaged(model(vocab={"a": -1})), "'a' has the id -1"),
    (damaged(model(vocab={"a": 1 << 40})), "'a' has the id 1099511627776"),
    (damaged(model(vocab={"a": "0"})), "'a' has the id 0"),
    (damaged(model(merges="a b")), "must have a list of merges"),
    (damaged(model(merges=["Ġmarket"])), "merge 0 is damaged"),
    (damaged(model(merges=[["a", 1]])), "merge 0 is damaged"),
    (damaged(merge_of_nothing), "names the piece 'nothing', which is absent"),
    (damaged(merge_to_nothing), "names the piece 'ĠĠmarket', which is absent"),
    (damaged(id_twice), "have the same id 5"),
    (damaged(added_twice), "'<|endoftext|>' stands twice among the added tokens"),
    (damaged(added_id_twice), "is the id of two added tokens"),
    (damaged(lambda document: document.update(added_tokens=[{"id": 1}])), "an added token is damaged"),
    (damaged(lambda document: document.update(added_tokens={})), "`added_tokens` must be a list"),
    (damaged(piece_twice, xlm_r), "stands twice in the vocabulary"),
    (damaged(model(vocab={"a": 0}), xlm_r), "must be a list of pieces and scores"),
    (damaged(model(vocab=[["a"]]), xlm_r), "piece 0 is damaged"),
    (damaged(model(vocab=[["a", "b"]]), xlm_r), "piece 0 is damaged"),
    (damaged(model(unk_id=100_000), xlm_r), "`unk_id` 100000"),
]


@pytest.mark.parametrize(("text", "message"), DAMAGE, ids=[message[:30] for _, message in DAMAGE])
def test_damage_is_named(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message.replace("|", r"\|").replace("`", ".")) as caught:
        read_vocabulary(write(tmp_path, tokenizer__json=text))
    assert "tokenizer.json" in str(caught.value)


def test_rules_that_the_library_cannot_load(tmp_path: Path) -> None:
    document = json.loads(damaged(lambda document: document.update(normalizer={"type": "Nothing"})))
    found = read_vocabulary(write(tmp_path, tokenizer__json=document))
    with pytest.raises(InputError, match="the tokenizer cannot be loaded"):
        found.encode(["a"])


def test_an_old_file_does_not_name_its_algorithm(tmp_path: Path) -> None:
    for build in (bert, xlm_r, gpt2):
        document = json.loads(json.dumps(build().document))
        del document["model"]["type"]
        found = read_vocabulary(write(tmp_path, tokenizer__json=document))
        assert found.family == build().family
        assert found.encode(TEXTS) == build().encode(TEXTS)


def test_a_folder_with_nothing_but_tokenizer_json_saves_to_one_that_loads(tmp_path: Path) -> None:
    place = tmp_path / "bare"
    place.mkdir()
    document = dict(mbart().document)
    read_vocabulary(write(place, tokenizer__json=document)).save(tmp_path / "saved")
    assert AutoTokenizer.from_pretrained(tmp_path / "saved").get_vocab() == mbart().ids


def test_load_by_folder_file_and_name(tmp_path: Path) -> None:
    gpt2().save(tmp_path / "plain")
    gpt2().save(tmp_path / "step" / "tokenizer")
    for index, name in enumerate([tmp_path / "plain", tmp_path / "plain" / "tokenizer.json", tmp_path / "step"]):
        with step_folder(tmp_path / "runs" / str(index)) as step:
            load(name=str(name), step=step)
            assert step.figures == {"pieces": gpt2().size, "family": "byte_bpe"}
        assert Tokenizer.open(tmp_path / "runs" / str(index)).vocabulary.document == gpt2().document


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/nowhere/at/all", "there is no folder"),
        ("embedded:e5-smal", "did you mean 'embedded:e5-small'"),
        ("tiny:bartt", "did you mean 'tiny:mbart'"),
    ],
)
def test_no_such_tokenizer(name: str, message: str, tmp_path: Path) -> None:
    with step_folder(tmp_path / "run") as step, pytest.raises(InputError, match=message):
        load(name=name, step=step)


def test_a_change_of_the_folder_is_noticed(tmp_path: Path) -> None:
    from panglot.artifacts import outside_of

    outside = outside_of(load)
    assert outside is not None
    gpt2().save(tmp_path)
    first = outside(name=str(tmp_path))
    assert outside(name=str(tmp_path)) == first
    bert().save(tmp_path)
    assert outside(name=str(tmp_path)) != first
    assert outside(name="tiny:bert") == {}
