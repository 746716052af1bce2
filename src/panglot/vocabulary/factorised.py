"""Low-rank embeddings: a token's vector is d coordinates times d primitives, which all tokens share (OFA, Liu et al., 2024).

A matrix of 250,000 × 768 has 192 million values; with d = 100 its two factors have 25 million. The transformers library has no
such embedding, so a factorised folder is for training with Panglot: its weights are called `factorised.safetensors`, and
`AutoModel` refuses the folder in place of loading it with random embeddings. `materialise` writes the plain folder.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import nn
from torch.nn import functional

from panglot.artifacts import InputError
from panglot.models.folder import WEIGHTS_FILE
from panglot.models.quiet import without_progress_bars
from panglot.vocabulary.factors import factorise_matrix

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

FACTORS_FILE = "factorised.safetensors"
FACTS_FILE = "factorised.json"
FORMAT = 1
_COORDINATES, _PRIMITIVES = "coordinates", "primitives"
_ROWS = 1 << 14


class FactorisedEmbedding(nn.Module):
    """Embeddings e = f P: takes the place of `torch.nn.Embedding`.

    Args:
        coordinates: F, `[tokens, d]`.
        primitives: P, `[d, D]`.
        padding_idx: the row that gets no gradient.
        scale: the vectors are multiplied by it (Gemma, BART).

    Example:
        >>> embedding = FactorisedEmbedding(nn.Parameter(torch.ones(5, 2)), nn.Parameter(torch.ones(2, 3)))
        >>> embedding(torch.tensor([[0, 4]])).tolist(), embedding.weight.shape
        ([[[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]]], torch.Size([5, 3]))
    """

    def __init__(
        self, coordinates: nn.Parameter, primitives: nn.Parameter, *, padding_idx: int | None = None, scale: float = 1.0
    ) -> None:
        super().__init__()
        self.coordinates, self.primitives = coordinates, primitives
        self.padding_idx, self.scale = padding_idx, scale
        self.num_embeddings, self.embedding_dim = coordinates.shape[0], primitives.shape[1]

    @property
    def weight(self) -> torch.Tensor:
        """The whole matrix `[tokens, D]`, multiplied out anew each time: for code that asks for its shape, type or device."""
        return self.coordinates @ self.primitives

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Vectors `[…, D]` of ids `[…]`."""
        found = functional.embedding(ids, self.coordinates, self.padding_idx) @ self.primitives
        return found if self.scale == 1.0 else found * self.scale

    def extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}, rank={self.primitives.shape[0]}"


