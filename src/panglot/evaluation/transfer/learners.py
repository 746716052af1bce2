"""From a fit to predictions: by fine-tuning, or by a probe on frozen vectors."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from panglot.artifacts import InputError, Step, digest_value, staged_file
from panglot.evaluation.tasks.item import Item
from panglot.evaluation.transfer.plan import Fit, Part, Test
from panglot.evaluation.transfer.readings import (
    Classification,
    MultiLabel,
    Prediction,
    Reading,
    Row,
    Similarity,
    Tagging,
    taught,
    texts_of,
)  # fmt: skip
from panglot.evaluation.transfer.settings import Finetune, Fusion, Probe, Synthetic
from panglot.evaluation.transfer.source import Source
from panglot.models.model import Model

if TYPE_CHECKING:
    from panglot.models.encoder import Encoder

Items = Callable[[Part | Test, int], Sequence[Item]]
"""The items of a part or test in a run (0, 1, …)."""


class Learner(Protocol):
    """Learns a fit, and predicts tests one after another."""

    def runs(self, fit: Fit, wanted: int) -> int:
        """How many runs differ by their seed."""
        ...

    def predictions(self, fit: Fit, run: int, tests: Sequence[Test]) -> Iterator[tuple[Test, list[Prediction]]]:
        """Predictions of each test, as they are ready."""
        ...

    def account(self) -> dict[str, float]:
        """What is to be told of the predictions since it was last asked, to be kept beside them."""
        ...


class FinetuneLearner:
    """Fine-tunes a network; checkpoints lie in the step's scratch until all tests of the fit are done.

    Args:
        model: the network.
        source: says kind and labels.
        settings: how.
        items: of parts and tests.
        fields: names of the texts that are read.
        step: its scratch, seed and notes.
    """

    def __init__(
        self, model: Model, source: Source, settings: Finetune, items: Items, fields: Sequence[str], step: Step
    ) -> None:
        from panglot.evaluation.transfer.head import most_tokens, open_tokenizer
        from panglot.models.folder import inspect_folder
        from panglot.models.precision import best_device

        self._model, self._items, self._step, self._device = model, items, step, best_device()
        self._kind = source.kind
        self._settings = settings.for_kind(source.kind, inspect_folder(model.adapted_path).dimension or 768)
        self._tokenizer = open_tokenizer(model, words=source.kind in ("tagging", "parsing"))
        most = most_tokens(model, self._tokenizer, self._settings.max_tokens or 0)
        self.reading: Reading
        if source.kind == "classification":
            self.reading = Classification(self._tokenizer, most, source.labels, fields)
        elif source.kind == "multilabel":
            self.reading = MultiLabel(self._tokenizer, most, source.labels, fields)
        elif source.kind == "similarity":
            self.reading = Similarity(self._tokenizer, most, source.bounds, fields)
        elif source.kind == "tagging":
            self.reading = Tagging(self._tokenizer, most, source.labels, fields)
        elif source.kind == "parsing":
            from panglot.evaluation.transfer.parsing import Parsing

            self.reading = Parsing(self._tokenizer, most, source.labels)
        else:
            from panglot.evaluation.transfer.questions import Questions

            self.reading = Questions(self._tokenizer, most, self._settings.stride, self._settings.most_answer_tokens, fields)

    def runs(self, fit: Fit, wanted: int) -> int:
        return wanted

    def predictions(self, fit: Fit, run: int, tests: Sequence[Test]) -> Iterator[tuple[Test, list[Prediction]]]:
        from panglot.evaluation.transfer.finetuning import logits_of

        folder = self._step.scratch / f"fit-{_name(fit)}-{run}"
        if fit.fusion is not None and self._kind not in ("classification", "similarity"):
            raise InputError(f"fusion is for one target a text, and this task is {self._kind}", where="kinds.fusion")
        given, plain = fit.teaching, [each for each in fit.parts if each.origin == "task"]
        translated = [each for each in fit.parts if each.origin == "translated"]
        if fit.fusion is None:
            untaught, teachable = self._rows(plain, run), self._rows(translated, run)
        else:
            sources = [each for part in plain for each in self._items(part, run)]
            untaught, teachable = [], [row for part in translated for row in self._paired(self._items(part, run), sources)]
        rows = untaught + teachable
        if given is not None:
            if self._kind not in ("classification", "tagging"):
                raise InputError(f"self-teaching needs labels, and this task is {self._kind}", where="kinds.self_teaching")
            with self._step.progress("learning as the teacher", total=1.0) as progress:
                teacher = self._learnt(rows, run, folder / "teacher", progress.advance, fusion=fit.fusion)
            said = logits_of(teacher, teachable, self._settings, device=self._device)
            rows = untaught + taught(teachable, said, share=given.share, temperature=given.temperature)
        if fit.synthetic is not None:
            headed = self._chosen(fit, rows, run, folder)
        else:
            headed = self._pretrained(fit, rows, run, folder) if fit.before else None
            with self._step.progress(f"learning {_said(fit)}, run {run + 1}", total=1.0) as progress:
                headed = self._learnt(rows, run, folder / "first", progress.advance, headed, fit.fusion)
        if fit.after:
            with self._step.progress(f"learning {fit.after[0].language} after it", total=1.0) as progress:
                headed = self._learnt(self._rows(fit.after, run), run, folder / "after", progress.advance, headed)
        # what is counted from here on is of test items
        self.account()
        for test in tests:
            items = self._items(test, run)
            if fit.fusion is None:
                found = self.reading.rows(items)
            else:
                found = self._paired(items, self._items(replace(test, origin="translated"), run))
            logits = logits_of(headed, found, self._settings, device=self._device)
            yield test, self.reading.predictions(items, found, logits)
        shutil.rmtree(folder, ignore_errors=True)

    def account(self) -> dict[str, float]:
        found: dict[str, float] = {"cut": self.reading.cut, "unread": self.reading.unread}
        self.reading.cut = self.reading.unread = 0
        return found

    def _rows(self, parts: Sequence[Part], run: int) -> list[Row]:
        return self.reading.rows([each for part in parts for each in self._items(part, run)])

    def _pretrained(self, fit: Fit, rows: Sequence[Row], run: int, folder: Path) -> Any:
        """A network that has learnt what a teacher says of texts without labels."""
        from panglot.evaluation.transfer.finetuning import logits_of

        if self._kind != "classification":
            raise InputError(f"pseudo-labels are for classification, and this task is {self._kind}", where="kinds.unlabelled")
        with self._step.progress("learning as the teacher", total=1.0) as progress:
            teacher = self._learnt(rows, run, folder / "teacher", progress.advance)
        texts = self._rows(fit.before, run)
        said = logits_of(teacher, texts, self._settings, device=self._device)
        labelled = [replace(row, targets=(int(each.argmax()),)) for row, each in zip(texts, said, strict=True)]
        with self._step.progress(f"learning pseudo-labels in {fit.before[0].language}", total=1.0) as progress:
            return self._learnt(labelled, run, folder / "before", progress.advance)

    def _chosen(self, fit: Fit, rows: Sequence[Row], run: int, folder: Path) -> Any:
        """The last student of those that learn, round after round, what the one before agrees with."""
        from panglot.evaluation.transfer.choosing import Judgement, judge, keep_judgements
        from panglot.evaluation.transfer.finetuning import logits_of

        settings = fit.synthetic
        assert settings is not None
        if self._kind != "extraction":
            raise InputError(f"written questions are for extraction, and this task is {self._kind}", where="kinds.synthetic")
        items = [each for part in fit.before for each in self._items(part, run)]
        written = self.reading.rows(items)
        judged: list[Judgement] = []
        chosen, student = set(range(len(items))), None
        for number in range(settings.rounds + 1):
            if number or not settings.rounds:
                kept = [row for row in written if row.item in chosen]
                student = self._student(rows, kept, settings, run, folder / f"round-{number}")
            else:
                with self._step.progress("learning as the first labeller", total=1.0) as progress:
                    student = self._learnt(rows, run, folder / "labeller", progress.advance)
            if number < settings.rounds:
                said = self.reading.predictions(
                    items, written, logits_of(student, written, self._settings, device=self._device)
                )
                found = judge(items, [str(each) for each in said], settings, number + 1)
                judged += found
                chosen = {at for at, each in enumerate(found) if each.reason is None}
        keep_judgements(self._step, fit, run, judged)
        return student

    def _student(self, rows: Sequence[Row], kept: Sequence[Row], settings: Synthetic, run: int, folder: Path) -> Any:
        """A network that learnt written pairs and the source."""
        first = settings.order == "first" and any(each.targets for each in kept)
        headed = None
        if first:
            with self._step.progress("learning written questions", total=1.0) as progress:
                headed = self._learnt(kept, run, folder / "written", progress.advance)
        with self._step.progress("learning the source after them", total=1.0) as progress:
            return self._learnt([*rows, *(() if first else kept)], run, folder / "source", progress.advance, headed)

    def _paired(self, items: Sequence[Item], others: Sequence[Item]) -> list[Row]:
        """Rows of items, each beside the row of the other item with its id."""
        known = {each.id: each for each in reversed(others)}
        if missing := [each for each in items if each.id not in known]:
            raise InputError(
                f"the item {missing[0].id} in {missing[0].language} has no counterpart to be read beside it",
                where="kinds.translated",
                fix="give translated items the ids of what they were translated from",
            )
        sides = self.reading.rows(items), self.reading.rows([known[each.id] for each in items])
        return [replace(row, beside=other) for row, other in zip(*sides, strict=True)]

    def _learnt(
        self, rows: Sequence[Row], run: int, folder: Path, advance: Callable[[float], None], headed: Any = None,
        fusion: Fusion | None = None,
    ) -> Any:  # fmt: skip
        from panglot.evaluation.transfer.finetuning import finetune
        from panglot.evaluation.transfer.head import open_headed
        from panglot.training.seeding import seeded

        seed = self._step.seed + run
        if headed is None:
            with seeded(seed):
                headed = open_headed(
                    self._model,
                    self._tokenizer,
                    self.reading.outputs,
                    pooled=self.reading.pooled,
                    pooling=self._settings.pooling,
                    dropout=self._settings.dropout,
                    fusion=fusion,
                    arcs=self._kind == "parsing",
                )
        folder.mkdir(parents=True, exist_ok=True)
        finetune(
            headed, self.reading, rows, self._settings, device=self._device, seed=seed, folder=folder, advance=advance,
            note=self._step.note,
        )  # fmt: skip
        return headed


class ProbeLearner:
    """A regression on vectors that are computed once, and kept in the step's scratch.

    Args:
        model: the encoder.
        source: a task of classification.
        settings: how.
        items: of parts and tests.
        fields: names of the texts that are read.
        step: its scratch and seed.

    Raises:
        InputError: the task is of another kind.
    """

    def __init__(self, model: Model, source: Source, settings: Probe, items: Items, fields: Sequence[str], step: Step) -> None:
        if source.kind != "classification":
            raise InputError(
                f"a probe learns classification, and {source.name} is {source.kind}", where="method", fix="take finetune"
            )
        self._model, self._labels, self._settings = model, source.labels, settings
        self._items, self._fields, self._step = items, fields, step
        self._encoder: Encoder | None = None
        self._known: dict[str, NDArray[np.float32]] = {}
        self._strength = 0.0

    def runs(self, fit: Fit, wanted: int) -> int:
        """Nothing but the choice of shots is drawn."""
        return wanted if any(each.shots for each in (*fit.parts, *fit.after)) else 1

    def predictions(self, fit: Fit, run: int, tests: Sequence[Test]) -> Iterator[tuple[Test, list[Prediction]]]:
        from panglot.evaluation.transfer.probing import fit_probe

        asked = {"learning shots after the source": fit.after, "fused layers": fit.fusion, "labels of a teacher": fit.before}
        if what := next((each for each, there in {**asked, "self-teaching": fit.teaching}.items() if there), None):
            raise InputError(f"a probe has no {what}: it is fitted once", where="kinds", fix="take finetune, or shots jointly")
        items = [each for part in fit.parts for each in self._items(part, run) if each.label is not None]
        labels = np.array([each.label for each in items], dtype=np.int64)
        regression = fit_probe(self._vectors(items), labels, len(self._labels), self._settings.strengths, self._settings.folds)
        self._strength = regression.strength
        for test in tests:
            logits = regression(self._vectors(self._items(test, run)))
            yield test, [self._labels[int(each)] for each in logits.argmax(1)]

    def account(self) -> dict[str, float]:
        return {"strength": self._strength}

    def _vectors(self, items: Sequence[Item]) -> NDArray[np.float32]:
        from panglot.evaluation.transfer.probing import pair_features

        texts = [texts_of(each, self._fields) for each in items]
        sides = [self._encoded([each[side] for each in texts]) for side in range(len(texts[0]))]
        return sides[0] if len(sides) == 1 else pair_features(*sides).astype(np.float32)

    def _encoded(self, texts: list[str]) -> NDArray[np.float32]:
        from panglot.models.encoder import Encoder

        name = digest_value(texts)
        if name not in self._known:
            path = self._step.scratch / f"vectors-{name}.npy"
            if not path.is_file():
                if self._encoder is None:
                    self._encoder = Encoder(self._model.path, precision=self._settings.precision)
                with staged_file(path) as staging, staging.open("wb") as stream:
                    np.save(stream, self._encoder.encode(texts), allow_pickle=False)
            self._known[name] = np.load(path, allow_pickle=False)
        return self._known[name]


def _name(value: object) -> str:
    return digest_value(repr(value))[:16]


def _said(fit: Fit) -> str:
    named = [f"{each.language}{' (translated)' if each.origin == 'translated' else ''}" for each in fit.parts]
    return " + ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")
