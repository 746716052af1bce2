"""The interface that all back-ends share, and Panglot's own identifier behind it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from panglot.artifacts import InputError, did_you_mean
from panglot.corpus.identification.letters import Letters, find_letters, script_group, scripts
from panglot.corpus.identification.model import Model
from panglot.corpus.identification.scoring import Quick, Scorer, heats

PACKAGED = Path(__file__).parent / "weights"
# as in panglot.corpus.documents, which brings in more than this module needs memory for
UNDETERMINED = "und"
_BATCH_TEXTS = 256
_BATCH_CHARACTERS = 1 << 16
QUICK = Quick(sure=0.9, words=8, known=0.5)
LONGEST = 1 << 14
"""Characters of a text that are looked at; the rest of a longer one is not."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What a back-end thinks a text is written in.

    Attributes:
        tag: canonical tag such as `hsb_Latn`; `und` where the back-end does not know.
        confidence: probability of the tag, 0 to 1; of the best guess where the tag is `und`.
        second: the next best tag, or the empty string.
        second_confidence: its probability.
        script: script of most letters, as Unicode names it (`Hani` for Chinese and Japanese); the empty string without letters.
        script_share: share of the letters that are of that script.
    """

    tag: str
    confidence: float
    second: str
    second_confidence: float
    script: str
    script_share: float


@dataclass(frozen=True)
class Guesses:
    """Guesses for many texts, as arrays.

    Attributes:
        tags: object [texts].
        confidence: float32 [texts].
        second: object [texts].
        second_confidence: float32 [texts].
        script: object [texts].
        script_share: float32 [texts].
    """

    tags: NDArray[np.object_]
    confidence: NDArray[np.float32]
    second: NDArray[np.object_]
    second_confidence: NDArray[np.float32]
    script: NDArray[np.object_]
    script_share: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.tags)

    def guesses(self) -> list[Guess]:
        """One by one."""
        columns = (self.tags, self.confidence, self.second, self.second_confidence, self.script, self.script_share)
        return [Guess(*each) for each in zip(*(column.tolist() for column in columns), strict=True)]

    @classmethod
    def joined(cls, parts: "Sequence[Guesses]") -> "Guesses":
        """Parts one behind the other."""
        names = ("tags", "confidence", "second", "second_confidence", "script", "script_share")
        if not parts:
            empty, none = np.zeros(0, np.float32), np.zeros(0, object)
            return cls(none, empty, none, empty, none, empty)
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


class Identifier(ABC):
    """Says what texts are written in. Guesses do not depend on which texts stand beside each other.

    Attributes:
        name: the back-end.
        languages: canonical tags that it knows, sorted.
    """

    name: str
    languages: tuple[str, ...]

    def identify(self, texts: Sequence[str]) -> list[Guess]:
        """A guess for each text."""
        return self.identify_batch(texts).guesses()

    def identify_batch(self, texts: Sequence[str]) -> Guesses:
        """Guesses for all texts, as arrays; memory is set by an inner batch."""
        return Guesses.joined([self._of(batch) for batch in _batches(texts)])

    @abstractmethod
    def _of(self, texts: list[str]) -> Guesses: ...


def _batches(texts: Iterable[str]) -> Iterable[list[str]]:
    batch: list[str] = []
    characters = 0
    for text in texts:
        short = text[:LONGEST]
        if batch and (len(batch) >= _BATCH_TEXTS or characters + len(short) > _BATCH_CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(short)
        characters += len(short)
    if batch:
        yield batch


def scripts_of(letters: Letters) -> tuple[NDArray[np.object_], NDArray[np.float32]]:
    """Script of most letters of each text, and the share of its letters that are of it."""
    counts = letters.scripts[:, 1:]
    if not len(counts):
        return np.zeros(0, object), np.zeros(0, np.float32)
    best = counts.argmax(1)
    total = counts.sum(1)
    names = np.array(scripts()[1:], object)[best]
    names[total == 0] = ""
    return names, (counts.max(1) / np.maximum(total, 1)).astype(np.float32)


class PanglotIdentifier(Identifier):
    """Panglot's own identifier.

    Confidence is softmax(score / T), T = temperature · (n / 100)^length for n n-grams, fitted on snippets that the weights
    were not trained on. A language that the model does not know is one more candidate, with the score
    stranger + stranger_rate · n. A text is `und` when the best confidence is below the threshold, or when too few of its
    n-grams and words are known to the model.

    A text whose words alone leave no doubt is answered by them; see `scoring.py`.

    Args:
        model: weights; those of the package without it.
        among: canonical tags to choose from; all without it.
        thorough: score every text with all n-grams; a fifth of the speed.
    """

    name = "panglot"

    def __init__(self, model: Model | None = None, among: Sequence[str] | None = None, *, thorough: bool = False) -> None:
        self._scorer = packaged_scorer() if model is None else Scorer(model)
        self._among = None
        self._quick = None if thorough else QUICK
        self.languages = tags = self._scorer.tags
        if among is not None:
            for tag in among:
                if tag not in tags:
                    raise InputError(
                        f"the identifier does not know {tag}", where="languages", fix=did_you_mean(tag, tags) or None
                    )
            self._among = np.isin(np.array(tags), list(among))
            self.languages = tuple(sorted(set(among)))

    def _of(self, texts: list[str]) -> Guesses:
        letters = find_letters(texts)
        scores = self._scorer.score(letters, self._among, self._quick)
        limits = self._scorer.calibration
        heat, stranger = heats(limits, scores.features, scores.by_words)
        weights = np.exp(np.maximum((scores.values - scores.values[:, :1]) / heat[:, None], -60))
        weights[scores.languages < 0] = 0
        # a language that is no candidate: one that gives every n-gram the same small odds
        doubt = np.exp(np.clip((stranger - scores.values[:, 0]) / heat, -60, 60))
        shares = weights / (weights.sum(1) + doubt)[:, None]
        tags = np.array([*self._scorer.tags, ""], object)
        first, second = tags[scores.languages[:, 0]], tags[scores.languages[:, 1]]
        unknown = (scores.languages[:, 0] < 0) | (shares[:, 0] < limits["least"])
        unknown |= ~scores.by_words & (scores.known < limits["known"]) & (scores.features >= 20)
        confidence = np.where(scores.languages[:, 0] < 0, 0, shares[:, 0])
        second_share = np.where(scores.languages[:, 1] < 0, 0, shares[:, 1])
        script, share = scripts_of(letters)
        return Guesses(
            np.where(unknown, UNDETERMINED, first).astype(object),
            confidence.astype(np.float32),
            second,
            second_share.astype(np.float32),
            script,
            share,
        )


class ScriptIdentifier(Identifier):
    """Languages that alone are written in a script: Khmer, Thaana, N'Ko; everything else is `und`."""

    name = "script"

    def __init__(self, model: Model | None = None) -> None:
        tags = packaged_scorer().tags if model is None else model.tags
        by: dict[str, list[str]] = {}
        for tag in tags:
            by.setdefault(script_group(tag[4:]), []).append(tag)
        self._tag = {script: each[0] for script, each in by.items() if len(each) == 1}
        self.languages = tuple(sorted(self._tag.values()))

    def _of(self, texts: list[str]) -> Guesses:
        script, share = scripts_of(find_letters(texts))
        tags = np.array([self._tag.get(each, UNDETERMINED) for each in script], object)
        none = np.zeros(len(texts), np.float32)
        return Guesses(tags, np.where(tags == UNDETERMINED, none, share), np.full(len(texts), "", object), none, script, share)


