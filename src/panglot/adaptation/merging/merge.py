"""Component `adaptation.merge`: one model out of several of one architecture, without training."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from panglot.adaptation.merging.configurations import check_configurations
from panglot.adaptation.merging.distances import Distances
from panglot.adaptation.merging.member import Member, Rows, as_stored, check_tensors, open_member, shared_rows, values_of
from panglot.adaptation.merging.method import Merging
from panglot.adaptation.merging.methods import MergeMethod
from panglot.artifacts import InputError, Step, digest_value
from panglot.models import Model
from panglot.models.folder import inspect_folder
from panglot.models.model import MODEL_FOLDER, write_model
from panglot.models.sentence_modules import write_json
from panglot.vocabulary.checkpoint import Bytes, Checkpoint, Replacement
from panglot.vocabulary.checkpoint import Tensor as Stored
from panglot.vocabulary.initialise.task import Role
from panglot.vocabulary.matrices import DTYPES

if TYPE_CHECKING:
    from torch import Tensor

_WEIGHT_SUFFIXES = (
    ".safetensors", ".bin", ".pt", ".pth", ".pkl", ".ckpt", ".h5", ".msgpack", ".ot", ".onnx", ".onnx_data", ".gguf", ".npz",
    ".tflite", ".mlmodel",
)  # fmt: skip
_INDEX_SUFFIX = ".index.json"
_CARD = "README.md"
_SLICE_ROWS = 1 << 13


def merge(
    *,
    models: list[Model],
    method: MergeMethod,
    base: Model | None = None,
    weights: list[float] = [],  # noqa: B006
    vocabulary: Literal["same", "shared"] = "same",
    step: Step,
) -> Model:
    """Merge models of one architecture weight by weight. Nothing is trained.

    The files are read and written tensor by tensor, so that memory is that of one tensor a model; what is computed is float32,
    and what is written has the number format of the base, or of the first model where there is none. Configuration, tokenizer
    and all else in the folder are the first model's. A matrix that is tied, or lies in the files twice, is written once.

    Rows of tokens are matched by token and never by place: rows that no token has (Qwen pads its matrices) are the first
    model's. With `vocabulary: shared` the merged model has the vocabulary of the first model, so name the one with the extended
    tokenizer first. Rows of tokens that all models (and the base) have are merged; every other row is the first model's as it
    is, and tokens that the first does not have are left out.

    Instruction vectors: with the models adapted and instruct, their common base and the weights 1 and λ, `arithmetic` gives
    θ_adapted + λ (θ_instruct − θ_base).

    Args:
        models: what is merged.
        method: `linear`, `slerp`, `arithmetic`, `ties` or `dare`, or one with its parameters: `{method: ties, density: 0.3}`.
        base: the model that all others began as; `arithmetic`, `ties` and `dare` need it. With `linear` and `slerp` it sets the
            number format and is what the figures are told from, and nothing else.
        weights: one a model; `linear` and `slerp` divide them by their sum, for the others they are factors of the task
            vectors. 1 each where none are given.
        vocabulary: `same` refuses models whose tokenizers differ; `shared` merges what they have in common.
        step: where to write.

    Returns:
        The model. The figures hold under `merge` the distances between the models, and with a base the length of each task
        vector, the cosines between them, and the share of values on whose sign they are at odds.

    Raises:
        InputError: the method needs a base and there is none; too few or too many models or weights; configurations, tensors or
            vocabularies differ; what [`find_tensors`][panglot.vocabulary.matrices.find_tensors] refuses; a value is not finite.
    """
    factors = method.factors(weights, len(models))
    if method.from_base and base is None:
        raise InputError(
            f"{method.method} works on what models changed since their common base, and no base is given",
            where="base",
            fix="give the model that all of them began as, or use linear or slerp",
        )
    members = [open_member(each) for each in models]
    began = None if base is None else open_member(base)
    everyone = members if began is None else [*members, began]
    check_configurations(everyone, step)
    check_tensors(everyone)
    _check_modules(everyone)
    rows = shared_rows(everyone, mode=vocabulary)
    _note_vocabulary(members[0], rows[0], step)

    work = _Work(method, factors, members, began, rows, Distances(len(members), based=began is not None), step.seed)
    template = _written_once(began or members[0])
    folder = step.out / MODEL_FOLDER
    network = folder / members[0].found.inspected.network.relative_to(members[0].found.inspected.folder)
    _copy_rest(members[0], folder)
    network.mkdir(parents=True, exist_ok=True)
    _write_configuration(members[0], began, network)
    with step.progress("merging", total=len(template.tensors)) as progress:
        template.write(network, work.replacements(template, progress.advance))
    name = f"{'+'.join(each.name for each in models)} ({method.method})"
    step.figures["merge"] = {
        "method": method.model_dump(mode="json"),
        "vocabulary": vocabulary,
        "base": None if base is None else base.name,
        "models": [{"name": each.name, "weight": weight} for each, weight in zip(models, factors, strict=True)],
        "tensors": len(template.tensors),
        "tokens": {"merged": len(rows[0]), "rows": members[0].found.rows},
        **({"norm" if key == "base" else key: value for key, value in work.distances.figures().items()}),
    }
    return write_model(step.out, name=name, source="step", inspected=inspect_folder(folder))


class _Work:
    """Makes the bytes of one tensor after another."""

    def __init__(
        self,
        method: Merging,
        factors: list[float],
        members: list[Member],
        base: Member | None,
        rows: list[Rows],
        distances: Distances,
        seed: int,
    ) -> None:
        self._method, self._factors, self._members, self._base = method, factors, members, base
        self._rows, self._seed = rows, seed
        self.distances = distances

    def replacements(self, template: Checkpoint, advance: Callable[[float], None]) -> dict[str, Replacement]:
        """What each tensor of the template becomes."""
        found = self._base or self._members[0]
        roles = {tensors[0].name: role for role, tensors in found.found.stored.items()}
        count = self._members[0].found.rows
        made: dict[str, Replacement] = {}
        for name, tensor in template.tensors.items():
            if name in roles:
                # final_logits_bias is [1, rows]
                shape = (1, count) if tensor.shape[0] != found.found.rows else (count, *tensor.shape[1:])
                made[name] = Replacement(shape, self._pieces(tensor, roles[name], advance))
            elif tensor.dtype in DTYPES:
                made[name] = Replacement(tensor.shape, self._pieces(tensor, None, advance))
        return made

    def _pieces(self, tensor: Stored, role: Role | None, advance: Callable[[float], None]) -> Callable[[], Iterator[Bytes]]:
        def pieces() -> Iterator[Bytes]:
            if role is None:
                yield as_stored(self._merged(tensor), tensor)
            else:
                yield from (as_stored(each, tensor) for each in self._whole(role))
            advance(1)

        return pieces

    def _merged(self, tensor: Stored) -> "Tensor":
        parts = [values_of(each.others[tensor.name]) for each in self._members]
        return self._combined(parts, values_of(self._base.others[tensor.name]) if self._base else None, tensor.name)

    def _whole(self, role: Role) -> "Iterator[Tensor]":
        """The first model's matrix in slices, with the rows of common tokens merged."""
        merged = self._merged_rows(role)
        first = self._members[0]
        place = np.full(first.found.rows, -1, np.int64)
        place[self._rows[0]] = np.arange(len(merged))
        for begin in range(0, len(place), _SLICE_ROWS):
            chosen = np.arange(begin, min(begin + _SLICE_ROWS, len(place)))
            piece = first.rows(role, chosen)
            common = place[chosen] >= 0
            piece[common] = merged[place[chosen][common]]
            yield piece

    def _merged_rows(self, role: Role) -> "Tensor":
        parts = [each.rows(role, chosen) for each, chosen in zip(self._members, self._rows, strict=False)]
        return self._combined(parts, self._base.rows(role, self._rows[-1]) if self._base else None, role)

    def _combined(self, parts: "list[Tensor]", base: "Tensor | None", name: str) -> "Tensor":
        import torch

        generator = torch.Generator().manual_seed(int(digest_value([self._seed, name])[:15], 16))
        if base is None:
            self.distances.add(parts)
            return self._method.combined(parts, self._factors, generator)
        for each in parts:
            each -= base
        self.distances.add(parts)
        if not self._method.from_base:
            for each in parts:
                each += base
            found = self._method.combined(parts, self._factors, generator)
            self.distances.add_result(base, found - base)
            return found
        change = self._method.combined(parts, self._factors, generator)
        self.distances.add_result(base, change)
        return change.add_(base)


