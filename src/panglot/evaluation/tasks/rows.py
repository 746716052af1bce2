"""Rows to items, and the check that they can be so."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from panglot.artifacts import InputError, did_you_mean, digest_value
from panglot.evaluation.formulas import last_boxed
from panglot.evaluation.tasks.columns import Columns, Label
from panglot.evaluation.tasks.gaps import NoGap, around, blank, marked
from panglot.evaluation.tasks.item import Item
from panglot.evaluation.tasks.slots import NoTags, tagged

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Row(NamedTuple):
    """One record as a file or the hub has it, and where it stands, for errors."""

    where: str
    values: Mapping[str, Any]


@dataclass
class Account:
    """What came of the rows.

    Attributes:
        rows: how many rows the files hold that the filter lets through.
        left_out: how many of them are no item, by reason.
        mended: how many are items after something was put right, by what was.
    """

    rows: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    mended: Counter[str] = field(default_factory=Counter)


class _LeftOut(Exception):
    """The row is no item; the message is the reason that is counted."""


def items_of(
    rows: Iterator[Row],
    columns: Columns,
    *,
    language: str,
    labels: Sequence[str],
    account: Account,
    bounds: tuple[float, float] | None = None,
) -> Iterator[Item]:
    """The items of rows.

    Args:
        rows: as a layout or the hub gives them.
        columns: with its codes put in.
        language: tag of the items.
        labels: labels of the task, or its tag set.
        account: gets what was left out and mended.
        bounds: lowest and highest score.

    Raises:
        InputError: a column is missing, a label or a score is outside its set, words and tags differ in number, an id stands
            twice.
    """
    numbers = {name: number for number, name in enumerate(labels)}
    seen: dict[str, str] = {}
    for row in _together(rows, columns) if columns.together else rows:
        if not all(_matches(_text(value_at(row, path)), wanted) for path, wanted in columns.where.items()):
            continue
        account.rows += 1
        identity = ".".join(_text(value_at(row, path)) for path in columns.id) if columns.id else str(account.rows - 1)
        if identity in seen:
            raise InputError(
                f"the id {identity!r} stands twice, first at {seen[identity]}",
                where=row.where,
                fix="make ids unique, or name the columns that together are",
            )
        seen[identity] = row.where
        try:
            yield _item(row, columns, identity, language, numbers, account, bounds)
        except _LeftOut as reason:
            account.left_out[str(reason)] += 1


def _together(rows: Iterator[Row], columns: Columns) -> Iterator[Row]:
    """One row an id: the first, with the right answers of all."""
    first: dict[str, Row] = {}
    for row in rows:
        identity = ".".join(_text(value_at(row, path)) for path in columns.id)
        answers = {path: value_at(row, path) for path in columns.references}
        listed = {path: [*each] if isinstance(each, list | tuple) else [each] for path, each in answers.items()}
        if identity not in first:
            first[identity] = Row(row.where, {**row.values, **listed})
            continue
        for path, each in listed.items():
            first[identity].values[path].extend(each)
    yield from first.values()


def _item(
    row: Row,
    columns: Columns,
    identity: str,
    language: str,
    numbers: Mapping[str, int],
    account: Account,
    bounds: tuple[float, float] | None,
) -> Item:
    fields = {name: value_at(row, path) for name, path in columns.fields.items()}
    for name in columns.lines:
        if fields[name] is not None:
            fields[name] = "\n".join(_text(each) for each in listed(row, columns.fields[name]))
    for name, value in list(fields.items()):
        if value is None or (isinstance(value, str) and not value.strip()):
            if name not in columns.optional:
                raise _LeftOut(f"no {name}")
            del fields[name]
            continue
        if not isinstance(value, str):
            fields[name] = _text(value)
    fields |= _asked(row, columns)
    for old, new in columns.replaced.items():
        fields = {name: value.replace(old, new) for name, value in fields.items()}
    choices, keys = _choices(row, columns)
    if columns.shuffled:
        choices = tuple(sorted(choices, key=lambda each: digest_value([identity, each])))
    words, tags = _tagged(row, columns, numbers, account)
    heads = read_heads(listed(row, columns.heads), len(words), row.where) if columns.heads else ()
    return Item(
        id=identity,
        language=language,
        fields=fields,
        choices=choices,
        label=_label(row, columns.label, choices, keys, numbers) if columns.label else None,
        references=_references(row, columns, fields, account),
        words=words,
        tags=tags,
        heads=heads,
        labels=_labels(row, columns.labels, numbers) if columns.labels else (),
        relevant=_relevant(row, columns.relevant) if columns.relevant else {},
        score=_score(row, columns.score, bounds) if columns.score else None,
    )


def _asked(row: Row, columns: Columns) -> dict[str, str]:
    """Fields that are parts of a sentence: around a gap, or with a word marked."""

    def text(path: str) -> str:
        return _text(value_at(row, path))

    found: dict[str, str] = {}
    try:
        if (gap := columns.gap) is not None:
            tokens = [_text(each) for each in listed(row, gap.tokens)]
            found |= around(text(gap.sentence), tokens, listed(row, gap.span), row.where)
        if columns.blank is not None:
            found |= blank(text(columns.blank.sentence), columns.blank.sign)
        if (mark := columns.marked) is not None:
            found["text"] = marked(text(mark.text), text(mark.word), text(mark.at))
    except NoGap as reason:
        raise _LeftOut(str(reason)) from None
    return found


def value_at(row: Row, path: str) -> Any:
    """The value of a column; with dots, of a key inside of it, also of an object written as JSON text.

    None where an object around it is null, or an empty cell.

    Raises:
        InputError: there is no such column.

    Example:
        >>> value_at(Row("a.jsonl:1", {"answers": {"text": ["ߒߞߏ"]}}), "answers.text")
        ['ߒߞߏ']
    """
    value: Any = row.values
    if path in row.values:
        return value[path]
    for key in path.split("."):
        if value is None or value == "":
            return None
        if isinstance(value, str) and value.lstrip().startswith("{"):
            value = _parsed(value)
        if not isinstance(value, Mapping) or key not in value:
            known = ", ".join(map(str, row.values))
            raise InputError(
                f"there is no column {path!r}", where=row.where, fix=did_you_mean(path, row.values) or f"it has {known}"
            )
        value = value[key]
    return value


def _parsed(value: str) -> Any:
    """An object that a table holds as JSON text."""
    import json

    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | dict):
        import json

        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)


def _matches(value: str, wanted: str) -> bool:
    return value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted


def listed(row: Row, path: str) -> list[Any]:
    """The list that a column holds.

    Raises:
        InputError: it holds something else.
    """
    value = value_at(row, path)
    if not isinstance(value, list | tuple):
        raise InputError(f"the column {path!r} holds no list but {value!r:.60}", where=row.where)
    return list(value)


def _choices(row: Row, columns: Columns) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The choices, and their letters."""
    if not columns.choices:
        return (), ()
    found: list[Any] = [value_at(row, path) for path in columns.choices]
    letters: Sequence[str] = LETTERS
    if len(found) == 1 and isinstance(found[0], Mapping):
        letters, found = list(found[0]), list(found[0].values())
    elif len(found) == 1:
        found = listed(row, columns.choices[0])
    while found and found[-1] is None:  # a question with four choices in a table of five columns
        found = found[:-1]
    if columns.lettered:
        found = [_without_letter(letter, each) for letter, each in zip(LETTERS, found, strict=False)]
    if len(found) < 2 or not all(isinstance(each, str) and each.strip() for each in found):
        raise _LeftOut("a choice without text")
    if columns.label is not None and columns.label.letters is not None:
        letters = [_text(each) for each in listed(row, columns.label.letters)]
    return tuple(found), tuple(letters[: len(found)])


