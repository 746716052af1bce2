"""Component `evaluation.write_questions`: questions and answers that a language model writes of passages, after one example."""

import json
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from panglot.artifacts import Artifact, InputError, PanglotError, Step, digest_value, reads, write_file
from panglot.corpus.documents import Documents
from panglot.evaluation.asking.component import engine_of
from panglot.evaluation.asking.journal import Journal
from panglot.evaluation.asking.languages import own_words
from panglot.evaluation.asking.settings import Asking, Endpoint
from panglot.evaluation.prompts.prompt import Prompt
from panglot.evaluation.prompts.words import MissingWord, Words
from panglot.evaluation.results import write_table
from panglot.evaluation.tasks.item import Item
from panglot.evaluation.transfer.source import ItemsFolder
from panglot.evaluation.transfer.written_pairs import Marks, ask_for_pair, bare_text, read_pair
from panglot.models.model import Model

if TYPE_CHECKING:
    from panglot.evaluation.engines.contract import Engine

DROPPED_FILE = "dropped.parquet"
NO_EXAMPLE = "there is no example in the language"
TOO_LONG = "the passage is too long"
IS_EXAMPLE = "the passage is that of an example"
TWICE = "the passage stood there before"
_ENGLISH = "eng_Latn"
Row = dict[str, str]
Kept = dict[str, list[dict[str, object]]]


class WrittenQuestions(Artifact):
    """Questions that a model wrote: files `LANGUAGE.train.jsonl`, as a folder of items has them, and what was left out."""

    def dropped(self) -> pa.Table:
        """Columns `item`, `language`, `reason`, `passage`, and `written`, what the model wrote."""
        return pq.read_table(self.folder / DROPPED_FILE)


def _outside(*, examples: str | None = None, words: str | None = None, **_: object) -> dict[str, str]:
    """What is read of examples and of a person's own words."""
    if examples is None:
        return {}
    source = ItemsFolder(Path(examples))
    found = {f"examples {tag}": source.revision(tag, "train") for tag in source.languages("train")}
    return found | ({} if words is None else own_words(Path(words).expanduser()))


