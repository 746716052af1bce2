"""A romanised piece gets the row of the piece that it was romanised from."""

from typing import TYPE_CHECKING, Literal

from panglot.vocabulary.initialise.combination import Combination, averages
from panglot.vocabulary.initialise.task import Task
from panglot.vocabulary.transliteration import MergeMode, transliterated

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class TransMI(Combination):
    """e_t = e_s for the old piece s that is romanised to t; of several, that of the highest score, of the lowest, or the mean.

    Liu et al. (2024), "TransMI: A Framework to Create Strong Baselines from Multilingual Pretrained Language Models for
    Transliterated Data"; for tokenizers that `vocabulary.transliterate_tokenizer` made. The sources are found again from
    the old vocabulary. A token that no old piece is romanised to gets a row drawn around the old ones.

    Deviations: the published code's "average" is a sum, and it takes the first and the last source in the order of the ids
    for the highest and the lowest score; here the mean is a mean, and scores are compared.

    Attributes:
        mode: "max", "min" or "average".
        scripts: ISO 15924 codes, as they were given to `transliterate_tokenizer`.

    Example:
        >>> TransMI().mode
        'max'
    """

    method: Literal["transmi"] = "transmi"
    mode: MergeMode = "max"
    scripts: list[str] | None = None

    def weights(self, task: Task) -> "csr_array":
        """The weights.

        Raises:
            InputError: the old vocabulary is not Unigram, or a script is unknown.
        """
        known = {each.piece: each.chosen(self.mode) for each in transliterated(task.change.old, self.scripts)}
        return averages([known.get(task.change.new.tokens[each] or "", []) for each in task.targets], task.change.old.size)