def _without_letter(letter: str, choice: object) -> object:
    """A choice without its letter: "(A)140", "A．狗", "A. a dog"."""
    return re.sub(rf"^\s*(?:[(（]{letter}[)）]|{letter}[.．、])\s*", "", choice) if isinstance(choice, str) else choice


def _label(row: Row, label: Label, choices: Sequence[str], keys: Sequence[str], numbers: Mapping[str, int]) -> int:
    value = value_at(row, label.column)
    if label.by == "text" and isinstance(value, list | tuple):
        value = next((each for each in map(_text, value) if each in choices), "")
    said = _text(value).strip()
    if said in label.unknown:
        raise _LeftOut("no known answer")
    count = len(choices) or len(numbers)
    number: int | None = None
    if label.by == "name":
        number = numbers.get(label.names.get(said, said))
    elif label.by == "text":
        texts = [each.strip() for each in choices]
        if texts.count(said) > 1:
            raise _LeftOut("the right choice stands twice")
        number = texts.index(said) if said in texts else None
    elif label.by == "letter":
        number = keys.index(said) if said in keys else None
    elif said.isdecimal():
        number = int(said) - (label.by == "number from 1")
    if number is None or not 0 <= number < count:
        expected = (
            ", ".join(keys if label.by == "letter" else () if label.by == "text" else numbers) or f"one of {count} choices"
        )
        raise InputError(f"the label {said!r} is outside the set", where=row.where, fix=f"expected: {expected}")
    return number


