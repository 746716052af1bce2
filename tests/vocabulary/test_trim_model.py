"""What else of a model must follow when its vocabulary changes: configurations, templates, codes, modules, odd classes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from shapes import TEXTS as SHAPED
from surgery_models import TEXTS, WIDTH, byte_bpe, write_model_of
from test_extend_tokenizer import NEW_TEXT, shape

from panglot.artifacts import InputError, Step
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.models import Model
from panglot.models.load import load
from panglot.models.model import MODEL_FOLDER, open_model
from panglot.vocabulary.extend import extend
from panglot.vocabulary.initialise_rows import initialise, model_vocabulary
from panglot.vocabulary.matrices import find_tensors, read_matrices
from panglot.vocabulary.rows import Change
from panglot.vocabulary.tokenizer import Tokenizer
from panglot.vocabulary.trim import trim

SMALL: dict[str, Any] = {
    "hidden_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "intermediate_size": 24,
    "max_position_embeddings": 64,
}  # fmt: skip

BOTH: list[tuple[Any, dict[str, Any]]] = [(trim, {}), (extend, {"add": 12})]


@pytest.fixture
def new_step(tmp_path: Path) -> Callable[[], Step]:
    count = iter(range(100))

    def make() -> Step:
        place = tmp_path / f"step{next(count)}"
        place.mkdir()
        return Step(place, seed=3)

    return make


def documents(step: Step, texts: list[str], language: str = "khm_Khmr") -> Documents:
    with DocumentWriter(step.out / DOCUMENTS_FILE) as writer:
        for text in texts:
            for _ in range(2):
                writer.document(text, language, source="test")
    return Documents.open(step.out)


def edited(path: Path, **more: Any) -> None:
    said = json.loads(path.read_bytes()) if path.is_file() else {}
    path.write_text(json.dumps({**said, **more}), encoding="utf-8")


def model_with(shape_name: str, place: Path, network: Callable[[int], Any], rows: int | None = None) -> Model:
    """A random network with the tokenizer of a shape."""
    vocabulary = shape(shape_name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        network(rows or vocabulary.size).save_pretrained(place / MODEL_FOLDER)
    vocabulary.save(place / MODEL_FOLDER)
    return open_model(place, name=shape_name)


def llama(rows: int) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(LlamaConfig(**SMALL, vocab_size=rows))


def test_chat_template_inside_the_configuration(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    """Most models have it there. What it writes, and the roles, are cut as before."""
    from transformers import AutoTokenizer

    model = model_with("gemma", tmp_path / "old", llama)
    template = "{% for m in messages %}{{ '<start_of_turn>' + m['role'] + '\\n' }}market: {{ m.content }}{% endfor %}"
    edited(model.path / "tokenizer_config.json", chat_template=template)
    model = open_model(model.folder, name="chat")
    result = trim(model=model, text=documents(new_step(), [SHAPED[0]]), step=new_step())
    old, new = (AutoTokenizer.from_pretrained(each.path) for each in (model, result))
    chat = [{"role": "user", "content": SHAPED[0]}, {"role": "assistant", "content": ""}]
    one, other = (each.apply_chat_template(chat, tokenize=True)["input_ids"] for each in (old, new))
    assert old.convert_ids_to_tokens(one) == new.convert_ids_to_tokens(other)
    assert len(new) < len(old)


def test_ids_of_the_configurations_after_trimming(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    """Llama 3 has a list of ends; a model may begin with a token that is no special one and comes up in no text."""
    from transformers import AutoModelForCausalLM, GenerationConfig

    model = model_with("llama3", tmp_path / "old", llama)
    old = model_vocabulary(model)
    ends = [old.ids["<|end_of_text|>"], old.ids["<|eot_id|>"]]
    plain = old.ids["Ġmarket"]
    edited(
        model.path / "config.json", eos_token_id=ends, decoder_start_token_id=plain, bos_token_id=old.ids["<|begin_of_text|>"]
    )
    edited(model.path / "generation_config.json", eos_token_id=ends, suppress_tokens=[plain, old.ids["Ġweather"]])
    model = open_model(model.folder, name="llama3")
    result = trim(model=model, text=documents(new_step(), [SHAPED[2]]), step=new_step())
    new = model_vocabulary(result)
    config = AutoModelForCausalLM.from_pretrained(result.path).config
    assert [new.tokens[each] for each in config.eos_token_id] == ["<|end_of_text|>", "<|eot_id|>"]
    assert new.tokens[config.decoder_start_token_id] == "Ġmarket"
    generation = GenerationConfig.from_pretrained(result.path)
    assert generation.eos_token_id == config.eos_token_id
    assert [new.tokens[each] for each in generation.suppress_tokens] == ["Ġmarket"]
    said = json.loads((result.path / "tokenizer_config.json").read_bytes())["added_tokens_decoder"]
    assert {int(number): each["content"] for number, each in said.items()} == {
        number: each["content"] for number, each in new.added.items()
    }


def test_an_id_behind_all_tokens_stays(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    """Classes have ids by default that a small tokenizer never had; null would be no valid setting for them."""
    from transformers import AutoModel, Qwen2VLConfig, Qwen2VLForConditionalGeneration

    tokenizer = byte_bpe()
    vision = {"depth": 1, "embed_dim": WIDTH, "hidden_size": WIDTH, "num_heads": 2}
    text = {**SMALL, "vocab_size": len(tokenizer), "rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]}}
    folder = tmp_path / "old" / MODEL_FOLDER
    Qwen2VLForConditionalGeneration(Qwen2VLConfig(text_config=text, vision_config=vision)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    model = open_model(tmp_path / "old", name="qwen2-vl")
    assert find_tensors(model).stored.keys() == {"input", "output"}
    result = trim(model=model, text=documents(new_step(), TEXTS[:1]), step=new_step())
    before, after = (AutoModel.from_pretrained(each.path).config for each in (model, result))
    assert after.image_token_id == before.image_token_id > len(tokenizer)
    assert after.get_text_config().vocab_size == model_vocabulary(result).size


def test_an_encoder_and_a_decoder_that_do_not_say_where_their_embeddings_are(tmp_path: Path) -> None:
    """Changing the rows of one of them would leave the other behind."""
    from transformers import FSMTConfig, FSMTForConditionalGeneration

    tokenizer = byte_bpe()
    size = len(tokenizer)
    sides = {f"{side}_{name}": value for side in ("encoder", "decoder") for name, value in (
        ("layers", 1), ("attention_heads", 2), ("ffn_dim", 24))}  # fmt: skip
    config = FSMTConfig(langs=["a", "b"], src_vocab_size=size, tgt_vocab_size=size, d_model=WIDTH, **sides)
    FSMTForConditionalGeneration(config).save_pretrained(tmp_path / MODEL_FOLDER)
    tokenizer.save_pretrained(tmp_path / MODEL_FOLDER)
    with pytest.raises(InputError, match="does not say where"):
        find_tensors(open_model(tmp_path, name="fsmt"))


def test_language_codes_of_nllb(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    from transformers import AutoTokenizer, M2M100Config, M2M100ForConditionalGeneration

    def m2m(rows: int) -> Any:
        sizes = {"d_model": WIDTH, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24}
        heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
        return M2M100ForConditionalGeneration(M2M100Config(**sizes, **heads, vocab_size=rows, max_position_embeddings=64))

    model = model_with("nllb", tmp_path / "old", m2m)
    old = model_vocabulary(model)
    edited(model.path / "generation_config.json", forced_bos_token_id=old.ids["tha_Thai"])
    model = open_model(model.folder, name="nllb")
    text = documents(new_step(), [SHAPED[2], NEW_TEXT[5]])
    for component, more in BOTH:
        result = component(model=model, text=text, step=new_step(), **more)
        new = model_vocabulary(result)
        loaded = AutoTokenizer.from_pretrained(result.path, src_lang="hin_Deva", tgt_lang="tha_Thai")
        assert loaded.convert_ids_to_tokens(loaded(SHAPED[2])["input_ids"])[0] == "hin_Deva"
        assert loaded(SHAPED[2], add_special_tokens=False)["input_ids"] == new.encode([SHAPED[2]])[0]
        generation = json.loads((result.path / "generation_config.json").read_bytes())
        assert new.tokens[generation["forced_bos_token_id"]] == "tha_Thai"
        before, after = read_matrices(model)["input"], read_matrices(result)["input"]
        for code in ("ace_Arab", "hin_Deva", "zul_Latn", "<mask>"):
            assert np.array_equal(after[new.ids[code]], before[old.ids[code]])


def test_a_token_that_only_the_configuration_names_keeps_its_row(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    """Its row lies among those that only seem to pad, where new pieces would go."""
    size = shape("llama2").size
    model = model_with("llama2", tmp_path / "old", llama, rows=size + 20)
    edited(model.path / "tokenizer_config.json", pad_token="<pad>")
    edited(model.path / "config.json", pad_token_id=size)
    model = open_model(model.folder, name="padded")
    text = documents(new_step(), NEW_TEXT)
    before = read_matrices(model)
    for component, more in BOTH:
        result = component(model=model, text=text, step=new_step(), **more)
        new = model_vocabulary(result)
        number = new.ids["<pad>"]
        assert json.loads((result.path / "config.json").read_bytes())["pad_token_id"] == number
        for role, each in read_matrices(result).items():
            assert np.array_equal(each[number], before[role][size])
        change = Change.read(result.folder, model_vocabulary(model), new)
        assert change.source[number] == size


def test_byt5_without_any_tokenizer_file(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    """Its pieces are the bytes, so its folder holds no more than the name of a class."""
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, ByT5Tokenizer, T5Config, T5ForConditionalGeneration

    sizes = {"d_model": WIDTH, "d_kv": 8, "d_ff": 24, "num_layers": 1, "num_heads": 2, "vocab_size": 384}
    folder = tmp_path / "byt5"
    T5ForConditionalGeneration(T5Config(**sizes, decoder_start_token_id=0)).save_pretrained(folder)
    ByT5Tokenizer().save_pretrained(folder)
    step = new_step()
    load(name=str(folder), step=step)
    model = Model.open(step.out)
    # the class writes `extra_ids: 0` beside 125 sentinels, whose rows must not be given away
    assert model_vocabulary(model).ids["<extra_id_124>"] == 383
    result = extend(model=model, text=documents(new_step(), NEW_TEXT), add=20, step=new_step())
    before, after = read_matrices(model), read_matrices(result)
    for role, each in after.items():
        assert np.array_equal(each[:384], before[role])
    network, loaded = AutoModelForSeq2SeqLM.from_pretrained(result.path), AutoTokenizer.from_pretrained(result.path)
    assert network.get_input_embeddings().weight.shape[0] == len(loaded) == 384 + 20
    text = NEW_TEXT[0]
    assert len(loaded(text)["input_ids"]) < len(ByT5Tokenizer()(text)["input_ids"])
    assert loaded.decode(loaded(text)["input_ids"], skip_special_tokens=True) == text


def test_a_sentence_encoder_whose_network_lies_in_a_folder(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    from sentence_transformers import SentenceTransformer

    model = write_model_of("sentence-encoder", tmp_path / "old")
    inner = model.path / "0_Transformer"
    inner.mkdir()
    for each in list(model.path.iterdir()):
        if each.is_file() and each.name not in ("modules.json", "config_sentence_transformers.json"):
            each.rename(inner / each.name)
    said = json.loads((model.path / "modules.json").read_bytes())
    said[0]["path"] = "0_Transformer"
    (model.path / "modules.json").write_text(json.dumps(said))
    model = open_model(model.folder, name="nested")
    step = new_step()
    result = trim(model=model, text=documents(new_step(), TEXTS[:1]), step=step)
    assert step.figures["agreement"]["worst"] == 1.0
    assert not (result.path / "tokenizer.json").exists() and (result.path / "0_Transformer" / "tokenizer.json").is_file()
    one, other = (SentenceTransformer(str(each.path)) for each in (model, result))
    assert np.allclose(one.encode(TEXTS[0]), other.encode(TEXTS[0]), atol=1e-6)


@pytest.mark.parametrize("kind", ["qwen-padded", "llama-untied", "bart"])
def test_old_rows_are_the_same_bytes_in_half_precision_and_shards(
    kind: str, tmp_path: Path, new_step: Callable[[], Step]
) -> None:
    model = write_model_of(kind, tmp_path / "old", torch.bfloat16, max_shard_size="8KB")
    text = documents(new_step(), TEXTS[:2])
    grown = extend(model=model, text=text, add=3, pad_to_multiple_of=16, step=new_step())
    small = trim(model=grown, text=text, pad_to_multiple_of=8, step=new_step())
    old, found = find_tensors(model), [find_tensors(each) for each in (grown, small)]
    assert found[0].rows % 16 == found[1].rows % 8 == 0
    size = model_vocabulary(model).size
    change = Change.read(small.folder, model_vocabulary(grown), model_vocabulary(small))
    for role, tensors in old.stored.items():
        before = tensors[0].rows(old.rows)
        after = found[0].stored[role][0].rows(found[0].rows)
        assert np.array_equal(after[:size], before[:size])
        last = found[1].stored[role][0].rows(found[1].rows)
        assert np.array_equal(last[: len(change.source)], after[change.source])


def test_a_type_whose_tokenizers_are_loaded_by_code(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    """Whatever the files say, AutoTokenizer gives a Qwen 2 model Qwen's rules; that is no secret then."""
    from transformers import AutoTokenizer, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    def qwen2(rows: int) -> Any:
        return Qwen2ForCausalLM(Qwen2Config(**SMALL, vocab_size=rows))

    model = model_with("qwen", tmp_path / "old", qwen2)
    step = new_step()
    same = extend(model=model, text=documents(new_step(), NEW_TEXT), add=9, step=step)
    assert step.notes == []
    assert AutoTokenizer.from_pretrained(same.path)(NEW_TEXT)["input_ids"] == model_vocabulary(same).encode(NEW_TEXT)
    place, step = new_step().out, new_step()
    shape("xlm_r").save(place / "tokenizer")
    other = initialise(model=model, tokenizer=Tokenizer.open(place), step=step)
    assert "as Qwen2Tokenizer" in " ".join(step.notes)
    plain = PreTrainedTokenizerFast.from_pretrained(other.path)
    assert plain(SHAPED, add_special_tokens=False)["input_ids"] == model_vocabulary(other).encode(SHAPED)
