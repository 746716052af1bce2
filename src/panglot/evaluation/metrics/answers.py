"""Exact match and token F1 of answers. Outputs are texts, targets one or several right answers each."""

import re
import string
import unicodedata
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from panglot.artifacts import InputError
from panglot.evaluation.metrics.metric import Floats, Mean, references
from panglot.evaluation.metrics.tokens import spaced_tokens

Rules = Literal["squad", "mlqa", "script"]

MLQA = {
    "ara": "ar", "arb": "ar", "cmn": "zh", "deu": "de", "eng": "en", "hin": "hi", "spa": "es", "vie": "vi", "zho": "zh"
}  # fmt: skip
"""The languages of MLQA's script, by ISO 639-3."""

# `re` and not `regex`: the scripts' word boundaries also stand before a combining mark
_ARTICLES = {
    "en": r"\b(?:a|an|the)\b",
    "es": r"\b(?:un|una|unos|unas|el|la|los|las)\b",
    "vi": r"\b(?:của|là|cái|chiếc|những)\b",
    "de": r"\b(?:ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    # as MLQA has it: the letters of the article anywhere, inside words too
    "ar": "ال",
}
_HAN = re.compile("[\u4e00-\u9fa5]")


class Normaliser:
    """How answers are made comparable.

    - `squad`: SQuAD 1.1's script (Rajpurkar et al. 2016), for English: small letters, ASCII punctuation dropped, articles
      dropped.
    - `mlqa`: MLQA's script (Lewis et al. 2020), for its seven languages: Unicode's punctuation, the articles of each language,
      and in Chinese each Han character alone.
    - `script`: ours, for every other language: composed (NFC), small letters, Unicode's punctuation dropped, no articles, and
      in scripts without spaces each grapheme cluster alone.

    SQuAD's rules leave the punctuation of other scripts, and make one word of a Chinese answer; outside English they are used
    only where somebody names them.

    Args:
        language: tag or name of the language of the answers.
        rules: which; English has SQuAD's by default, MLQA's other languages MLQA's, and all others ours.

    Raises:
        InputError: MLQA's rules for a language that they do not know.

    Example:
        >>> Normaliser("eng_Latn").tokens("The cat!"), Normaliser("khm_Khmr").tokens("សួស្តី។")
        (['cat'], ['សួ', 'ស្តី'])
    """

    def __init__(self, language: str, rules: Rules | None = None) -> None:
        from panglot.languages import Language

        code = Language.parse(language).code
        short = MLQA.get(code)
        self.rules: Rules = rules or ("squad" if code == "eng" else "mlqa" if short else "script")
        if self.rules == "mlqa" and short is None:
            raise InputError(f"MLQA's script knows no {language}", fix="leave the rules out, or name 'script'")
        self._articles = {"squad": _ARTICLES["en"], "mlqa": _ARTICLES.get(short or ""), "script": None}[self.rules]
        self._cut: Callable[[str], list[str]] = spaced_tokens if self.rules == "script" else str.split
        if self.rules == "mlqa" and short == "zh":
            self._cut = _mixed
        self.name = f"mlqa-{short}" if self.rules == "mlqa" else self.rules

    def tokens(self, text: str) -> list[str]:
        """The tokens that are compared."""
        text = (unicodedata.normalize("NFC", text) if self.rules == "script" else text).lower()
        wide = self.rules != "squad"
        text = "".join(
            each for each in text if each not in string.punctuation and not (wide and unicodedata.category(each)[0] == "P")
        )
        if self._articles is not None:
            text = re.sub(self._articles, " ", text)
        return self._cut(text)


def _mixed(text: str) -> list[str]:
    return _HAN.sub(lambda found: f" {found.group()} ", text).split()


class _Answers(Mean):
    """A value of an output and one right answer; the best over the right answers counts."""

    def __init__(self, language: str, rules: Rules | None = None) -> None:
        self.normaliser = Normaliser(language, rules)

    @property
    def signature(self) -> dict[str, str]:
        """How answers are normalised."""
        return {"norm": self.normaliser.name}

    def values(self, outputs: Sequence[str], targets: Sequence[str | Sequence[str]]) -> Floats:
        """The best over the right answers, an item."""
        tokens = self.normaliser.tokens
        pairs = enumerate(zip(outputs, targets, strict=True))
        return np.array(
            [max(self._judged(tokens(said), tokens(right)) for right in references(every, at)) for at, (said, every) in pairs]
        )

    @abstractmethod
    def _judged(self, said: list[str], right: list[str]) -> float:
        """How well one answer fits another, by their tokens."""


class ExactMatch(_Answers):
    """Share of the outputs that equal a right answer, once both are normalised.

    Args:
        language: tag or name of the language of the answers.
        rules: see `Normaliser`.

    Example:
        >>> ExactMatch("zho_Hans").corpus(["北京。", "上海"], ["北京", ("北京", "天津")])
        0.5
    """

    name = "exact_match"

    def _judged(self, said: list[str], right: list[str]) -> float:
        return float(said == right)


class SequenceAccuracy(Mean):
    """Share of the outputs that equal a right answer letter by letter; white space at the ends alone does not count.

    For answers whose brackets and capitals mean something, such as trees of intents and slots (MTOP; XTREME-UP).

    Example:
        >>> SequenceAccuracy().corpus([" [IN:A ]", "[IN:B]"], ["[IN:A ]", ("[in:b]",)])
        0.5
    """

    name = "sequence_accuracy"

    def values(self, outputs: Sequence[str], targets: Sequence[str | Sequence[str]]) -> Floats:
        """1 or 0 an item."""
        pairs = enumerate(zip(outputs, targets, strict=True))
        return np.array(
            [float(any(said.strip() == right.strip() for right in references(every, at))) for at, (said, every) in pairs]
        )


class TokenF1(_Answers):
    """Mean over items of F1 between the tokens of the output and of the right answer that it is most like.

    As in SQuAD's and MLQA's scripts, answers that share no token have 0. By our rules two answers of punctuation alone are
    equal.

    Args:
        language: tag or name of the language of the answers.
        rules: see `Normaliser`.

    Example:
        >>> TokenF1("zho_Hans").corpus(["北京市"], ["北京"]), TokenF1("zho_Hans", "squad").corpus(["北京市"], ["北京"])
        (0.8, 0.0)
    """

    name = "token_f1"

    def _judged(self, said: list[str], right: list[str]) -> float:
        shared = sum((Counter(said) & Counter(right)).values())
        if not shared:
            return float(self.normaliser.rules == "script" and not said and not right)
        precision, recall = shared / len(said), shared / len(right)
        return 2 * precision * recall / (precision + recall)
