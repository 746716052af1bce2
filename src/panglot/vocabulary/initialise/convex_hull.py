"""Learned rows that stay inside the convex hull of the old rows."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from panglot.artifacts import InputError
from panglot.vocabulary.initialise.combination import combine
from panglot.vocabulary.initialise.cutting import old_pieces
from panglot.vocabulary.initialise.skip_grams import SkipGrams, count_skip_grams, thinned
from panglot.vocabulary.initialise.task import Matrix, Method, Role, Task
from panglot.vocabulary.rows import NEW

if TYPE_CHECKING:
    import torch
    from scipy.sparse import csr_array

_LEAST_WEIGHT = 1e-7
_ROWS = 1024


class ConvexHull(Method):
    """W' = softmax(A₁A₂) W and V' = softmax(B₁B₂) V, learned so that neighbours in the text predict each other (CW2V).

    Mundra et al. (2024), "An Empirical Comparison of Vocabulary Expansion and Initialization Approaches for Language Models".
    W and V, the old input and output rows, are frozen. The loss is that of skip-grams: cross-entropy of the neighbour y of a
    token x with logits `[W; W'][x] · [V; V']ᵀ`. With tied matrices there is one pair of factors. Weights are positive and sum
    to one, so that a new token's logit is never above the highest old one: greedy decoding on old text does not change.
    A bias of the head is combined like the head's rows, which keeps that true.

    Deviations, without which 250k old and 8k new tokens would need 8 GB for one matrix of weights: only the `candidates` old
    tokens that are most frequent (in the text, and in the old pieces of new tokens) get weights; a step takes `batch` pairs
    of which one at least is new, and its softmax goes over the neighbours in the batch, each weighted by the inverse of the
    probability of being there, which estimates the sum over all tokens of the text; training ends after `steps` steps, or
    after three epochs where those are fewer. New tokens without a neighbour in the text get the mean of their old pieces,
    or of all candidates.

    Attributes:
        rank: columns of A₁ and B₁; 1024 in the paper's code.
        candidates: how many old tokens may get a weight.
        steps: at most.
        batch: pairs a step (the paper: 32).
        learning_rate: of Adam.
        weight_decay: of Adam.
        characters: of a longer text, only every nth document is read, so that about so many are.

    Example:
        >>> ConvexHull(steps=50).rank
        1024
    """

    method: Literal["convex_hull"] = "convex_hull"
    needs_text: ClassVar[bool] = True
    rank: Annotated[int, Field(ge=1)] = 1024
    candidates: Annotated[int, Field(ge=1)] = 2048
    steps: Annotated[int, Field(ge=0)] = 150
    batch: Annotated[int, Field(ge=1)] = 1024
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 5e-3
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.01
    characters: Annotated[int, Field(ge=1)] = 4_000_000

    def rows(self, task: Task) -> dict[Role, Matrix]:
        """The rows of the new tokens.

        Raises:
            InputError: there is no text.
        """
        weights = self.weights(task)
        return {role: combine(weights[role], task.old(role)) for role in task.matrices}

    def weights(self, task: Task) -> dict[Role, "csr_array"]:
        """The weights of the old tokens by role, `[targets, old tokens]`; each row is positive and sums to one."""
        if task.texts is None:
            raise InputError("the initialisation `convex_hull` needs text", fix="give text of the new language")
        pairs = count_skip_grams(task.change.new, thinned(task.texts, self.characters)).with_one_of(task.targets)
        pieces = old_pieces(task.change.old, task.change.new, task.targets)
        chosen = self._candidates(task, pairs.frequency, pieces)
        learner = _Learner(self, task, pairs, chosen)
        learner.learn()
        seen = np.zeros(task.change.new.size, bool)
        seen[pairs.centre] = True
        unseen = ~seen[task.targets]
        unknown = sum(not parts for parts, alone in zip(pieces, unseen.tolist(), strict=True) if alone)
        task.figures.update(
            candidates=len(chosen), pairs=int(pairs.count.sum()) // 2, unseen=int(unseen.sum()), unknown=unknown
        )
        task.figures.update(steps=learner.steps, loss=[round(each, 4) for each in (learner.first, learner.last)])
        found = {role: _sparse(each, chosen, pieces, unseen, task.change.old.size) for role, each in learner.factors.items()}
        head = found.get("output", found["input"])
        return {role: head if role == "bias" else found[role] for role in task.matrices}

    def _candidates(self, task: Task, frequency: NDArray[np.int64], pieces: list[list[int]]) -> NDArray[np.int64]:
        """Old ids, the most frequent first; equal counts in the order of the ids."""
        old, source = task.change.old, task.change.source
        counts = np.zeros(old.size, np.int64)
        kept = source != NEW
        counts[source[kept]] = frequency[kept]
        for target, parts in zip(task.targets, pieces, strict=True):
            np.add.at(counts, parts, frequency[target])
        counts[sorted(old.special)] = 0
        order = np.argsort(-counts, kind="stable")[: self.candidates]
        return order[counts[order] > 0] if counts.any() else order


class _Learner:
    """Learns the factors of each role's weights."""

    def __init__(self, method: ConvexHull, task: Task, pairs: SkipGrams, chosen: NDArray[np.int64]) -> None:
        import torch

        self.method, self.task, self.pairs = method, task, pairs
        self.steps = min(method.steps, -(-3 * int(pairs.count.sum()) // method.batch))
        self.first = self.last = 0.0
        self.row_of = np.full(task.change.new.size, -1, np.int64)
        self.row_of[task.targets] = np.arange(len(task.targets))
        random = torch.Generator().manual_seed(task.seed)
        rank = min(method.rank, len(chosen))
        self.factors: dict[Role, tuple[torch.Tensor, torch.Tensor]] = {}
        self.frozen: dict[Role, torch.Tensor] = {}
        for role in ("input", "output"):
            if role in task.matrices:
                shapes = (len(task.targets), rank), (rank, len(chosen))
                first, second = (torch.rand(*shape, generator=random).requires_grad_() for shape in shapes)
                self.factors[role] = first, second
                self.frozen[role] = torch.from_numpy(task.old(role)[chosen])

    def learn(self) -> None:
        import torch

        parameters = [each for pair in self.factors.values() for each in pair]
        optimiser = torch.optim.Adam(parameters, self.method.learning_rate, weight_decay=self.method.weight_decay)
        random = np.random.default_rng(self.task.seed)
        bounds = np.cumsum(self.pairs.count)
        share = np.bincount(self.pairs.context, self.pairs.count, minlength=len(self.row_of)) / max(int(bounds[-1:].sum()), 1)
        for step in range(self.steps):
            picked = np.searchsorted(bounds, random.integers(0, bounds[-1], self.method.batch), "right")
            centres, centre_of = np.unique(self.pairs.centre[picked], return_inverse=True)
            contexts, context_of = np.unique(self.pairs.context[picked], return_inverse=True)
            present = -np.expm1(self.method.batch * np.log1p(-np.minimum(share[contexts], 1 - 1e-9)))
            logits = self._vectors("input", centres) @ self._vectors("output", contexts).T
            logits = logits[torch.from_numpy(centre_of)] - torch.from_numpy(np.log(present)).float()
            loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(context_of))
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            self.last = loss.item()
            self.first = self.first if step else self.last

    def _vectors(self, role: Role, ids: NDArray[np.int64]) -> "torch.Tensor":
        import torch

        role = role if role in self.factors else "input"
        rows, old = self.row_of[ids], self.task.change.source[ids]
        found = torch.from_numpy(self.task.old(role)[np.maximum(old, 0)])
        new = np.flatnonzero(rows >= 0)
        if not len(new):
            return found
        first, second = self.factors[role]
        mixed = torch.softmax(first[torch.from_numpy(rows[new])] @ second, dim=1) @ self.frozen[role]
        return found.index_copy(0, torch.from_numpy(new), mixed)


def _sparse(
    factors: tuple["torch.Tensor", "torch.Tensor"],
    chosen: NDArray[np.int64],
    pieces: list[list[int]],
    unseen: NDArray[np.bool_],
    size: int,
) -> "csr_array":
    """softmax of the product, without the weights that are next to nothing."""
    import torch
    from scipy.sparse import csr_array

    columns, values, lengths = [], [], []
    with torch.no_grad():
        first, second = (each.detach() for each in factors)
        for start in range(0, len(pieces), _ROWS):
            shares = torch.softmax((first[start : start + _ROWS] @ second).double(), dim=1).numpy()
            shares[shares < _LEAST_WEIGHT] = 0.0
            for row, share in enumerate(shares, start):
                parts, weights = chosen[share > 0], share[share > 0]
                if unseen[row]:
                    parts, counts = np.unique(pieces[row] or chosen, return_counts=True)
                    weights = counts.astype(float)
                columns.append(parts)
                values.append(weights / weights.sum())
                lengths.append(len(parts))
    bounds = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    joined = [np.concatenate(each) if each else np.empty(0) for each in (values, columns)]
    found = csr_array((joined[0], joined[1].astype(np.int64), bounds), shape=(len(pieces), size))
    found.sort_indices()
    return found
