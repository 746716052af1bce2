"""Which tensors of a model have one row a token, found without loading the model.

The model is built from its configuration on torch's meta device, where tensors have shapes and no values. It says which
parameters are the input matrix, the head and the head's bias, and under which names a checkpoint may hold them.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from panglot.artifacts import InputError, did_you_mean
from panglot.models import Model
from panglot.models.folder import ModelFolder, inspect_folder
from panglot.models.quiet import without_progress_bars
from panglot.vocabulary.checkpoint import Checkpoint, Tensor, read_checkpoint
from panglot.vocabulary.initialise.task import Matrix, Role

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel

DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
"""Number formats of matrices that can be worked on, as safetensors and as torch write them."""
_LOGITS_BIAS = "final_logits_bias"
_SPARSE_MODULES = ("SpladePooling", "SparseStaticEmbedding", "IDF")
_HEADS = ("AutoModelForMaskedLM", "AutoModelForCausalLM", "AutoModelForSeq2SeqLM", "AutoModelForPreTraining")
_SLICE_ROWS = 1 << 14


@dataclass(frozen=True)
class VocabularyTensors:
    """The tensors of a model that have one row a token.

    Attributes:
        inspected: facts of the model's folder.
        checkpoint: its weights.
        stored: the tensors of each role as they lie in the files. Several of one role are copies of each other: tied
            parameters that were saved more than once.
        rows: rows of each of them; they may be more than the tokenizer has ids (padding).
        size_keys: where `config.json` holds the number of rows: paths of keys.
    """

    inspected: ModelFolder
    checkpoint: Checkpoint
    stored: dict[Role, list[Tensor]]
    rows: int
    size_keys: tuple[tuple[str, ...], ...]

    @property
    def tied(self) -> bool:
        """Whether there is one matrix for input and output, or no head at all."""
        return "output" not in self.stored

    @cached_property
    def dimension(self) -> int:
        """Width of the input matrix."""
        return self.stored["input"][0].shape[1]

    def matrix(self, role: Role) -> Matrix:
        """The values of a role as float32 `[rows, D]`, a bias as `[rows, 1]`; float32 files are mapped and not read."""
        tensor = self.stored[role][0]
        rows = tensor.rows(self.rows)
        if tensor.dtype == "F32":
            return rows.view("<f4")
        width = tensor.bytes // _ITEM[tensor.dtype] // self.rows
        found = np.empty((self.rows, width), np.float32)
        for begin in range(0, self.rows, _SLICE_ROWS):
            found[begin : begin + _SLICE_ROWS] = as_float32(rows[begin : begin + _SLICE_ROWS], tensor.dtype)
        return found


_ITEM = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}


def as_float32(rows: NDArray[np.uint8], dtype: str) -> Matrix:
    """Bytes `[n, bytes of a row]` of a number format as float32 `[n, D]`."""
    if dtype == "BF16":
        return (np.ascontiguousarray(rows).view("<u2").astype(np.uint32) << 16).view(np.float32)
    kinds = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
    return np.ascontiguousarray(rows).view(kinds[dtype]).astype(np.float32)


def read_matrices(model: Model) -> dict[Role, Matrix]:
    """The matrices of a model by role, float32 `[rows, D]`; a bias as `[rows, 1]`.

    `output` is there only where the head has a matrix of its own; a file that holds a tied matrix twice is tied.

    Args:
        model: any model whose embeddings the transformers library knows.

    Raises:
        InputError: see [`find_tensors`][panglot.vocabulary.matrices.find_tensors].

    Example:
        >>> import tempfile
        >>> from panglot.artifacts import step_folder
        >>> from panglot.models.load import load
        >>> place = Path(tempfile.mkdtemp()) / "base"
        >>> with step_folder(place) as step:
        ...     _ = load(name="tiny:llama", step=step)
        >>> {role: each.shape for role, each in read_matrices(Model.open(place)).items()}
        {'input': (261, 32)}
    """
    found = find_tensors(model)
    return {role: found.matrix(role) for role in found.stored}


def find_tensors(model: Model | Path) -> VocabularyTensors:
    """Find the tensors of a model that have one row a token. Nothing is loaded.

    A tensor that has as many rows by chance (a position table, a feed-forward layer) is not among them.

    Args:
        model: a model, or the folder of one.

    Raises:
        InputError: transformers does not know the model's type or class; the weights are quantised; the model has several
            different input matrices; configuration and weights do not fit each other.
    """
    inspected = inspect_folder(model.path if isinstance(model, Model) else model)
    where = inspected.network
    _refuse(inspected)
    config = _config(inspected)
    skeleton = _skeleton(inspected, config)
    checkpoint = read_checkpoint(where)
    names = _names_by_role(skeleton, where)
    stored = _stored(skeleton, names, checkpoint)
    rows = int(_input_weight(skeleton, where).shape[0])
    if "input" not in stored and _tied(config) and "output" in stored:
        stored["input"] = stored.pop("output")
    if "input" not in stored:
        raise InputError("the input matrix is not in the weights", where=where, fix=f"expected {' or '.join(names['input'])}")
    for tensors in stored.values():
        for each in tensors:
            if rows not in (each.shape[0], each.shape[-1]):
                raise InputError(
                    f"{each.name} has {each.shape[0]:,} rows where config.json says {rows:,}",
                    where=each.path,
                    fix="save it again",
                )
            if each.dtype not in DTYPES:
                raise InputError(
                    f"{each.name} is quantised ({each.dtype})", where=each.path, fix="use the model's full weights"
                )
    _add_other_heads(inspected, config, checkpoint, stored, rows)
    _settle_copies(config, stored, rows, where)
    return VocabularyTensors(inspected, checkpoint, stored, rows, _size_keys(inspected.config, config, rows))


def _refuse(inspected: ModelFolder) -> None:
    config = inspected.config
    if config.get("quantization_config") or (config.get("text_config") or {}).get("quantization_config"):
        raise InputError(
            "the weights are quantised, and rows cannot be added to them or taken away",
            where=inspected.network,
            fix="use the model's full weights, and quantise the result",
        )
    for section in (config, config.get("text_config") or {}):
        if section.get("vocab_size_per_layer_input"):
            raise InputError(
                "the model has a second matrix of tokens for each layer, which is not handled", where=inspected.network
            )
    for module in inspected.modules:
        if str(module.get("type", "")).endswith(_SPARSE_MODULES):
            kind = str(module["type"]).rpartition(".")[2]
            raise InputError(f"the module {kind} depends on the vocabulary, which is not handled", where=inspected.folder)


def _config(inspected: ModelFolder) -> "PretrainedConfig":
    from transformers import AutoConfig
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    kind = inspected.config.get("model_type")
    if kind not in CONFIG_MAPPING:
        raise InputError(
            f"transformers knows no model of the type {kind!r}",
            where=inspected.network / "config.json",
            fix=did_you_mean(str(kind), CONFIG_MAPPING.keys()) or "upgrade transformers, or use another model",
        )
    try:
        found: PretrainedConfig = AutoConfig.from_pretrained(inspected.network)
        return found
    except Exception as error:  # the library has errors of its own for settings of a wrong type
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(f"the configuration cannot be read ({said})", where=inspected.network / "config.json") from None


def _skeleton(inspected: ModelFolder, config: "PretrainedConfig") -> "PreTrainedModel":
    import transformers

    names = inspected.config.get("architectures") or []
    kind: Any = getattr(transformers, str(names[0]), None) if names else transformers.AutoModel
    if not isinstance(kind, type) or not hasattr(kind, "from_pretrained"):
        raise InputError(f"transformers has no model class {names[0]}", where=inspected.network / "config.json")
    return _built(kind, config, inspected.network)


def _built(kind: Any, config: "PretrainedConfig", where: Path) -> "PreTrainedModel":
    import torch

    try:
        with torch.device("meta"), without_progress_bars():
            model: PreTrainedModel = kind(config) if hasattr(kind, "base_model_prefix") else kind.from_config(config)
        model.tie_weights()
    except Exception as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(f"the model cannot be built from its configuration ({said})", where=where) from None
    return model


def _input_weight(model: "PreTrainedModel", where: Path) -> "torch.Tensor":
    try:
        found: Any = model.get_input_embeddings()
    except NotImplementedError:
        found = None
    weight = getattr(found, "weight", None)
    if weight is None or weight.dim() != 2:
        raise InputError(f"{type(model).__name__} has no matrix of one row a token", where=where)
    result: torch.Tensor = weight
    return result


def _input_of(part: Any, model: "PreTrainedModel", where: Path) -> Any:
    try:
        return part.get_input_embeddings()
    except (AttributeError, NotImplementedError):
        said = f"{type(model).__name__} does not say where its encoder and decoder have their embeddings"
        raise InputError(f"{said}, which is not handled", where=where) from None


def _names_by_role(model: "PreTrainedModel", where: Path) -> dict[Role, list[str]]:
    """Parameter names of each role; tied parameters have several."""
    wanted: dict[Role, list[Any]] = {"input": [_input_weight(model, where)], "output": [], "bias": []}
    if model.config.is_encoder_decoder:
        for part in (model.get_encoder(), model.get_decoder()):
            found = _input_of(part, model, where) if part is not None else None
            weight = getattr(found, "weight", None)
            if weight is not None and weight.shape == wanted["input"][0].shape:
                wanted["input"].append(weight)
    head = model.get_output_embeddings()
    if head is not None and getattr(head, "weight", None) is not None:
        wanted["output"].append(head.weight)
        if getattr(head, "bias", None) is not None:
            wanted["bias"].append(head.bias)
    wanted["bias"] += [each for name, each in model.named_buffers() if name.rpartition(".")[2] == _LOGITS_BIAS]
    named = [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]
    names = {role: [name for name, each in named if any(each is one for one in found)] for role, found in wanted.items()}
    # a tied parameter has its names in both; what lies in the head is the head's, which the file may hold untied all the same
    heads = [
        f"{name}.weight" for name, each in model.named_modules(remove_duplicate=False) if each is head and head is not None
    ]
    names["output"] = [name for name in names["output"] if name in heads]
    names["input"] = [name for name in names["input"] if name not in heads]
    return names


def _stored(model: "PreTrainedModel", names: dict[Role, list[str]], checkpoint: Checkpoint) -> dict[Role, list[Tensor]]:
    """The tensors of the files that are loaded into the named parameters."""
    from transformers.conversion_mapping import get_model_conversion_mapping
    from transformers.core_model_loading import WeightRenaming, rename_source_key

    renamings = [each for each in get_model_conversion_mapping(model) if isinstance(each, WeightRenaming)]
    state = model.state_dict()
    found: dict[Role, list[Tensor]] = {}
    for each in checkpoint.tensors.values():
        loaded = (
            each.name if each.name in state else rename_source_key(each.name, renamings, [], model.base_model_prefix, state)[0]
        )
        role = next((role for role, known in names.items() if loaded in known), None)
        if role is not None:
            found.setdefault(role, []).append(each)
    return found


def _add_other_heads(
    inspected: ModelFolder,
    config: "PretrainedConfig",
    checkpoint: Checkpoint,
    stored: dict[Role, list[Tensor]],
    rows: int,
) -> None:
    """Heads that the files hold although the model's class has none: an encoder's that was trained as a masked model."""
    import transformers

    known = {each.name for tensors in stored.values() for each in tensors}
    left = [each for name, each in checkpoint.tensors.items() if name not in known and rows in (each.shape or (0,))]
    for name in _HEADS if left else ():
        kind = getattr(transformers, name)
        if type(config) not in kind._model_mapping:
            continue
        model = _built(kind, config, inspected.network)
        for role, tensors in _stored(model, _names_by_role(model, inspected.network), checkpoint).items():
            stored.setdefault(role, []).extend(each for each in tensors if each in left)
            left = [each for each in left if each not in tensors]
    for role in [role for role, tensors in stored.items() if not tensors]:
        del stored[role]


def _settle_copies(config: "PretrainedConfig", stored: dict[Role, list[Tensor]], rows: int, where: Path) -> None:
    """Copies of one role must be equal. A head that is tied by the configuration and equal in the file is another copy."""
    first = stored["input"][0]
    for other in stored["input"][1:]:
        if not _equal(first, other, rows):
            raise InputError(
                f"the model has several input matrices with different rows ({first.name}, {other.name}), which is not handled",
                where=where,
            )
    heads = stored.get("output", [])
    if heads and _tied(config) and all(_equal(first, each, rows) for each in heads):
        stored["input"] += heads
        del stored["output"]
    for role in stored:
        if role != "input" and not all(_equal(stored[role][0], each, rows) for each in stored[role][1:]):
            raise InputError(f"the weights hold different values for one {role}", where=where)


def _tied(config: "PretrainedConfig") -> bool:
    # the part for text of some models (Qwen2-VL) has no such setting of its own
    return any(getattr(each, "tie_word_embeddings", False) for each in (config, config.get_text_config()))


def _equal(one: Tensor, other: Tensor, rows: int) -> bool:
    if (one.dtype, one.bytes) != (other.dtype, other.bytes):
        return False
    left, right = one.rows(rows), other.rows(rows)
    return all(
        np.array_equal(left[begin : begin + _SLICE_ROWS], right[begin : begin + _SLICE_ROWS])
        for begin in range(0, rows, _SLICE_ROWS)
    )


def _size_keys(said: dict[str, Any], config: "PretrainedConfig", rows: int) -> tuple[tuple[str, ...], ...]:
    """Paths of the keys of `config.json` that hold the number of rows, or should: a default may have been left out."""
    text = config.get_text_config()
    section = next(
        (name for name in ("text_encoder", "decoder", "generator", "text_config") if getattr(config, name, None) is text), ""
    )
    key = text.attribute_map.get("vocab_size", "vocab_size")
    found = [(section, key) if section else (key,)]
    if section and said.get(key) == rows:
        found.append((key,))
    inner = said.get(section) if section else said
    for extra in ("encoder_vocab_size", "decoder_vocab_size"):
        if isinstance(inner, dict) and inner.get(extra) == rows:
            found.append((section, extra) if section else (extra,))
    return tuple(found)