def _written_once(member: Member) -> Checkpoint:
    """The files of a model, less the copies of tied matrices."""
    checkpoint = member.found.checkpoint
    copies = {each.name for tensors in member.found.stored.values() for each in tensors[1:]}
    if not copies:
        return checkpoint
    files = tuple(
        replace(each, tensors=tuple(one for one in each.tensors if one.name not in copies)) for each in checkpoint.files
    )
    index = checkpoint.index
    if index is not None:
        index = {**index, "weight_map": {name: place for name, place in index["weight_map"].items() if name not in copies}}
    return Checkpoint(checkpoint.folder, tuple(each for each in files if each.tensors), index)


def _check_modules(members: Sequence[Member]) -> None:
    """Further modules of sentence encoders (Dense) have weights of their own, which are not merged."""
    first = members[0]
    for other in members[1:]:
        if _modules(first) != _modules(other):
            raise InputError(
                f"the modules of the sentence encoders {first.name} and {other.name} differ",
                where=other.found.inspected.folder,
                fix="merge encoders that differ in their network alone",
            )


def _modules(member: Member) -> list[Any]:
    folder = member.found.inspected.folder
    found: list[Any] = []
    for each in member.found.inspected.modules[1:]:
        files = sorted((folder / each["path"]).glob("*.safetensors")) if each["path"] else []
        found.append((each.get("type"), [(one.name, one.read_bytes()) for one in files]))
    return found


def _note_vocabulary(first: Member, rows: Rows, step: Step) -> None:
    tokens = sum(each is not None for each in first.vocabulary.tokens)
    if len(rows) < tokens:
        step.note(
            f"{len(rows):,} of {tokens:,} tokens are in all vocabularies and were merged; the rows of the others are those of "
            f"{first.name}."
        )


def _copy_rest(member: Member, folder: Path) -> None:
    """Everything of the first model but its network's weights, weights in other formats, and its card."""
    source, network = member.found.inspected.folder, member.found.inspected.network
    modules = [source / each["path"] for each in member.found.inspected.modules[1:]]
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if not path.is_file() or any(part.startswith(".") for part in relative.parts):
            continue
        of_module = path.suffix == ".safetensors" and any(path.parent == each != network for each in modules)
        weights = path.suffix in _WEIGHT_SUFFIXES or path.name.endswith(_INDEX_SUFFIX)
        if (weights and not of_module) or relative.parts[0] in ("onnx", "openvino") or path.name == _CARD:
            continue
        (folder / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / relative)


def _write_configuration(first: Member, base: Member | None, network: Path) -> None:
    """The first model's, with the number format of the base."""
    if base is None:
        return
    said = json.loads((network / "config.json").read_bytes())
    theirs = base.found.inspected.config
    said.pop("torch_dtype", None)
    said["dtype"] = theirs.get("dtype", theirs.get("torch_dtype")) or DTYPES[base.found.stored["input"][0].dtype]
    write_json(network / "config.json", said)