def _labels(row: Row, path: str, numbers: Mapping[str, int]) -> tuple[int, ...]:
    if row.values.get(path) is None:
        return ()
    names = [_text(each) for each in listed(row, path)]
    if unknown := [each for each in names if each not in numbers]:
        raise InputError(f"the label {unknown[0]!r} is outside the set", where=row.where, fix=f"expected: {', '.join(numbers)}")
    return tuple(sorted({numbers[each] for each in names}))


def _relevant(row: Row, path: str) -> dict[str, int]:
    judged = value_at(row, path)
    if judged is None:
        raise _LeftOut("a query without a judgement")
    if not isinstance(judged, Mapping) or any(type(grade) is not int for grade in judged.values()):
        raise InputError(f"the column {path!r} holds no grades of passages but {judged!r:.60}", where=row.where)
    if not any(grade > 0 for grade in judged.values()):
        raise _LeftOut("a query without a relevant passage")
    return dict(judged)


def _tagged(
    row: Row, columns: Columns, numbers: Mapping[str, int], account: Account
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    said: Sequence[Any]
    if columns.slots is not None:
        try:
            words, said, mended = tagged(
                _text(value_at(row, columns.slots.text)), row.values.get(columns.slots.column), row.where
            )
        except NoTags as reason:
            raise _LeftOut(str(reason)) from None
        account.mended.update(mended)
    elif columns.words is not None and columns.tags is not None:
        words, said = tuple(_text(each) for each in listed(row, columns.words)), listed(row, columns.tags)
    else:
        return (), ()
    names = list(numbers)
    tags = []
    for each in said:
        tag = names[each] if isinstance(each, int) and 0 <= each < len(names) else str(each)
        tag = universal(tag) if columns.heads else tag
        if tag not in numbers:
            raise InputError(f"the tag {tag!r} is outside the set", where=row.where, fix=f"expected: {', '.join(names)}")
        tags.append(tag)
    if len(words) != len(tags):
        raise InputError(f"{len(words)} words and {len(tags)} tags", where=row.where)
    if not words:
        raise _LeftOut("no words")
    return words, tuple(tags)


def universal(relation: str) -> str:
    """A relation of Universal Dependencies without its subtype.

    Example:
        >>> universal("obl:arg")
        'obl'
    """
    return relation.partition(":")[0]


def read_heads(said: Sequence[Any], words: int, where: str) -> tuple[int, ...]:
    """Heads of the words of a sentence.

    Raises:
        InputError: they are not one number a word, from 0 to the number of words, or a word is its own head.
    """
    heads = [int(each) if str(each).isdecimal() else -1 for each in said]
    if len(heads) != words:
        raise InputError(f"{words} words and {len(heads)} heads", where=where)
    for number, (head, as_said) in enumerate(zip(heads, said, strict=True), start=1):
        if not 0 <= head <= words or head == number:
            raise InputError(f"the head {as_said!r} of word {number} is no other word of the sentence", where=where)
    return tuple(heads)


def _references(row: Row, columns: Columns, fields: Mapping[str, str], account: Account) -> tuple[str, ...]:
    if not columns.references:
        return ()
    found: list[str] = []
    for path in columns.references:
        value = value_at(row, path)
        found += [_text(each) for each in (value if isinstance(value, list | tuple) else [value])]
    found = [each for each in found if each not in columns.no_answers]
    if columns.after is not None:
        found = [each.rpartition(columns.after)[2].strip() if columns.after in each else "" for each in found]
    if columns.boxed:
        found = [boxed[1].strip() if (boxed := last_boxed(each)) is not None else "" for each in found]
    if columns.starts is None:
        found = [each for each in found if each.strip()]
        if not found:
            raise _LeftOut("no right answer")
        return tuple(dict.fromkeys(found))
    said = value_at(row, columns.starts)
    starts = list(said) if isinstance(said, list | tuple) else [said]
    context, kept, moved = fields.get("context", ""), [], False
    for number, answer in enumerate(found):
        start = starts[number] if number < len(starts) else None
        if not answer.strip() or answer not in context:
            continue
        moved |= not isinstance(start, int) or context[start : start + len(answer)] != answer
        kept.append(answer)
    if not kept:
        raise _LeftOut("the answer is not in the context")
    if moved:
        account.mended["the answer stands elsewhere than at its offset"] += 1
    return tuple(dict.fromkeys(kept))


def _score(row: Row, path: str, bounds: tuple[float, float] | None) -> float:
    said = value_at(row, path)
    try:
        score = float(said)
    except (TypeError, ValueError):
        raise InputError(f"the score {said!r} is no number", where=row.where) from None
    low, high = bounds or (-math.inf, math.inf)
    if not (math.isfinite(score) and low <= score <= high):
        raise InputError(f"the score {said!r} is outside the range", where=row.where, fix=f"expected: {low:g} to {high:g}")
    return score
