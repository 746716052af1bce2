"""Every new row is the mean of the rows of its old pieces."""

from typing import TYPE_CHECKING, Literal

from panglot.vocabulary.initialise.combination import Combination, averages
from panglot.vocabulary.initialise.cutting import old_pieces
from panglot.vocabulary.initialise.task import Task

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class SubwordMean(Combination):
    """e_t = mean of e_s over the old pieces s that the text of t is cut into, a piece counted as often as it occurs.

    Gee et al. (2022), "Fast Vocabulary Transfer for Language Model Compression". A token from the middle of a word is cut as
    such and not as the beginning of a word. Pieces for unknown characters are left out; a token that has no other pieces,
    and a special token, gets a row drawn around the old ones.

    Example:
        >>> SubwordMean().method
        'subword_mean'
    """

    method: Literal["subword_mean"] = "subword_mean"

    def weights(self, task: Task) -> "csr_array":
        return subword_weights(task)


def subword_weights(task: Task) -> "csr_array":
    """Weights of the means of old pieces, `[targets, old tokens]`; rows sum to one, or to zero where there is no piece."""
    return averages(old_pieces(task.change.old, task.change.new, task.targets), task.change.old.size)
