import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from surgery_models import KINDS, TEXTS, extended, same, write_model_of

from panglot.artifacts import InputError, Step, digest_folder
from panglot.models import Model
from panglot.models.model import open_model
from panglot.vocabulary.change_model import PADDING_BIAS, change_model, changed_name, plan_rows
from panglot.vocabulary.matrices import find_tensors, read_matrices
from panglot.vocabulary.reading import read_vocabulary
from panglot.vocabulary.rows import NEW, Change
from panglot.vocabulary.token_ids import MovedIds
from panglot.vocabulary.vocabulary import Vocabulary

NEW_TOKENS = ["ទឹក", "ߞߊ߲", "ئوقۇدى", "😀👩", "ߦߋ߫"]


@pytest.fixture
def new_step(tmp_path: Path) -> Callable[[], Step]:
    count = iter(range(100))

    def make() -> Step:
        place = tmp_path / f"step{next(count)}"
        place.mkdir()
        return Step(place, seed=3)

    return make


def fresh_rows(model: Model, count: int) -> dict[Any, Any]:
    random = np.random.default_rng(1)
    found = read_matrices(model)
    return {role: random.normal(size=(count, each.shape[1])).astype(np.float32) for role, each in found.items()}


def network(model: Model) -> Any:
    import transformers

    config = json.loads((model.path / "config.json").read_bytes())
    found, report = getattr(transformers, config["architectures"][0]).from_pretrained(model.path, output_loading_info=True)
    # BART's and BERT's files leave out what is tied; nothing may be invented, nothing of another size ignored
    assert not report["missing_keys"] and not report["mismatched_keys"], report
    return found.eval()


def trimmed(old: Vocabulary, keep: list[int]) -> Change:
    """Keeps some ids, without a thought for merges: enough to test rows."""
    number = {each: index for index, each in enumerate(keep)}
    document = json.loads(json.dumps(old.document))
    model = document["model"]
    if isinstance(model["vocab"], list):
        model["vocab"] = [model["vocab"][each] for each in keep if each < len(model["vocab"])]
        model["unk_id"] = number[model["unk_id"]]
    else:
        model["vocab"] = {token: number[each] for token, each in model["vocab"].items() if each in number}
        if "merges" in model:
            model["merges"] = [each for each in model["merges"] if {*each, "".join(each)} <= model["vocab"].keys()]
    for each in document["added_tokens"]:
        each["id"] = number[each["id"]]
    if document.get("post_processor"):
        for token, said in document["post_processor"]["special_tokens"].items():
            said["ids"] = [number[old.ids[token]]]
    return Change(old, Vocabulary(document, {}, ""), np.asarray(keep, np.int64))


def some(old: Vocabulary) -> list[int]:
    """Two thirds of the pieces, with those that must stay, in another order than before for the last ones."""
    must = set(old.added) | {each for token, each in old.ids.items() if len(token) == 1}
    return sorted(must | set(range(0, old.size, 3)) | set(range(1, old.size, 3)))


def logits(model: Any, ids: list[int]) -> Any:
    batch = torch.tensor([ids])
    with torch.inference_mode():
        if model.config.is_encoder_decoder:
            return model(input_ids=batch, decoder_input_ids=batch).logits
        found = model(input_ids=batch)
        return found.logits if hasattr(found, "logits") else found.last_hidden_state


@pytest.mark.parametrize("kind", KINDS)
def test_extension_moves_no_old_row_and_loads(kind: str, tmp_path: Path, new_step: Callable[[], Step]) -> None:
    model = write_model_of(kind, tmp_path / "old")
    old = read_vocabulary(model.path)
    change = extended(old, NEW_TOKENS)
    rows = fresh_rows(model, len(NEW_TOKENS))
    before, step = read_matrices(model), new_step()
    result = change_model(model, change, rows, step, name=changed_name(model, change))
    assert result.name == f"tiny:{kind}+5"
    after = read_matrices(result)
    assert after.keys() == before.keys()
    size = max(len(before["input"]), change.new.size)
    for role, each in after.items():
        assert len(each) == size
        assert np.array_equal(each[: old.size], before[role][: old.size])
        assert np.array_equal(each[change.added], rows[role])
        assert np.array_equal(each[change.new.size :], before[role][change.new.size :])
    one, other = network(model), network(result)
    assert other.get_input_embeddings().weight.shape[0] == size
    head = other.get_output_embeddings()
    if head is not None:
        tied = one.get_output_embeddings().weight is one.get_input_embeddings().weight
        assert (head.weight is other.get_input_embeddings().weight) == tied
        assert head.weight.shape[0] == size
    ids = old.encode(TEXTS[:1])[0][:20]
    expected, found = logits(one, ids), logits(other, ids)
    assert torch.equal(found[..., : old.size], expected[..., : old.size])


