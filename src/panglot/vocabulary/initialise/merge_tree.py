"""A new token of a BPE tokenizer from the two parts that it is merged of, down to old tokens."""

from collections import defaultdict
from typing import TYPE_CHECKING, Literal

import numpy as np

from panglot.vocabulary.initialise.combination import Combination, without_weights
from panglot.vocabulary.initialise.subword_mean import subword_weights
from panglot.vocabulary.initialise.task import Task
from panglot.vocabulary.rows import NEW, Change
from panglot.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class MergeTree(Combination):
    """e_t = ½ e_a + ½ e_b for the merge a b → t, applied down to old tokens; the mean where several merges make t.

    "Merge" of Yamaguchi et al., "How can we effectively expand the vocabulary of LLMs with 0.01GB of target language text?".
    Against the mean over pieces, parts high in the tree weigh more. Needs merges, so BPE of either kind; for other
    tokenizers, and for tokens that no merge leads to, the mean of the old pieces is taken, which the report says.

    Deviation: the head's rows are made from the head's rows (the published code makes them from the input matrix).

    Example:
        >>> MergeTree().method
        'merge_tree'
    """

    method: Literal["merge_tree"] = "merge_tree"

    def weights(self, task: Task) -> "csr_array":
        return tree_weights(task)


def tree_weights(task: Task) -> "csr_array":
    """Weights by the merge tree, and by the mean of old pieces where the tree says nothing: `[targets, old tokens]`."""
    from scipy.sparse import csr_array

    pieces = subword_weights(task)
    if task.change.new.family not in ("bpe", "byte_bpe"):
        task.note(f"A {task.change.new.family} tokenizer has no merges: the mean of the old pieces was taken.")
        return pieces
    shares = _shares(task.change)
    known = np.array([bool(shares.get(target)) for target in task.targets], bool)
    entries = [(row, old, share) for row, target in enumerate(task.targets) for old, share in shares.get(target, {}).items()]
    rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
    found = csr_array((np.array(values, float), (np.array(rows, int), np.array(columns, int))), shape=pieces.shape)
    task.figures["without_merges"] = int((~known & ~without_weights(pieces)).sum())
    return chosen_rows(~known, pieces, found)


def chosen_rows(which: "np.ndarray[tuple[int], np.dtype[np.bool_]]", here: "csr_array", there: "csr_array") -> "csr_array":
    """Row by row `here` where `which` says so, else `there`."""
    from scipy.sparse import diags_array

    return (diags_array(which.astype(float)) @ here + diags_array((~which).astype(float)) @ there).tocsr()


def merges_of(vocabulary: Vocabulary) -> list[tuple[str, str]]:
    """The merges of a BPE vocabulary, in their order; both spellings of `tokenizer.json` are read.

    Example:
        >>> merges_of(Vocabulary({"model": {"type": "BPE", "vocab": {}, "merges": ["a b", ["ab", "c"]]}}))
        [('a', 'b'), ('ab', 'c')]
    """
    said = vocabulary.model.get("merges") or []
    pairs = (each.split(" ") if isinstance(each, str) else each for each in said)
    return [(first, second) for first, second in pairs]


def _shares(change: Change) -> dict[int, dict[int, float]]:
    """Old ids and their shares for every new id that merges lead to."""
    ids, source = change.new.ids, change.source
    parts: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for first, second in merges_of(change.new):
        whole = ids.get(first + second)
        if whole is not None and source[whole] == NEW and first in ids and second in ids:
            parts[whole].append((ids[first], ids[second]))
    shares: dict[int, dict[int, float]] = {}
    for whole in sorted(parts, key=lambda each: (len(change.new.tokens[each] or ""), each)):  # parts are shorter
        trees = [
            [{int(source[part]): 1.0} if source[part] != NEW else shares.get(part) for part in pair] for pair in parts[whole]
        ]
        whole_trees = [each for each in trees if all(each)]
        found: dict[int, float] = defaultdict(float)
        for tree in whole_trees:
            for part in tree:
                for old, share in (part or {}).items():
                    found[old] += share / (2 * len(whole_trees))
        if found:
            shares[whole] = dict(found)
    return shares