def packaged_model() -> Model:
    """The model in the package."""
    return Model.read(PACKAGED)


@lru_cache(maxsize=1)
def packaged_scorer() -> Scorer:
    """The model in the package laid out for scoring, read once."""
    return Scorer(packaged_model())


def identifier(back_end: str = "panglot", *, languages: Sequence[str] | None = None) -> Identifier:
    """A back-end by name.

    Args:
        back_end: `panglot`, `script`, `py3langid`, `pycld2`, `cld3`, `lingua`, `eldc`; `fasttext:PATH` or
            `fasttext:hub:OWNER/NAME/FILE` for a fastText model (GlotLID, lid.176, OpenLID); or a folder that
            `corpus.teach_identifier` wrote.
        languages: canonical tags to choose from, for `panglot` and folders.

    Raises:
        InputError: no such back-end, or its package is not installed.

    Example:
        >>> [each.tag for each in identifier().identify(["Wšitcy čłowjekojo su wot naroda swobodni.", "12 + 7 = 19"])]
        ['hsb_Latn', 'und']
    """
    if back_end == "panglot":
        return PanglotIdentifier(among=languages)
    if (Path(back_end) / "model.npz").is_file():
        return PanglotIdentifier(Model.read(Path(back_end)), among=languages)
    if languages is not None:
        raise InputError(f"{back_end} cannot be limited to some languages", where="languages", fix="use the back-end panglot")
    if back_end == "script":
        return ScriptIdentifier()
    from panglot.corpus.identification.back_ends import NAMES, other_back_end

    if back_end.partition(":")[0] not in NAMES:
        names = ["panglot", "script", *NAMES]
        raise InputError(
            f"there is no back-end {back_end!r}",
            where="back_end",
            fix=did_you_mean(back_end, names) or f"one of {', '.join(names)}, or a folder",
        )
    return other_back_end(back_end)