@pytest.mark.parametrize("kind", KINDS)
def test_trimming_keeps_the_rows_of_what_is_kept_and_the_logits(
    kind: str, tmp_path: Path, new_step: Callable[[], Step]
) -> None:
    model = write_model_of(kind, tmp_path / "old")
    old = read_vocabulary(model.path)
    change = trimmed(old, some(old))
    result = change_model(model, change, {}, new_step(), name="trimmed")
    before, after = read_matrices(model), read_matrices(result)
    for role, each in after.items():
        assert np.array_equal(each, before[role][change.source])
    one, other = network(model), network(result)
    kept = change.source[10:30].tolist()
    ids = list(range(10, 30))
    expected = logits(one, kept)
    found = logits(other, ids)
    if hasattr(one, "lm_head") or one.get_output_embeddings() is not None:
        expected = expected[..., change.source]
    assert torch.allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("kind", ["bert-masked", "llama-untied", "bart", "gemma3-vision", "sentence-encoder"])
def test_no_change_is_the_identity(kind: str, tmp_path: Path, new_step: Callable[[], Step]) -> None:
    model = write_model_of(kind, tmp_path / "old")
    result = change_model(model, same(read_vocabulary(model.path)), {}, new_step(), name=model.name)
    one, other = load_file(model.path / "model.safetensors"), load_file(result.path / "model.safetensors")
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    for name in ("config.json", "generation_config.json", "tokenizer.json", "modules.json"):
        if (model.path / name).is_file():
            assert json.loads((result.path / name).read_bytes()) == json.loads((model.path / name).read_bytes())


