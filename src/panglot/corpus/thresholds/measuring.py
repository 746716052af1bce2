"""Signals of reference text and of noise planted in it, held-out text scored by models that have not seen its source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from panglot.corpus.noise import KINDS, Kind, make_noise, spaces_of
from panglot.corpus.segmentation.words import find_words
from panglot.corpus.signals import signals_of
from panglot.corpus.signals.table import Group
from panglot.corpus.thresholds.reference_model import ReferenceModel, allowance, train_model
from panglot.corpus.thresholds.reference_text import Reference
from panglot.corpus.thresholds.rules import LEARNED, RULES
from panglot.corpus.thresholds.stop_words import stop_words
from panglot.corpus.thresholds.unseen import Loss, losses

Table = dict[str, NDArray[np.float64]]
_GROUPS: tuple[Group, ...] = ("size", "gopher_quality", "gopher_repetition", "fineweb", "roots", "damage")
NOISY = 16
_FOREIGN = 60


@dataclass(frozen=True)
class Measured:
    """What was measured of one language.

    Attributes:
        reference: the documents.
        stop_words: of the whole reference text.
        model: trained on the whole reference text.
        clean: signal to values, float64 [documents].
        noise: kind to signal to values, float64 [noisy documents].
        losses: learned signal to what it loses on an unseen source.
    """

    reference: Reference
    stop_words: list[str]
    model: ReferenceModel
    clean: Table
    noise: dict[Kind, Table]
    losses: dict[str, Loss]

    @property
    def source(self) -> NDArray[np.int64]:
        """The number of each document's source, int64 [documents]."""
        names = self.reference.sources
        return np.array([names.index(each) for each in self.reference.source], dtype=np.int64)


def measure(
    reference: Reference, foreign: Sequence[str], seed: int, noisy_documents: int = NOISY, *, keep_model: bool = True
) -> Measured:
    """Train the models of the folds, score what each has not seen, plant noise in it and score that.

    Args:
        reference: the reference text of a language.
        foreign: texts of other languages, for the noise `wrong_language`; without any there is none.
        seed: of the models and the noise.
        noisy_documents: how many documents of each kind of noise to make, at least.
        keep_model: whether to train the model of the whole text; without, the last fold's is kept in its place.
    """
    tag, texts = reference.tag, reference.texts
    spaces = spaces_of(tag)
    drafts = 1
    words = stop_words(texts, reference.source)
    clean = plain_signals(texts, tag, words)
    noisy: dict[Kind, list[str]] = {}
    rng = np.random.default_rng(seed)
    chosen = sorted(rng.permutation(len(texts))[:noisy_documents].tolist())
    kinds = [kind for kind in KINDS if kind != "wrong_language" or foreign]
    for kind in kinds:
        # a language with little text gets several drafts of each document
        drafts = max(1, -(-noisy_documents // max(len(chosen), 1))) if len(chosen) < noisy_documents else 1
        noisy[kind] = [
            make_noise(texts[place], kind, rng, spaces=spaces, others=foreign) for place in chosen for _ in range(drafts)
        ]
    noise = {kind: plain_signals(found, tag, words) for kind, found in noisy.items()}
    where = np.array([place for place in chosen for _ in range(drafts)], dtype=np.int64) if kinds else np.zeros(0, np.int64)
    fold = np.array(reference.fold, dtype=np.int64)
    for name in LEARNED:
        clean[name] = np.full(len(texts), np.nan)
        for kind in kinds:
            noise[kind][name] = np.full(len(noisy[kind]), np.nan)
    pairs: dict[str, NDArray[np.float64]] = {"": np.zeros(len(texts)), **{kind: np.zeros(len(noisy[kind])) for kind in kinds}}
    tables: dict[str, tuple[Table, list[str], NDArray[np.int64]]] = {"": (clean, texts, np.arange(len(texts)))}
    tables |= {kind: (noise[kind], noisy[kind], where) for kind in kinds}
    for each in np.unique(fold):
        seen = [text for text, number in zip(texts, fold, strict=True) if number != each] or texts
        model = train_model(seen, spaces=spaces, seed=seed)
        for label, (table, found, origin) in tables.items():
            inside = np.flatnonzero(fold[origin] == each)
            if len(inside):
                values, pairs[label][inside] = model.measured(find_words([found[place] for place in inside]))
                for name in LEARNED:
                    table[name][inside] = values[name]
    with np.errstate(invalid="ignore", divide="ignore"):
        effects = clean["word_order"] / np.sqrt(pairs[""])
    held = {name: effects if name == "word_order" else clean[name] for name in LEARNED}
    lost = losses(reference, held, int(pairs[""].sum()), seed)
    effect, doubt = lost["word_order"].drop, lost["word_order"].doubt
    for label, (table, _, _) in tables.items():
        table["word_order"] = table["word_order"] + allowance(pairs[label], effect, doubt)
    if keep_model:
        model = train_model([*texts, *reference.more], spaces=spaces, seed=seed)
    return Measured(reference, words, replace(model, effect=effect, doubt=doubt), clean, noise, lost)


def plain_signals(texts: Sequence[str], tag: str, words: Sequence[str]) -> Table:
    """The signals that need no model, of the rules alone."""
    found = signals_of(texts, tag, stop_words=words, groups=_GROUPS)
    wanted = {rule.signal for rule in RULES} - set(LEARNED)
    return {name: found[name].astype(np.float64) for name in found if name in wanted}


def foreign_of(tag: str, references: Mapping[str, Reference]) -> list[str]:
    """Texts of other languages in the same script, a few of each; of any script where there are none."""
    others = {other: each for other, each in references.items() if other[:3] != tag[:3]}
    same = {other: each for other, each in others.items() if other[3:] == tag[3:]}
    choice = same or others
    share = max(1, _FOREIGN // max(len(choice), 1))
    return [text for each in choice.values() for text in each.texts[:: max(1, len(each.texts) // share)][:share]]
