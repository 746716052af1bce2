"""A new row from the model that the new token comes from: a sparse sum of shared tokens, solved there and applied here."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from panglot.artifacts import InputError
from panglot.vocabulary.initialise.combination import combine, fill
from panglot.vocabulary.initialise.task import Matrix, Method, Role, Task
from panglot.vocabulary.surface import surfaces
from panglot.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    import torch
    from scipy.sparse import csr_array

_BATCH_VALUES = 1 << 26
_DEPENDENT = 1e-5
_RIDGE = 1e-10


class OMP(Method):
    """e_t = Σ_s c_ts e_s over at most k tokens s that both models have, where c solves d_t ≈ Σ_s c_ts d_s in a donor model.

    d are rows of a donor, a model whose vocabulary has the new tokens. The shared tokens are chosen by orthogonal matching
    pursuit: each step takes the token whose row has the largest inner product with what is left of d_t, and solves for all
    coefficients again. This is "Training-free tokenizer transplantation via orthogonal matching pursuit" (mergekit's
    `tokensurgeon`). The head is solved with the donor's head, where both models have one of their own; a bias gets the
    mean of the old biases, weighted by the sizes of the head's coefficients, because a bias is no vector.

    Deviations: tokens are shared when they stand for the same text, whatever the families of the two tokenizers; the pursuit
    ends early where the rest is nothing, or where the best token depends on those already taken; no more than `shared`
    tokens are searched, those of the lowest donor ids, which in trained tokenizers are mostly the frequent ones.

    Attributes:
        donor: folder of the donor model.
        k: how many shared tokens at most; 64 in the paper.
        shared: how many shared tokens are searched at most.

    Example:
        >>> OMP(donor=Path("models/donor")).k
        64
    """

    method: Literal["omp"] = "omp"
    donor: Path
    k: Annotated[int, Field(ge=1, le=1024)] = 64
    shared: Annotated[int, Field(ge=1)] = 8192

    def files(self) -> list[Path]:
        return [self.donor.expanduser()]

    def rows(self, task: Task) -> dict[Role, Matrix]:
        """The rows of the new tokens.

        Raises:
            InputError: the donor cannot be read, or it shares no token with the model.
        """
        from panglot.models.folder import inspect_folder
        from panglot.vocabulary.matrices import find_tensors
        from panglot.vocabulary.reading import read_vocabulary

        donor = self.donor.expanduser()
        if not donor.is_dir():
            raise InputError("there is no folder of a donor model", where=donor)
        tensors = find_tensors(donor)
        donors = _ids_by_surface(read_vocabulary(inspect_folder(donor).network))
        pairs = _shared(donors, _ids_by_surface(task.change.old), self.shared)
        if not len(pairs):
            raise InputError("the donor shares no token with the model", where=donor)
        texts = surfaces(task.change.new)
        named = ((number, texts[target]) for number, target in enumerate(task.targets))
        found = [(number, donors[text]) for number, text in named if text is not None and text in donors]
        task.figures["shared"] = len(pairs)
        weights: dict[Role, csr_array] = {}
        for role in ("input", "output"):
            if role in task.matrices:
                matrix = tensors.matrix(role if role in tensors.stored else "input")
                weights[role] = self._weights(matrix, pairs, found, task)
        if "bias" in task.matrices:
            weights["bias"] = _averaging(weights.get("output", weights["input"]))
        rows = {role: combine(each, task.old(role)) for role, each in weights.items()}
        for role in ("output", "bias", "input"):  # the last one's counts are told
            if role in rows:
                fill({role: rows[role]}, weights[role], task)
        return rows

    def _weights(self, donor: Matrix, pairs: NDArray[np.int64], found: list[tuple[int, int]], task: Task) -> "csr_array":
        from scipy.sparse import csr_array

        places = np.array([number for number, _ in found], np.int64)
        chosen, coefficients = matching_pursuit(donor[[each for _, each in found]], donor[pairs[:, 0]], self.k)
        kept = chosen >= 0
        rows = np.broadcast_to(places[:, None], chosen.shape)[kept]
        return csr_array((coefficients[kept], (rows, pairs[chosen[kept], 1])), shape=(len(task.targets), task.change.old.size))


def matching_pursuit(targets: Matrix, atoms: Matrix, k: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Orthogonal matching pursuit of many targets at once.

    Args:
        targets: `[targets, D]`.
        atoms: `[atoms, D]`, not normalised.
        k: how many atoms a target may take.

    Returns:
        Which atoms each target takes, in the order in which it takes them, int64 `[targets, k]`, −1 where it stopped; and
        their coefficients, float64 `[targets, k]`, 0 where it stopped: the least-squares solution over the atoms taken.

    Example:
        >>> chosen, coefficients = matching_pursuit(np.array([[3, 0, 4]], np.float32), np.eye(3, dtype=np.float32), 3)
        >>> chosen.tolist(), coefficients.round(6).tolist()
        ([[2, 0, -1]], [[4.0, 3.0, 0.0]])
    """
    import torch

    k = min(k, len(atoms), atoms.shape[1])
    chosen = np.full((len(targets), k), -1, np.int64)
    coefficients = np.zeros((len(targets), k))
    size = max(1, _BATCH_VALUES // max(len(atoms), k * atoms.shape[1]))
    dictionary = torch.from_numpy(np.ascontiguousarray(atoms))
    with torch.no_grad():
        for start in range(0, len(targets), size):
            part = torch.from_numpy(np.ascontiguousarray(targets[start : start + size]))
            taken = _pursue(part, dictionary, k)
            chosen[start : start + size] = taken.numpy()
            coefficients[start : start + size] = _solve(part, dictionary, taken).numpy()
    return chosen, coefficients


def _pursue(targets: "torch.Tensor", atoms: "torch.Tensor", k: int) -> "torch.Tensor":
    import torch

    count, width = targets.shape
    taken = torch.full((count, k), -1, dtype=torch.int64)
    basis = torch.zeros(count, k, width)
    rest, going = targets.clone(), torch.ones(count, dtype=torch.bool)
    least = _DEPENDENT * targets.norm(dim=1)
    everyone = torch.arange(count)
    for turn in range(k):
        going &= rest.norm(dim=1) > least
        if not going.any():
            break
        products = (rest @ atoms.T).abs_()
        if turn:
            before = taken[:, :turn]
            products[everyone[:, None].expand_as(before)[before >= 0], before[before >= 0]] = -1.0
        best = products.argmax(dim=1)
        atom = atoms[best]
        direction = atom.clone()
        for _ in range(2 if turn else 0):  # the second pass restores the orthogonality that float32 loses
            direction -= torch.bmm(torch.bmm(basis[:, :turn], direction[:, :, None]).transpose(1, 2), basis[:, :turn])[:, 0]
        length = direction.norm(dim=1)
        going &= length > _DEPENDENT * atom.norm(dim=1)
        unit = torch.where(going[:, None], direction / length.clamp_min(1e-30)[:, None], 0.0)
        basis[:, turn] = unit
        rest -= (rest * unit).sum(dim=1, keepdim=True) * unit
        taken[:, turn] = torch.where(going, best, -1)
    return taken


def _solve(targets: "torch.Tensor", atoms: "torch.Tensor", taken: "torch.Tensor") -> "torch.Tensor":
    import torch

    found = torch.zeros(taken.shape, dtype=torch.float64)
    for start in range(0, len(taken), 256):
        some = taken[start : start + 256]
        kept = (some >= 0).double()
        rows = atoms[some.clamp_min(0)].double() * kept[:, :, None]
        products = torch.bmm(rows, rows.transpose(1, 2))
        scale = products.diagonal(dim1=1, dim2=2)
        products.diagonal(dim1=1, dim2=2).add_(_RIDGE * scale.amax(dim=1, keepdim=True) * kept + (1 - kept))
        sides = torch.bmm(rows, targets[start : start + 256].double()[:, :, None])
        factor = torch.linalg.cholesky(products)
        found[start : start + 256] = torch.cholesky_solve(sides, factor)[:, :, 0] * kept
    return found


def _averaging(weights: "csr_array") -> "csr_array":
    from scipy.sparse import diags_array

    size = np.asarray(abs(weights).sum(axis=1))
    return (diags_array(1.0 / np.where(size > 0, size, 1.0)) @ abs(weights)).tocsr()


def _shared(donors: dict[bytes, int], bases: dict[bytes, int], limit: int) -> NDArray[np.int64]:
    pairs = sorted((donor, bases[text]) for text, donor in donors.items() if text in bases)
    return np.array(pairs[:limit], np.int64).reshape(-1, 2)


def _ids_by_surface(vocabulary: Vocabulary) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for number, text in enumerate(surfaces(vocabulary)):
        if text is not None:
            found.setdefault(text, number)
    return found