@reads(_outside)
def write_questions(
    *,
    passages: Documents,
    examples: str,
    model: Model | None = None,
    endpoint: Endpoint | None = None,
    shots: Annotated[int, Field(ge=1)] = 1,
    prompts_in: str | None = None,
    words: str | None = None,
    most_passages: Annotated[int, Field(ge=1)] | None = None,
    most_characters: Annotated[int, Field(ge=1)] = 2000,
    max_new_tokens: Annotated[int, Field(ge=1)] = 128,
    batch_tokens: Annotated[int, Field(ge=1)] = 4096,
    step: Step,
) -> WrittenQuestions:
    """Have a language model write one question with its answer of each passage, as GeMQuAD does.

    The model sees one solved passage in the language and the passage, and writes on, with the most probable token each time
    (Namboori et al. 2024, https://arxiv.org/abs/2404.09163, who asked AlexaTM 20B; the wording is ours). A pair is kept where
    a question and an answer can be read, and the answer stands in the passage. Every passage is kept or stands in
    `dropped.parquet` with its reason, and what is written is kept as it comes. Whether a pair is any good is asked
    afterwards: `evaluation.transfer` with `kinds.synthetic`.

    Args:
        passages: one document a passage; line breaks become blanks.
        examples: a folder of items; the first of `LANGUAGE.train.jsonl` are shown, with `context`, `question` and an answer.
        model: which predicts tokens.
        endpoint: instead of a model.
        shots: examples that are shown.
        prompts_in: language of the words text, question and answer; each passage's own where it is left out.
        words: folder of files `TAG.yaml` with a person's own words for prompts.
        most_passages: of each language, the first so many.
        most_characters: of a passage; longer ones are left out, and counted.
        max_new_tokens: of question and answer together.
        batch_tokens: most tokens that are read at once.
        step: where to write. Its figures count passages, pairs, and reasons by language.

    Raises:
        InputError: neither a model nor an endpoint is given, or both; a language lacks words; an example is no question.
        PanglotError: no pair at all can be read.
    """
    source = ItemsFolder(Path(examples))
    kept: Kept = {}
    dropped: list[Row] = []
    by_language: dict[str, list[Row]] = {}
    for row in passages.rows():
        text = " ".join(unicodedata.normalize("NFC", row["text"]).split())
        mine = by_language.setdefault(row["language"], [])
        if most_passages is None or len(mine) < most_passages:
            mine.append({"item": row["id"], "language": row["language"], "passage": text})
    engine = engine_of(model, endpoint, Asking(batch_tokens=batch_tokens), step)
    own = None if words is None else Path(words).expanduser()
    for tag, rows in sorted(by_language.items()):
        shown = source.items(tag, "train")[:shots]
        known = {bare_text(str(each.fields.get("context", ""))) for each in shown}
        asked: dict[str, Row] = {}
        for row in rows:
            why = {
                NO_EXAMPLE: not shown, TOO_LONG: len(row["passage"]) > most_characters,
                IS_EXAMPLE: bare_text(row["passage"]) in known, TWICE: row["item"] in asked,
            }  # fmt: skip
            reason = next((each for each, holds in why.items() if holds), None)
            if reason is not None:
                dropped.append(row | {"reason": reason, "written": ""})
            else:
                asked[row["item"]] = row
        if not asked:
            continue
        _check(shown, examples)
        try:
            marks = [Marks.of(Words.of(prompts_in or tag, own)), Marks.of(Words.of(_ENGLISH))]
        except MissingWord as error:
            fix = "take the words of another language (prompts_in: eng), or give a folder of your own (words)"
            raise InputError(error.what, where=error.where, fix=fix) from None
        prompts = [
            ask_for_pair(
                row["passage"], shown, marks[0], chat=endpoint is not None and endpoint.chat, most=max_new_tokens, language=tag
            )
            for row in asked.values()
        ]
        questions = [str(each.fields["question"]) for each in shown]
        for row, said in zip(asked.values(), _written(engine, list(asked), prompts, tag, step), strict=True):
            pair = read_pair(said, row["passage"], marks, questions)
            if isinstance(pair, str):
                dropped.append(row | {"reason": pair, "written": said})
                continue
            fields = {"question": pair[0], "context": row["passage"]}
            kept.setdefault(tag, []).append({"id": row["item"], "fields": fields, "references": [pair[1]]})
    _account(by_language, kept, dropped, step)
    for tag, items in kept.items():
        lines = (json.dumps(each, ensure_ascii=False) + "\n" for each in items)
        write_file(step.out / f"{tag}.train.jsonl", "".join(lines))
    schema = pa.schema([(name, pa.string()) for name in ("item", "language", "reason", "passage", "written")])
    write_table(pa.Table.from_pylist(dropped, schema=schema), step.out / DROPPED_FILE)
    return WrittenQuestions(step.out)


def _check(shown: Sequence[Item], examples: str) -> None:
    for each in shown:
        if not each.references or any(not each.fields.get(name) for name in ("context", "question")):
            raise InputError(f"the example {each.id} has no context, no question or no answer", where=examples)


def _written(engine: "Engine", ids: Sequence[str], prompts: Sequence[Prompt], tag: str, step: Step) -> list[str]:
    """What the model writes for each prompt; what the journal has already is not asked again."""
    with Journal(step.scratch / f"{tag}.jsonl", digest_value([asdict(each) for each in prompts])) as journal:
        wanted = [at for at, each in enumerate(ids) if each not in journal]
        with step.progress(f"writing questions in {tag}", total=len(ids)) as progress:
            progress.advance(len(ids) - len(wanted))
            for number, text in engine.generate([prompts[at] for at in wanted], progress):
                journal.add(ids[wanted[number]], {"text": text})
        return [str(journal[each]["text"]) for each in ids]


def _account(by_language: Mapping[str, Sequence[Row]], kept: Kept, dropped: Sequence[Row], step: Step) -> None:
    """Figures, and an error where nothing is left."""
    for tag, rows in sorted(by_language.items()):
        reasons = Counter(each["reason"] for each in dropped if each["language"] == tag)
        pairs = len(kept.get(tag, ()))
        assert len(rows) == pairs + reasons.total()
        figures = {"passages": len(rows), "pairs": pairs, "dropped": dict(sorted(reasons.items()))}
        step.figures.setdefault("written", {})[tag] = figures
        if reasons:
            said = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())
            step.note(f"{tag}: {pairs:,} pairs of {len(rows):,} passages; left out: {said}.")
    if not kept:
        usual = Counter(each["reason"] for each in dropped).most_common(1)
        raise PanglotError(
            f"no question with an answer came of {len(dropped):,} passages" + (f" (mostly: {usual[0][0]})" if usual else ""),
            fix="take a larger model, another example, or shorter passages",
        )
