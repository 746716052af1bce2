"""What the signals of a reference model lose on text of a source that the model has not seen.

With several sources it is measured: each source is scored by a model of the others. With one source it is expected from what
was lost in languages with several, where a model was trained on one of them alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.noise import spaces_of
from panglot.corpus.segmentation.words import find_words
from panglot.corpus.thresholds.reference_model import train_model
from panglot.corpus.thresholds.reference_text import Reference
from panglot.corpus.thresholds.rules import LEARNED
from panglot.corpus.thresholds.statistics import transformed

_GROUPS, _SCORED, _LEAST, _ENOUGH = 4, 12, 3, 200
_SMALL = 1750
# Of models trained on one source of 1,750 units (a Declaration of Human Rights): what they lose from its own held-out third to
# other sources, on the transformed scale, and the standard deviation of a source around that; of word order the share of the
# effect that is lost. Measured on the Declaration and on Tatoeba in fifty languages; it falls with the root of the units.
_LOSS = {"character_fit": 1.3, "known_characters": 0.15, "known_words": 0.38, "word_order": 0.68}
_DOUBT = {"character_fit": 0.3, "known_characters": 0.08, "known_words": 0.08, "word_order": 0.08}
_MOST, _UNITS_A_WORD, _LETTERS, _A_DOUBLING = 1.5, 3, 40, 0.25
_PRIOR_SOURCES = 3


@dataclass(frozen=True)
class Loss:
    """Of one signal: how much lower its mean is on an unseen source, and the standard deviation of sources around that.

    Of `word_order` the first is no loss but the effect that is left on an unseen source.
    """

    drop: float
    doubt: float


def losses(reference: Reference, held: Mapping[str, NDArray[np.float64]], units: int, seed: int) -> dict[str, Loss]:
    """The loss of each learned signal.

    Args:
        reference: the reference text of a language.
        held: learned signal to the values of the documents, scored by models that have not seen them but others of their
            source; of `word_order` its effect, the score over the root of the pairs.
        units: words of the reference text, or characters where words are not written apart.
        seed: of the models.
    """
    sources = np.array(reference.source)
    inside = {name: transformed(name, values) if name != "word_order" else values for name, values in held.items()}
    unseen = _left_out(reference, seed) if len(reference.sources) > 1 else {}
    if not unseen:
        return {name: _expected(name, inside[name], units, reference) for name in LEARNED}
    found = {}
    total = sum(map(len, reference.texts))
    for name in LEARNED:
        values, weights = [], []
        for source, scored in unseen.items():
            mine = inside[name][sources == source]
            if np.isnan(mine).all() or np.isnan(scored[name]).all():
                continue
            after = float(np.nanmean(scored[name]))
            values.append(after if name == "word_order" else float(np.nanmean(mine)) - after)
            # a model of what is left where the greatest source is out says little of the model of everything
            size = sum(len(text) for text, each in zip(reference.texts, reference.source, strict=True) if each == source)
            weights.append(1 - size / total)
        found[name] = _robust(name, values, weights) if values else _expected(name, inside[name], units, reference)
    return found


def _expected(name: str, values: NDArray[np.float64], units: int, reference: Reference) -> Loss:
    """The loss of a language with one source."""
    scale = float(np.sqrt(_SMALL / max(units, 1)))
    if name == "word_order":
        known = values[~np.isnan(values)]
        return Loss(max(1 - _LOSS[name] * scale, 0.0) * float(known.mean()) if len(known) else 0.0, _DOUBT[name])
    if not spaces_of(reference.tag):
        scale *= _UNITS_A_WORD**0.5
    scale = min(scale, _MOST)
    if name == "character_fit":
        # the more letters a script has, the fewer of their sequences has a short text
        letters = len({letter for text in reference.texts for letter in text.lower() if letter.isalpha()})
        scale *= 1 + max(_A_DOUBLING * float(np.log2(max(letters, 1) / _LETTERS)), 0.0)
    return Loss(_LOSS[name] * scale, _DOUBT[name] * max(scale, 0.5))


def _robust(name: str, values: Sequence[float], weights: Sequence[float]) -> Loss:
    """The weighted median of what the sources lose, and a spread around it drawn towards the usual one.

    One source in another spelling, or of another register, says that it is odd, and not that the language is unknown.
    """
    order = np.argsort(values)
    share = np.cumsum(np.array(weights)[order])
    median = float(np.array(values)[order][int(np.searchsorted(share, share[-1] / 2))])
    far = np.abs(np.array(values) - median)
    order = np.argsort(far)
    share = np.cumsum(np.array(weights)[order])
    spread = 1.48 * float(far[order][int(np.searchsorted(share, share[-1] / 2))])
    count = len(values)
    usual = _DOUBT[name]
    doubt = float(np.sqrt((_PRIOR_SOURCES * usual**2 + count * spread**2) / (_PRIOR_SOURCES + count)))
    return Loss(median, doubt)


def _left_out(reference: Reference, seed: int) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Source to learned signal to the values of some of its documents, scored by a model of other sources."""
    spaces = spaces_of(reference.tag)
    sizes = {name: reference.source.count(name) for name in reference.sources}
    order = sorted(sizes, key=lambda name: (-sizes[name], name))
    group = {name: place % _GROUPS for place, name in enumerate(order)}
    found: dict[str, dict[str, NDArray[np.float64]]] = {}
    for number in range(min(_GROUPS, len(order))):
        pairs = list(zip(reference.texts, reference.source, strict=True))
        seen = [text for text, name in pairs if group[name] != number]
        if not seen:
            continue
        further = zip(reference.more, reference.more_source, strict=True)
        seen += [text for text, name in further if group[name] != number][: max(_ENOUGH - len(seen), 0)]
        model = train_model(seen, spaces=spaces, seed=seed)
        for name in (each for each in order if group[each] == number):
            mine = [text for text, each in pairs if each == name]
            mine = mine[:: max(1, len(mine) // _SCORED)][:_SCORED]
            if len(mine) < min(_LEAST, sizes[name]):
                continue
            values, count = model.measured(find_words(mine))
            with np.errstate(invalid="ignore", divide="ignore"):
                effect = values["word_order"] / np.sqrt(count)
            found[name] = {each: effect if each == "word_order" else transformed(each, values[each]) for each in LEARNED}
    return found