class FactorisedHead(nn.Module):
    """Logits (h Pᵀ) Fᵀ + b: takes the place of the `torch.nn.Linear` of a head. The matrix of the head is never multiplied out.

    Args:
        coordinates: F, `[tokens, d]`; the same parameter as the embedding's where the head is tied to it.
        primitives: P, `[d, D]`.
        bias: b, `[tokens]`.

    Example:
        >>> head = FactorisedHead(nn.Parameter(torch.ones(5, 2)), nn.Parameter(torch.ones(2, 3)))
        >>> head(torch.ones(1, 3)).tolist()
        [[6.0, 6.0, 6.0, 6.0, 6.0]]
    """

    def __init__(self, coordinates: nn.Parameter, primitives: nn.Parameter, bias: nn.Parameter | None = None) -> None:
        super().__init__()
        self.coordinates, self.primitives = coordinates, primitives
        self.bias: nn.Parameter | None
        self.register_parameter("bias", bias)
        self.in_features, self.out_features = primitives.shape[1], coordinates.shape[0]

    @property
    def weight(self) -> torch.Tensor:
        """The whole matrix `[tokens, D]`, multiplied out anew each time."""
        return self.coordinates @ self.primitives

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Logits `[…, tokens]` of hidden states `[…, D]`."""
        return functional.linear(functional.linear(hidden, self.primitives), self.coordinates, self.bias)


def factorise(model: "PreTrainedModel", dimension: int) -> "PreTrainedModel":
    """Put factorised embeddings in the place of a model's input embeddings, and of its head: tied stays tied.

    F and P come from the singular value decomposition of the matrix that there is, so that at full rank nothing changes and
    below it ‖E − F P‖ is the least that the rank allows. A head with a matrix of its own gets factors of its own.

    Args:
        model: any model of the transformers library; changed in place.
        dimension: d, from 1 to the width of the matrices.

    Returns:
        The same model. Train it as any other; save it with `save`.

    Raises:
        InputError: the dimension is out of range, or the model's embeddings are of a kind that is not known here.
    """
    for weight in _matrices(model):
        rows = weight.detach().to("cpu", torch.float32).numpy()
        if not 1 <= dimension <= rows.shape[1]:
            raise InputError(
                f"the embeddings cannot have {dimension} coordinates",
                fix=f"choose from 1 to {rows.shape[1]}, the model's width",
            )
        factors = [torch.from_numpy(each).to(weight.device, weight.dtype) for each in factorise_matrix(rows, dimension)]
        _put(model, weight, nn.Parameter(factors[0]), nn.Parameter(factors[1]))
    return model


def _matrices(model: "PreTrainedModel") -> list[nn.Parameter]:
    """The matrix of the input, and that of the head where it is another one."""
    found = [model.get_input_embeddings(), model.get_output_embeddings()]
    if isinstance(found[0], FactorisedEmbedding):
        raise InputError("the model's embeddings are factorised already")
    for each in found:
        if each is not None and not isinstance(each, nn.Embedding | nn.Linear):
            raise InputError(f"embeddings of the kind {type(each).__name__} cannot be factorised")
    weights = [cast(nn.Parameter, each.weight) for each in found if each is not None]
    return weights[:1] if len(weights) == 1 or weights[0] is weights[1] else weights


def _put(model: "PreTrainedModel", weight: nn.Parameter, coordinates: nn.Parameter, primitives: nn.Parameter) -> None:
    """Replace every module that has the weight, under every name that it has, and keep the tie known to transformers."""
    made: dict[int, nn.Module] = {}
    paths = [name for name, each in model.named_modules(remove_duplicate=False) if getattr(each, "weight", None) is weight]
    for path in paths:
        parent, _, name = path.rpartition(".")
        module = model.get_submodule(path)
        if id(module) not in made:
            made[id(module)] = _made(module, coordinates, primitives)
        setattr(model.get_submodule(parent), name, made[id(module)])
    for prefix, part in list(model.named_modules(remove_duplicate=False)):
        if getattr(part, "_tied_weights_keys", None):
            _tie(part, [each.removeprefix(f"{prefix}.") if prefix else each for each in paths])
    model.all_tied_weights_keys = _split_keys(model.all_tied_weights_keys, paths)


def _made(module: nn.Module, coordinates: nn.Parameter, primitives: nn.Parameter) -> nn.Module:
    if isinstance(module, nn.Linear):
        return FactorisedHead(coordinates, primitives, module.bias)
    if not isinstance(module, nn.Embedding) or module.max_norm is not None:
        raise InputError(f"embeddings of the kind {type(module).__name__} cannot be factorised")
    scale = getattr(module, "embed_scale", 1.0)
    if type(module) is not nn.Embedding and not hasattr(module, "embed_scale"):
        raise InputError(f"embeddings of the kind {type(module).__name__} cannot be factorised")
    return FactorisedEmbedding(coordinates, primitives, padding_idx=module.padding_idx, scale=float(scale))


def _tie(part: nn.Module, paths: list[str]) -> None:
    tied = cast("dict[str, str]", part._tied_weights_keys)
    part._tied_weights_keys = _split_keys(tied, paths)  # type: ignore[assignment]


def _split_keys(tied: dict[str, str], paths: list[str]) -> dict[str, str]:
    """A tie of two weights becomes two ties, of coordinates and of primitives."""
    found: dict[str, str] = {}
    for target, source in tied.items():
        if target.removesuffix(".weight") in paths and source.removesuffix(".weight") in paths:
            for factor in (_COORDINATES, _PRIMITIVES):
                found[f"{target.removesuffix('.weight')}.{factor}"] = f"{source.removesuffix('.weight')}.{factor}"
        else:
            found[target] = source
    return found


def save(model: "PreTrainedModel", folder: Path, *, name: str = "") -> None:
    """Write a factorised model: `factorised.safetensors`, `factorised.json` and the usual configuration.

    Args:
        model: what `factorise` gave, trained or not.
        folder: made if absent; a tokenizer that lies there stays.
        name: what tables show.

    Raises:
        InputError: the model is not factorised.
    """
    from safetensors.torch import save_file

    ranks = {path: each.primitives.shape[0] for path, each in _factorised(model)}
    if not ranks:
        raise InputError("this model is not factorised", fix="call factorise(model, dimension) first")
    folder.mkdir(parents=True, exist_ok=True)
    copies = set(model.all_tied_weights_keys)
    state, seen = {}, set[int]()
    for key, tensor in sorted(model.state_dict(keep_vars=True).items(), key=lambda each: (each[0] in copies, each[0])):
        if id(tensor) not in seen:
            seen.add(id(tensor))
            state[key] = tensor.detach().cpu().contiguous()
    save_file(dict(sorted(state.items())), folder / FACTORS_FILE, metadata={"format": "pt"})
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    said = {"format": FORMAT, "name": name, "rank": max(ranks.values()), "modules": sorted(ranks)}
    (folder / FACTS_FILE).write_text(json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _factorised(model: nn.Module) -> Iterator[tuple[str, FactorisedEmbedding | FactorisedHead]]:
    for name, each in model.named_modules(remove_duplicate=False):
        if isinstance(each, FactorisedEmbedding | FactorisedHead):
            yield name, each


def load(folder: Path) -> "PreTrainedModel":
    """Load what `save` wrote, with equal tensors, in the number format in which it was saved.

    Raises:
        InputError: the folder holds no factorised model, or it is damaged, or of an architecture that transformers lacks.
    """
    import transformers
    from transformers.initialization import no_init_weights

    rank, state = facts(folder)["rank"], _state(folder)
    if {tuple(each.shape[1:]) for name, each in state.items() if name.endswith(f".{_COORDINATES}")} != {(rank,)}:
        raise InputError(f"factorised.json says {rank} coordinates, and the weights say otherwise", where=folder)
    config = _config(folder / "config.json")
    name = (config.architectures or [""])[0]
    kind: Any = getattr(transformers, name, None)
    if not hasattr(kind, "_from_config"):
        raise InputError(f"transformers knows no model class {name!r}", where=folder / "config.json")
    with torch.random.fork_rng(devices=[]), no_init_weights(), without_progress_bars():
        model: Any = kind._from_config(config, dtype=next(iter(state.values())).dtype)
    model.tie_weights()
    for weight in _matrices(model):
        factors = [nn.Parameter(weight.new_empty(size)) for size in ((weight.shape[0], rank), (rank, weight.shape[1]))]
        _put(model, weight, *factors)
    try:
        missing, unknown = model.load_state_dict(state, strict=False)
    except RuntimeError as error:
        said = " ".join(str(error).split())[:200]
        raise InputError(f"weights and configuration do not fit each other ({said})", where=folder) from None
    held = {id(each) for each_name, each in model.state_dict(keep_vars=True).items() if each_name in state}
    lacking = [each for each in missing if id(model.state_dict(keep_vars=True)[each]) not in held]
    if lacking or unknown:
        raise InputError(f"weights and configuration do not fit each other ({[*lacking, *unknown][0]})", where=folder)
    return cast("PreTrainedModel", model.eval())


def _config(path: Path) -> "PretrainedConfig":
    """The configuration. Classes come from the transformers library only: code that lies in the folder is never run."""
    from transformers import AutoConfig
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    try:
        said = json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise InputError("config.json is missing or damaged", where=path) from None
    kind = said.get("model_type") if isinstance(said, dict) else None
    if kind not in CONFIG_MAPPING:
        raise InputError(f"transformers knows no model of the type {kind!r}", where=path)
    try:
        found: PretrainedConfig = AutoConfig.from_pretrained(path.parent, trust_remote_code=False, local_files_only=True)
        return found
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"the configuration cannot be read ({' '.join(str(error).split())[:200]})", where=path) from None


def materialise(folder: Path, out: Path) -> None:
    """Write the weights of a factorised folder as `model.safetensors`, each pair of factors multiplied out.

    With the configuration and the tokenizer beside it `AutoModel.from_pretrained` loads it without Panglot.

    Args:
        folder: what `save` wrote.
        out: a folder that there is; only the weights are written.
    """
    from safetensors.torch import save_file

    state = _state(folder)
    plain = {name: each for name, each in state.items() if name.rpartition(".")[2] not in (_COORDINATES, _PRIMITIVES)}
    for path in facts(folder)["modules"]:
        if f"{path}.{_COORDINATES}" not in state:
            continue
        coordinates, primitives = state[f"{path}.{_COORDINATES}"], state[f"{path}.{_PRIMITIVES}"]
        whole = torch.empty(len(coordinates), primitives.shape[1], dtype=coordinates.dtype)
        for first in range(0, len(coordinates), _ROWS):
            whole[first : first + _ROWS] = coordinates[first : first + _ROWS].float() @ primitives.float()
        plain[f"{path}.weight"] = whole
    save_file(dict(sorted(plain.items())), out / WEIGHTS_FILE, metadata={"format": "pt"})


def facts(folder: Path) -> dict[str, Any]:
    """What `factorised.json` says: `rank`, `modules`, `name`.

    Raises:
        InputError: there is none, or a newer Panglot wrote it.
    """
    try:
        said = json.loads((folder / FACTS_FILE).read_bytes())
    except (OSError, ValueError):
        raise InputError("this folder holds no factorised model: factorised.json is missing or damaged", where=folder) from None
    if not isinstance(said, dict) or said.get("format") != FORMAT or not {"rank", "modules"} <= said.keys():
        raise InputError(f"factorised.json is not of the format {FORMAT}", where=folder, fix="upgrade panglot")
    if type(said["rank"]) is not int or said["rank"] < 1 or not isinstance(said["modules"], list):
        raise InputError("factorised.json is damaged", where=folder)
    return said


def _state(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(folder / FACTORS_FILE))
    except (OSError, SafetensorError) as error:
        raise InputError(f"the weights cannot be read ({error})", where=folder / FACTORS_FILE) from None