def test_saved_ids_are_those_of_the_new_tokenizer(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    from transformers import AutoTokenizer

    model = write_model_of("llama-tied", tmp_path / "old")
    old = read_vocabulary(model.path)
    change = extended(old, NEW_TOKENS)
    result = change_model(model, change, fresh_rows(model, 5), new_step(), name="x")
    tokenizer = AutoTokenizer.from_pretrained(result.path)
    for text in TEXTS:
        assert tokenizer.encode(text, add_special_tokens=False) == change.new.encode([text])[0]
    assert tokenizer.pad_token_id == 1 and tokenizer.convert_tokens_to_ids(NEW_TOKENS) == change.added


def test_padded_rows_are_used_first_and_the_right_rows_are_new(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    """With 19 padded rows "the last 5 rows are new" would fill rows 14 to 18 of the padding."""
    model = write_model_of("qwen-padded", tmp_path / "old")
    old = read_vocabulary(model.path)
    rows = fresh_rows(model, 5)
    result = change_model(model, extended(old, NEW_TOKENS), rows, new_step(), name="x")
    found = read_matrices(result)
    assert len(found["input"]) == old.size + 19
    assert np.array_equal(found["output"][old.size : old.size + 5], rows["output"])
    assert np.array_equal(found["output"][old.size + 5 :], read_matrices(model)["output"][old.size + 5 :])


def test_more_new_tokens_than_padded_rows(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    model = write_model_of("qwen-padded", tmp_path / "old")
    tokens = [chr(0xA000 + each) * 2 for each in range(25)]
    result = change_model(model, extended(read_vocabulary(model.path), tokens), fresh_rows(model, 25), new_step(), name="x")
    assert find_tensors(result).rows == read_vocabulary(model.path).size + 25


@pytest.mark.parametrize("kind", ["bert-masked", "llama-untied", "bart"])
def test_padding_for_tensor_parallelism_is_never_the_best_token(
    kind: str, tmp_path: Path, new_step: Callable[[], Step]
) -> None:
    model = write_model_of(kind, tmp_path / "old")
    old = read_vocabulary(model.path)
    result = change_model(model, extended(old, NEW_TOKENS), fresh_rows(model, 5), new_step(), name="x", pad_to_multiple_of=64)
    found = read_matrices(result)
    count = len(found["input"])
    assert count % 64 == 0 and count - old.size < 64 + 5
    padding = slice(old.size + 5, None)
    mean = read_matrices(model)["input"][: old.size].mean(axis=0)
    assert np.allclose(found["input"][padding], mean, atol=1e-6)
    if "bias" in found:
        assert (found["bias"][padding] == PADDING_BIAS).all()
    said = logits(network(result), old.encode(TEXTS[3:4])[0])
    assert (said.argmax(-1) < old.size + 5).all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_number_format_stays(dtype: torch.dtype, tmp_path: Path, new_step: Callable[[], Step]) -> None:
    model = write_model_of("bert-masked", tmp_path / "old", dtype)
    old = read_vocabulary(model.path)
    rows = fresh_rows(model, 5)
    result = change_model(model, extended(old, NEW_TOKENS), rows, new_step(), name="x", pad_to_multiple_of=8)
    before, after = (load_file(each.path / "model.safetensors") for each in (model, result))
    name = "bert.embeddings.word_embeddings.weight"
    assert after[name].dtype == dtype
    assert torch.equal(after[name][: old.size], before[name])
    assert torch.equal(after[name][old.size : old.size + 5], torch.from_numpy(rows["input"]).to(dtype))
    assert torch.isfinite(after["cls.predictions.bias"]).all()


def test_shards_and_index(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    model = write_model_of("llama-untied", tmp_path / "old", max_shard_size="20KB")
    rows = fresh_rows(model, 5)
    result = change_model(model, extended(read_vocabulary(model.path), NEW_TOKENS), rows, new_step(), name="x")
    index = json.loads((result.path / "model.safetensors.index.json").read_bytes())
    files = {each: load_file(result.path / each) for each in set(index["weight_map"].values())}
    assert len(files) > 2
    assert index["metadata"]["total_size"] == sum(each.nbytes for file in files.values() for each in file.values())
    assert all(name in files[file] for name, file in index["weight_map"].items())
    assert torch.equal(network(result).lm_head.weight[-5:], torch.from_numpy(rows["output"]))


def test_copies_in_the_file_stay_copies(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    model = write_model_of("llama-tied", tmp_path / "old")
    tensors = load_file(model.path / "model.safetensors")
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()
    save_file(tensors, model.path / "model.safetensors", metadata={"format": "pt"})
    model = open_model(model.folder, name="twice")
    result = change_model(model, extended(read_vocabulary(model.path), NEW_TOKENS), fresh_rows(model, 5), new_step(), name="x")
    after = load_file(result.path / "model.safetensors")
    assert torch.equal(after["lm_head.weight"], after["model.embed_tokens.weight"])


def test_equal_calls_write_equal_bytes(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    model = write_model_of("bart", tmp_path / "old")
    change, rows = extended(read_vocabulary(model.path), NEW_TOKENS), fresh_rows(model, 5)
    one, other = (change_model(model, change, rows, new_step(), name="x", pad_to_multiple_of=8) for _ in range(2))
    assert digest_folder(one.path) == digest_folder(other.path)
    assert one.digest == other.digest


def test_what_else_lies_in_the_folder(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    from sentence_transformers import SentenceTransformer

    model = write_model_of("sentence-encoder", tmp_path / "old")
    for name in ("onnx/model.onnx", "pytorch_model.bin", "vocab.txt", ".cache/x.json", "consolidated.safetensors"):
        (model.path / name).parent.mkdir(exist_ok=True)
        (model.path / name).write_bytes(b"old vocabulary")
    for name in ("LICENSE", "README.md", "chat_template.jinja"):
        (model.path / name).write_text("stays")
    result = change_model(model, extended(read_vocabulary(model.path), NEW_TOKENS), fresh_rows(model, 5), new_step(), name="x")
    files = {each.relative_to(result.path).as_posix() for each in result.path.rglob("*") if each.is_file()}
    assert files >= {"LICENSE", "README.md", "chat_template.jinja", "modules.json", "1_Pooling/config.json"}
    assert not files & {"onnx/model.onnx", "pytorch_model.bin", "vocab.txt", ".cache/x.json", "consolidated.safetensors"}
    one, other = (SentenceTransformer(str(each.path)) for each in (model, result))
    assert other.prompts["query"] == "query: "
    assert np.array_equal(one.encode(TEXTS[4:]), other.encode(TEXTS[4:]))


def test_module_in_a_folder_of_its_own(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Dense, Pooling, Transformer

    plain = write_model_of("bert", tmp_path / "plain")
    network = Transformer(str(plain.path))
    torch.manual_seed(1)
    encoder = SentenceTransformer(modules=[network, Pooling(16, pooling_mode="cls"), Dense(16, 4)])
    encoder.save(str(tmp_path / "old" / "model"), create_model_card=False)
    settings = tmp_path / "old" / "model" / "modules.json"
    said = json.loads(settings.read_bytes())
    if said[0]["path"] == "":
        inner = settings.parent / "0_Transformer"
        inner.mkdir()
        for each in list(settings.parent.iterdir()):
            if each.is_file() and each.name not in ("modules.json", "config_sentence_transformers.json"):
                each.rename(inner / each.name)
        said[0]["path"] = "0_Transformer"
        settings.write_text(json.dumps(said))
    model = open_model(tmp_path / "old", name="nested")
    change = extended(read_vocabulary(model.path / "0_Transformer"), NEW_TOKENS)
    result = change_model(model, change, fresh_rows(model, 5), new_step(), name="x")
    assert not (result.path / "tokenizer.json").exists()
    one, other = (SentenceTransformer(str(each.path)) for each in (model, result))
    assert np.array_equal(one.encode(TEXTS[4:6]), other.encode(TEXTS[4:6]))


def test_mismatched_tokenizer_and_matrix(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    model = write_model_of("llama-tied", tmp_path / "old")
    more = extended(read_vocabulary(model.path), NEW_TOKENS).new
    with pytest.raises(InputError, match="mismatched tokenizer and matrix"):
        change_model(model, same(more), {}, new_step(), name="x")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda rows: rows.pop("output"),
        lambda rows: rows.update(output=rows["output"][:4]),
        lambda rows: rows.update(output=rows["output"][:, :3]),
        lambda rows: rows["input"].__setitem__((0, 0), np.nan),
    ],
)
def test_rows_that_cannot_be_used(spoil: Callable[[Any], Any], tmp_path: Path, new_step: Callable[[], Step]) -> None:
    model = write_model_of("llama-untied", tmp_path / "old")
    rows = fresh_rows(model, 5)
    spoil(rows)
    with pytest.raises(InputError):
        change_model(model, extended(read_vocabulary(model.path), NEW_TOKENS), rows, new_step(), name="x")


def test_rows_too_large_for_the_format(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    model = write_model_of("llama-tied", tmp_path / "old", torch.float16)
    rows = {"input": np.full((5, 16), 1e6, np.float32)}
    with pytest.raises(InputError, match="float16"):
        change_model(model, extended(read_vocabulary(model.path), NEW_TOKENS), rows, new_step(), name="x")  # type: ignore[arg-type]


def vocabulary_of(tokens: list[str], **roles: str) -> Vocabulary:
    document = {
        "added_tokens": [],
        "model": {"type": "BPE", "vocab": {each: index for index, each in enumerate(tokens)}, "merges": []},
    }
    said = {f"{role}_token": token for role, token in roles.items()}
    return Vocabulary(document, {"tokenizer_config.json": json.dumps(said).encode()}, "")


def moved(*kept: str, old: list[str], new: list[str], **roles: str) -> MovedIds:
    one, other = vocabulary_of(old), vocabulary_of(new, **roles)
    source = [one.ids[each] if each in kept else NEW for each in new]
    return MovedIds(Change(one, other, np.asarray(source, np.int64)))


def test_token_ids_of_a_configuration() -> None:
    found = moved("b", "d", "e", old=["a", "b", "c", "d", "e"], new=["e", "d", "b"]).applied(
        {
            "bos_token_id": 1, "eos_token_id": [3, 4, 0], "pad_token_id": None, "decoder_start_token_id": 4, "vocab_size": 5,
            "suppress_tokens": [0, 1, 2, 3], "begin_suppress_tokens": [-1, 4], "bad_words_ids": [[1, 3], [0, 1], [4]],
            "forced_decoder_ids": [[1, 3], [2, None]], "max_length": 4, "do_sample": True, "hidden_size": 3,
            "text_config": {"eos_token_id": 3, "num_layers": 3}, "vision_config": {"pad_token_id": 3}, "unk_token_id": 2,
            "image_token_index": 3, "lang_to_id": {"x": 4, "y": 0},
        }
    )  # fmt: skip
    assert found == {
        "bos_token_id": 2, "eos_token_id": [1, 0], "pad_token_id": None, "decoder_start_token_id": 0, "vocab_size": 5,
        "suppress_tokens": [2, 1], "begin_suppress_tokens": [-1, 0], "bad_words_ids": [[2, 1], [0]],
        "forced_decoder_ids": [[1, 1], [2, None]], "max_length": 4, "do_sample": True, "hidden_size": 3,
        "text_config": {"eos_token_id": 1, "num_layers": 3}, "vision_config": {"pad_token_id": 3}, "unk_token_id": None,
        "image_token_index": 1, "lang_to_id": {"x": 0},
    }  # fmt: skip


def test_a_role_that_the_new_tokenizer_fills_otherwise() -> None:
    found = moved("a", old=["a", "</s>"], new=["[SEP]", "a"], eos="[SEP]")
    assert found.applied({"eos_token_id": 1, "sep_token_id": 1}) == {"eos_token_id": 0, "sep_token_id": None}


def test_ids_without_a_token_stay_under_extension() -> None:
    """A configuration may name a row that only pads."""
    assert moved("a", old=["a"], new=["a", "b"]).applied({"pad_token_id": 7, "eos_token_id": 0}) == {
        "pad_token_id": 7, "eos_token_id": 0,
    }  # fmt: skip


def test_ids_in_the_files_of_a_trimmed_model(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    model = write_model_of("bart", tmp_path / "old")
    old = read_vocabulary(model.path)
    keep = some(old)
    keep.remove(0)
    keep.append(0)
    change = trimmed(old, keep)
    result = change_model(model, change, {}, new_step(), name="x")
    said = json.loads((result.path / "config.json").read_bytes())
    assert said["vocab_size"] == change.new.size
    assert said["bos_token_id"] == change.new.ids["<s>"] == change.new.size - 1
    assert said["eos_token_id"] == said["decoder_start_token_id"] == change.new.ids["</s>"]
    generation = json.loads((result.path / "generation_config.json").read_bytes())
    assert generation["forced_eos_token_id"] == change.new.ids["</s>"]


def test_nested_size(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    model = write_model_of("gemma3-vision", tmp_path / "old")
    old = read_vocabulary(model.path)
    before = json.loads((model.path / "config.json").read_bytes())
    result = change_model(model, extended(old, NEW_TOKENS), fresh_rows(model, 5), new_step(), name="x")
    after = json.loads((result.path / "config.json").read_bytes())
    assert after["text_config"]["vocab_size"] == old.size + 5
    assert after["vision_config"] == before["vision_config"]


def test_a_size_that_the_configuration_leaves_to_its_class(tmp_path: Path, new_step: Callable[[], Step]) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    model = write_model_of("gpt2", tmp_path / "old")
    GPT2LMHeadModel(GPT2Config(n_embd=4, n_layer=1, n_head=1, n_positions=8)).save_pretrained(model.path)
    path = model.path / "config.json"
    said = json.loads(path.read_bytes())
    del said["vocab_size"]
    path.write_text(json.dumps(said))
    model = open_model(model.folder, name="default")
    old = read_vocabulary(model.path)
    change = trimmed(old, some(old))
    result = change_model(model, change, {}, new_step(), name="x")
    assert network(result).config.vocab_size == change.new.size


def test_plan_by_hand() -> None:
    old, new = vocabulary_of(["a", "b", "c"]), vocabulary_of(["a", "b", "c", "d"])
    plan = plan_rows(Change(old, new, np.asarray([0, 1, 2, NEW])), old_rows=6, pad_to_multiple_of=4)
    assert plan.origin.tolist() == [0, 1, 2, NEW, 4, 5, -2, -2]
    assert plan.place.tolist() == [-1, -1, -1, 0, -1, -1, -1, -1]
    fewer = vocabulary_of(["c", "x"])
    plan = plan_rows(Change(old, fewer, np.asarray([2, NEW])), old_rows=6)
    assert plan.origin.tolist() == [2, NEW]
