"""A model that is merged with others: its tensors where they lie in its files, and the rows of its tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from panglot.artifacts import InputError
from panglot.models import Model
from panglot.vocabulary.checkpoint import Bytes
from panglot.vocabulary.checkpoint import Tensor as Stored
from panglot.vocabulary.initialise.task import Role
from panglot.vocabulary.initialise_rows import model_vocabulary
from panglot.vocabulary.matrices import DTYPES, VocabularyTensors, as_float32, find_tensors
from panglot.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    from torch import Tensor

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Member:
    """One of the models, or their base.

    Attributes:
        name: what tables show.
        found: its files, and which of its tensors have one row a token.
        vocabulary: its tokenizer.
    """

    name: str
    found: VocabularyTensors
    vocabulary: Vocabulary

    @cached_property
    def others(self) -> dict[str, Stored]:
        """Tensors by name that have no row for each token."""
        of_tokens = {each.name for tensors in self.found.stored.values() for each in tensors}
        return {name: each for name, each in self.found.checkpoint.tensors.items() if name not in of_tokens}

    def rows(self, role: Role, chosen: Rows) -> "Tensor":
        """Rows of a matrix of tokens, float32 `[rows, D]`; those of a bias `[rows, 1]`."""
        import torch

        tensor = self.found.stored[role][0]
        stored = tensor.rows(self.found.rows)[chosen]
        # what was gathered is a copy already
        values = stored.view("<f4") if tensor.dtype == "F32" else as_float32(stored, tensor.dtype)
        return torch.from_numpy(values)


def open_member(model: Model) -> Member:
    """Read the headers and the tokenizer of a model; its weights stay where they are.

    Raises:
        InputError: what `find_tensors` refuses; the tokenizer has more tokens than the matrix has rows.
    """
    found, vocabulary = find_tensors(model), model_vocabulary(model)
    if vocabulary.size > found.rows:
        raise InputError(
            f"the tokenizer has {vocabulary.size:,} ids and the matrix {found.rows:,} rows", where=found.inspected.network
        )
    return Member(model.name, found, vocabulary)


def values_of(tensor: Stored) -> "Tensor":
    """A stored tensor as float32, in memory."""
    import torch

    return torch.from_numpy(as_float32(tensor.rows(1), tensor.dtype)).reshape(tensor.shape)


def as_stored(values: "Tensor", tensor: Stored) -> Bytes:
    """Bytes of float32 values in the number format that a tensor has in its file.

    Raises:
        InputError: a value is not finite, or is too large for the format.
    """
    import torch

    cast = values.to(getattr(torch, DTYPES[tensor.dtype]))
    if not torch.isfinite(cast).all():
        raise InputError(
            f"{tensor.name} would hold values that are no numbers in {DTYPES[tensor.dtype]}",
            where=tensor.path,
            fix="give smaller weights, or look for damaged weights",
        )
    found: Bytes = cast.contiguous().view(-1).view(torch.uint8).numpy()
    return found


def check_tensors(members: Sequence[Member]) -> None:
    """Refuse models that hold different tensors, or tensors of different shapes.

    Raises:
        InputError: names the first of them.
    """
    first = members[0]
    for other in members[1:]:
        where = other.found.inspected.network
        if unlike := sorted(first.found.stored.keys() ^ other.found.stored.keys()):
            has, lacks = (first, other) if unlike[0] in first.found.stored else (other, first)
            raise InputError(f"{has.name} has a matrix of its own for the {unlike[0]}, and {lacks.name} has none", where=where)
        for role in first.found.stored:
            if (width := _width(first, role)) != (theirs := _width(other, role)):
                raise InputError(f"rows of the {role} have {width} values in {first.name} and {theirs} in {other.name}")
        if names := sorted(first.others.keys() ^ other.others.keys()):
            has, lacks = (first, other) if names[0] in first.others else (other, first)
            raise InputError(
                f"{has.name} has the tensor {names[0]}, and {lacks.name} does not ({len(names)} such tensors)",
                where=where,
                fix="merge models of one architecture with one kind of head",
            )
        for name, tensor in first.others.items():
            found = other.others[name]
            if found.shape != tensor.shape:
                shapes = " and ".join(str(list(each.shape)) for each in (tensor, found))
                raise InputError(f"{name} has the shapes {shapes} in {first.name} and {other.name}", where=where)
            if (found.dtype in DTYPES) != (tensor.dtype in DTYPES):
                raise InputError(f"{name} is {tensor.dtype} in {first.name} and {found.dtype} in {other.name}", where=where)
            if tensor.dtype not in DTYPES and b"".join(map(bytes, tensor.pieces())) != b"".join(map(bytes, found.pieces())):
                raise InputError(
                    f"{name} holds numbers that cannot be averaged ({tensor.dtype}), and they differ in {other.name}",
                    where=where,
                )


def _width(member: Member, role: Role) -> int:
    return int(np.prod(member.found.stored[role][0].shape)) // member.found.rows


def shared_rows(members: Sequence[Member], *, mode: str) -> list[Rows]:
    """For each model the rows of the tokens that are merged: int64, one order for all, that of the first model's ids.

    Rows that no token has are not among them, whether they stand behind the tokens (padding) or between.

    Args:
        members: the models; the base may be one.
        mode: `same`, all must have the same tokens at the same ids; `shared`, tokens that all have are merged.

    Raises:
        InputError: `same` was asked for and they differ; they have no token in common.
    """
    first = members[0]
    tokens = [token for token in first.vocabulary.tokens if token is not None]
    for other in members[1:]:
        theirs = other.vocabulary.ids
        if mode == "same" and theirs != first.vocabulary.ids:
            raise InputError(
                f"{first.name} and {other.name} have different vocabularies ({_unlike(first, other)})",
                where="models",
                fix="merge models with one tokenizer, or ask for vocabulary: shared, which merges the rows of common tokens",
            )
        tokens = [token for token in tokens if token in theirs]
    if not tokens:
        raise InputError(f"the models have no token in common with {first.name}", where="models")
    return [np.array([each.vocabulary.ids[token] for token in tokens], np.int64) for each in members]


def _unlike(one: Member, other: Member) -> str:
    ours, theirs = one.vocabulary.ids, other.vocabulary.ids
    token = next((each for each in [*ours, *theirs] if ours.get(each) != theirs.get(each)), "")
    places = " and ".join(
        "is missing" if found is None else f"has the id {found}" for found in (ours.get(token), theirs.get(token))
    )
    return f"{token!r} {places}; {len(ours):,} and {len(theirs):,} tokens"
