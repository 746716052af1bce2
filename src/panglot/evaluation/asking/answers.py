"""What a model answered, item by item: asked once, kept in a journal, read as labels, numbers or texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from panglot.artifacts import Step, digest_value
from panglot.evaluation.asking.journal import Journal
from panglot.evaluation.engines.contract import ChoiceScores, Engine, lengths_of
from panglot.evaluation.prompts.chat import next_prompt
from panglot.evaluation.prompts.prompt import Prompt

if TYPE_CHECKING:
    from panglot.evaluation.asking.questions import Questions
    from panglot.evaluation.asking.settings import Asking
    from panglot.evaluation.engines.contract import Sampling

_PARTS = ("log_likelihood", "tokens", "bytes", "characters", "greedy", "unconditional")


@dataclass(frozen=True)
class Answer:
    """An answer to one item.

    Attributes:
        label: number of the label or choice; −1 where a written answer names none.
        text: what was written, of a conversation the last turn, or the chosen continuation.
        parsed: the answer that stands in a written text; None where there is none.
        margin: nats (normalised) between the best choice and the second; None for a written answer.
        cut: tokens of the prompt that the model was not shown; of written answers the turns whose prompt lost some.
        ranking: numbers of the choices, best first, the first of equals before the others; empty for a written answer.
        log_likelihoods: of the choices in their order, in nats, not normalised; empty for a written answer.
        turns: what was written in each turn.
        drawn: of programs the one in each answer that was drawn, None where there is none; empty for other answers.
    """

    label: int
    text: str
    parsed: str | None = None
    margin: float | None = None
    cut: int = 0
    ranking: tuple[int, ...] = ()
    log_likelihoods: tuple[float, ...] = ()
    turns: tuple[str, ...] = ()
    drawn: tuple[str | None, ...] = ()


def ask(
    engine: Engine, questions: "Questions", *, normalisation: str, step: Step, name: str, how: "Asking | None" = None
) -> list[Answer]:
    """Ask what the journal does not have yet, and read all answers.

    Args:
        engine: who answers.
        questions: items in one language.
        normalisation: of log-likelihoods.
        step: its scratch folder keeps the journal.
        name: of the journal.
        how: says whether tokens are drawn, and how many answers; the most probable tokens and one answer without it.
    """
    template = questions.template
    prompts = questions.prompts(range(len(questions.items)))
    later = [questions.later_turns(at) for at in range(len(questions.items))] if template.generates else []
    said = [[each.context, each.continuations, each.stop, each.max_new_tokens] for each in prompts]
    draws = [None if how is None else how.sampling(step.seed, draw) for draw in range(how.samples if how else 1)]
    drawn = [each.model_dump() for each in draws[:1] if each is not None]
    asked = digest_value([said, later, *drawn] if any(later) or drawn else said)
    with Journal(step.scratch / f"{name}.jsonl", asked) as journal:
        if template.generates:
            for draw, sampling in enumerate(draws):
                _draw(engine, questions, prompts, journal, step, draw, sampling)
            _go_on(engine, questions, prompts, later, journal, step)
        else:
            _choose(engine, questions, prompts, journal, step, unconditional=normalisation == "pmi")
        answers = dict(journal)
    if template.generates:
        return [
            _written(
                questions,
                at,
                [answers[_key(item.id, turn)] for turn in range(len(later[at]) + 1)],
                [answers[_draw_key(item.id, draw)] for draw in range(len(draws))],
            )
            for at, item in enumerate(questions.items)
        ]
    return [_chosen(prompts[at].continuations, answers[item.id], normalisation) for at, item in enumerate(questions.items)]


def _choose(
    engine: Engine, questions: "Questions", prompts: Sequence[Prompt], journal: Journal, step: Step, *, unconditional: bool
) -> None:
    wanted = [at for at, item in enumerate(questions.items) if item.id not in journal]
    with step.progress(f"asking in {questions.language}", total=len(questions.items)) as progress:
        progress.advance(len(questions.items) - len(wanted))
        if wanted:
            for number, scores in engine.choose([prompts[at] for at in wanted], progress, unconditional=unconditional):
                journal.add(questions.items[wanted[number]].id, _kept(scores))


def _draw(
    engine: Engine,
    questions: "Questions",
    prompts: Sequence[Prompt],
    journal: Journal,
    step: Step,
    draw: int,
    sampling: "Sampling | None",
) -> None:
    """Ask for one answer to each item, or for one more."""
    items = questions.items
    wanted = [at for at, item in enumerate(items) if _draw_key(item.id, draw) not in journal]
    if sampling is not None:
        engine.sampling = sampling  # type: ignore[attr-defined]
    words = f"asking in {questions.language}" + (f", draw {draw + 1}" if draw else "")
    with step.progress(words, total=len(items)) as progress:
        progress.advance(len(items) - len(wanted))
        for number, text in engine.generate([prompts[at] for at in wanted], progress):
            journal.add(_draw_key(items[wanted[number]].id, draw), _text(engine, number, text))


def _go_on(
    engine: Engine,
    questions: "Questions",
    prompts: Sequence[Prompt],
    later: Sequence[tuple[str, ...]],
    journal: Journal,
    step: Step,
) -> None:
    """Ask the turns after the first, each with all that was said before it."""
    items, so_far = questions.items, list(prompts)
    for turn in range(1, max(map(len, later), default=0) + 1):
        going = [at for at in range(len(items)) if len(later[at]) >= turn]
        for at in going:
            before = journal[_key(items[at].id, turn - 1)]["text"]
            so_far[at] = next_prompt(so_far[at], before, later[at][turn - 1], questions.render)
        wanted = [at for at in going if _key(items[at].id, turn) not in journal]
        with step.progress(f"turn {turn + 1} in {questions.language}", total=len(going)) as progress:
            progress.advance(len(going) - len(wanted))
            for number, text in engine.generate([so_far[at] for at in wanted], progress):
                journal.add(_key(items[wanted[number]].id, turn), _text(engine, number, text))


def _key(item: str, turn: int) -> str:
    """Under what the answer to a turn is kept; the first is the item itself. No id of an item holds the character between."""
    return f"{item}\0{turn + 1}" if turn else item


def _draw_key(item: str, draw: int) -> str:
    """Under what a drawn answer is kept; the first is the item itself."""
    return f"{item}\0draw {draw + 1}" if draw else item


def _text(engine: Engine, number: int, text: str) -> dict[str, Any]:
    """A written answer, and whether the beginning of its prompt was cut, which an endpoint does not say."""
    return {"text": text, "cut": int(number in getattr(engine, "cut_items", ()))}


def _kept(scores: ChoiceScores) -> dict[str, Any]:
    said = {name: value.tolist() for name in _PARTS if (value := getattr(scores, name)) is not None}
    return {**said, "cut": scores.cut}


def _scores(continuations: tuple[str, ...], kept: Mapping[str, Any]) -> ChoiceScores:
    sizes, characters = lengths_of(continuations)
    alone = kept.get("unconditional")
    return ChoiceScores(
        log_likelihood=np.array(kept["log_likelihood"]),
        tokens=np.array(kept["tokens"], dtype=np.int64),
        bytes=sizes,
        characters=characters,
        greedy=np.array(kept["greedy"]),
        unconditional=None if alone is None else np.array(alone),
        cut=kept["cut"],
    )


def _chosen(continuations: tuple[str, ...], kept: Mapping[str, Any], normalisation: str) -> Answer:
    scores = _scores(continuations, kept)
    values = scores.by(normalisation)
    label = int(values.argmax())
    others = np.delete(values, label)
    margin = float(values[label] - others.max()) if others.size else None
    return Answer(
        label, continuations[label].strip(), margin=margin, cut=scores.cut,
        ranking=tuple(np.argsort(-values, kind="stable").tolist()), log_likelihoods=tuple(scores.log_likelihood.tolist()),
    )  # fmt: skip


def _written(questions: "Questions", at: int, kept: Sequence[Mapping[str, Any]], draws: Sequence[Mapping[str, Any]]) -> Answer:
    turns = tuple(str(each["text"]) for each in kept)
    text, cut = turns[-1], sum(each["cut"] for each in kept)
    found = questions.template.parse(text, questions.items[at])
    label = found if isinstance(found, int) else -1
    drawn: tuple[str | None, ...] = ()
    if questions.template.family.answer == "program":
        every = [questions.template.parse(str(each["text"]), questions.items[at]) for each in draws]
        drawn = tuple(None if each is None else str(each) for each in every)
    return Answer(label, text, parsed=None if found is None else str(found), cut=cut, turns=turns, drawn=drawn)
