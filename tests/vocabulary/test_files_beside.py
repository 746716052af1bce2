"""What lies beside `tokenizer.json`: tokens that only other files name, what a class knows by itself, and chat templates."""

import json
from pathlib import Path
from typing import Any

import pytest
from shapes import CHAT_TEMPLATE, SHAPES
from test_extend_tokenizer import NEW_TEXT, shape
from transformers import AutoTokenizer

from panglot.vocabulary.chat_templates import chat_templates, template_texts
from panglot.vocabulary.extend_tokenizer import extend_vocabulary
from panglot.vocabulary.reading import read_vocabulary
from panglot.vocabulary.replacement import role_ids
from panglot.vocabulary.token_ids import ids_with_a_place
from panglot.vocabulary.trim_tokenizer import trim_vocabulary

assert SHAPES
PLAIN = {"tokenizer_class": "PreTrainedTokenizerFast"}
# The files of published models as they are: what they leave out stands in the code of a class.
BARE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "bert": ({"do_lower_case": True, "model_max_length": 512}, {"model_type": "bert"}),
    "gpt2": ({"model_max_length": 1024}, {"model_type": "gpt2"}),
    "xlm_r": ({"model_max_length": 512}, {"model_type": "xlm-roberta"}),
    "llama2": ({"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "eos_token": "</s>"}, {"model_type": "llama"}),
    "llama3": ({"tokenizer_class": "LlamaTokenizer", "bos_token": "<|begin_of_text|>"}, {"model_type": "llama"}),
    "gemma": ({"tokenizer_class": "GemmaTokenizer"}, {"model_type": "gemma"}),
    "mt5": ({"tokenizer_class": "T5Tokenizer", "extra_ids": 0}, {"model_type": "mt5"}),
}


def folder_of(place: Path, name: str, beside: dict[str, Any], **more: Any) -> Path:
    shape(name).save(place)
    for file, said in {"tokenizer_config": beside, **more}.items():
        (place / f"{file}.json").write_text(json.dumps(said), encoding="utf-8")
    return place


def facts(folder: Path) -> dict[str, Any]:
    loaded = AutoTokenizer.from_pretrained(folder)
    pair = loaded("the child", "at home")
    return {
        "special": {role: str(token) for role, token in loaded.special_tokens_map.items()},
        "inputs": loaded.model_input_names,
        "side": loaded.padding_side,
        "pair": {name: list(each) for name, each in pair.items()},
    }


@pytest.mark.parametrize("name", list(BARE))
def test_what_a_class_knows_outlasts_a_change_of_its_tokenizer(name: str, tmp_path: Path) -> None:
    """BERT's files name no [MASK], and a pair without `token_type_ids` is another pair."""
    config, model = BARE[name]
    before = folder_of(tmp_path / "before", name, config, config=model)
    change = extend_vocabulary(read_vocabulary(before), lambda: iter(NEW_TEXT), 8)
    change.new.save(tmp_path / "after")
    (tmp_path / "after" / "config.json").write_text(json.dumps(model))
    assert facts(tmp_path / "after") == facts(before)


def test_roles_of_a_bare_tokenizer_are_known(tmp_path: Path) -> None:
    bare = read_vocabulary(folder_of(tmp_path, "bert", *BARE["bert"][:1], config=BARE["bert"][1]))
    assert role_ids(bare) == role_ids(shape("bert"))


SIZE = shape("llama2").size
NAMED: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, int]]] = {
    "config": ({**PLAIN, "bos_token": "<s>", "pad_token": "<pad>"}, {}, {"<pad>": SIZE}),
    "map": ({**PLAIN, "bos_token": "<s>"}, {"special_tokens_map": {"pad_token": {"content": "<pad>"}}}, {"<pad>": SIZE}),
    "added file": (PLAIN, {"added_tokens": {"<b>": SIZE + 1, "<a>": SIZE}}, {"<a>": SIZE, "<b>": SIZE + 1}),
    "additional": ({**PLAIN, "additional_special_tokens": ["<x>", "<y>"]}, {}, {"<x>": SIZE, "<y>": SIZE + 1}),
    "extra": ({**PLAIN, "extra_special_tokens": {"image_token": "<img>"}}, {}, {"<img>": SIZE}),
    "own": ({**PLAIN, "image_token": "<img>"}, {}, {"<img>": SIZE}),
    "decoder": (
        {**PLAIN, "added_tokens_decoder": {str(SIZE + 9): {"content": "<z>", "special": False}}}, {}, {"<z>": SIZE}
    ),
    "named twice": (
        {**PLAIN, "pad_token": "<p>", "added_tokens_decoder": {
            str(SIZE): {"content": "<p>", "special": True}, str(SIZE + 1): {"content": "<z>", "special": False}}},
        {}, {"<p>": SIZE, "<z>": SIZE + 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(NAMED))
def test_tokens_that_only_other_files_name_keep_their_ids(name: str, tmp_path: Path) -> None:
    """The library numbers them behind the last token; new pieces must not take their rows."""
    config, more, wanted = NAMED[name]
    before = folder_of(tmp_path / "before", "llama2", config, **more)
    old = read_vocabulary(before)
    assert AutoTokenizer.from_pretrained(before).get_vocab() == old.ids
    assert {token: old.ids[token] for token in wanted} == wanted
    for change in (extend_vocabulary(old, lambda: iter(NEW_TEXT), 8), trim_vocabulary(old, range(300))):
        place = tmp_path / f"after{change.new.size}"
        change.new.save(place)
        loaded = AutoTokenizer.from_pretrained(place)
        assert loaded.get_vocab() == change.new.ids
        for token, number in wanted.items():
            assert change.source[change.new.ids[token]] == number


def test_a_named_token_without_a_row_takes_none(tmp_path: Path) -> None:
    """A padding token that was never given a row, as many a fine-tuned model has it."""
    config = {**PLAIN, "pad_token": "<pad>"}
    short = read_vocabulary(folder_of(tmp_path / "short", "llama2", config, config={"vocab_size": SIZE}))
    assert "<pad>" not in short.ids and short.size == SIZE
    padded = read_vocabulary(folder_of(tmp_path / "padded", "llama2", config, config={"vocab_size": SIZE + 5}))
    assert padded.ids["<pad>"] == SIZE


def test_sentinels_stay() -> None:
    """mT5 has them among its pieces, and no text ever uses them."""
    change = trim_vocabulary(shape("mt5"), [5])
    assert {f"▁<extra_id_{number}>" for number in range(10)} <= change.new.ids.keys()


def test_templates_are_found_wherever_they_stand() -> None:
    assert chat_templates(shape("llama3").companions) == [CHAT_TEMPLATE]
    assert chat_templates(shape("qwen").companions) == [CHAT_TEMPLATE]
    assert chat_templates({"chat_template.json": b'{"chat_template": "x"}'}) == ["x"]
    assert chat_templates({"chat_template.json": b"{", "tokenizer_config.json": b"[]"}) == []


def test_texts_of_a_template_and_nothing_is_run() -> None:
    source = "{{ 1 / 0 }}{% for m in messages %}### {{ m['role'] + ':\\n' }}{% endfor %}\n"
    assert template_texts(source) == ["### ", "role", ":\n"]
    assert template_texts("a {{ 'open }} b") == ["a {{ 'open }} b"]


def test_ids_that_a_configuration_names() -> None:
    said = {
        "eos_token_id": [2, 7], "pad_token_id": None, "bos_token_id": True, "image_token_index": 5, "suppress_tokens": [8, 9],
        "forced_decoder_ids": [[1, 11], [2, None]], "lang_to_id": {"<|de|>": 12}, "text_config": {"decoder_start_token_id": 3},
        "vision_config": {"pad_token_id": 14}, "bad_words_ids": [[15]], "vocab_size": 99,
    }  # fmt: skip
    assert ids_with_a_place(said) == {2, 3, 5, 7, 11, 12}
