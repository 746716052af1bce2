"""The program in what a model wrote, joined with what the task puts before it, and what it is judged by."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from panglot.evaluation.running.toolchains import PYTHON
from panglot.evaluation.running.verdicts import Case, Program, cases_of

_FENCE = "```"
_CALLED = re.compile(r"^check\(", re.MULTILINE)


def program_in(text: str, *, entry: str = "", opened: bool = False) -> str | None:
    r"""The program in a written text: a block between fences, the one that defines `entry` before others, else the whole text.

    Args:
        text: what was written.
        entry: name of the function that is asked for; empty for none.
        opened: whether the prompt ends with an opening fence, so that the text may begin with the program.

    Returns:
        It, with the blanks that its first line begins with; None where there is none.

    Example:
        >>> program_in("Hii hapa:\n```python\ndef f(x):\n    return x\n```\nKwaheri!")
        'def f(x):\n    return x'
        >>> program_in("    return x\n"), program_in("x = 1\n```\nนี่คือคำตอบ", opened=True), program_in(" \n")
        ('    return x', 'x = 1', None)
    """
    parts = text.split(_FENCE)
    if len(parts) == 1 or (opened and len(parts) % 2 == 0):
        return _bare(parts[0])
    # of an odd part the first line is the name of the language; the last may be cut before its end
    blocks = [each for part in parts[1::2] if (each := _bare(part.partition("\n")[2] if "\n" in part else part)) is not None]
    if entry:
        blocks = [each for each in blocks if _definition(entry).search(each)] or blocks
    return blocks[0] if blocks else None


def _bare(text: str) -> str | None:
    lines = text.split("\n")
    while lines and not lines[0].strip():
        lines = lines[1:]
    return "\n".join(lines).rstrip() if lines else None


def _definition(entry: str) -> re.Pattern[str]:
    return re.compile(rf"^[ \t]*(?:async\s+def|def|class)\s+{re.escape(entry)}\b", re.MULTILINE)


def joined(before: str, written: str, entry: str) -> str:
    r"""A program out of its beginning and what a model wrote: the rest of it, or all of it anew.

    Of a text that defines `entry` itself only what stands before that definition in the beginning is kept: imports, helpers.

    Example:
        >>> joined("import re\ndef f(x):\n", "    return x", "f")
        'import re\ndef f(x):\n    return x'
        >>> joined("import re\ndef f(x):\n", "def f(y):\n    return y", "f")
        'import re\n\ndef f(y):\n    return y'
    """
    if not entry or not _definition(entry).search(written):
        return before + written
    found = _definition(entry).search(before)
    return f"{before[: found.start()] if found else before}\n{written}"


@dataclass(frozen=True)
class Judged:
    """What the answers to an item are judged by.

    Attributes:
        language: the programming language that is asked for, as the data writes it.
        before: the beginning of the program, which the prompt shows; empty where all of it is to be written.
        entry: the function that is asked for; empty for none.
        tests: Python that raises where the program is wrong.
        cases: of input and output, in place of tests.
    """

    language: str
    before: str = ""
    entry: str = ""
    tests: str = ""
    cases: tuple[Case, ...] = ()

    @classmethod
    def of(cls, fields: Mapping[str, str], item: str) -> "Judged":
        """Read it from the fields of an item: `tests` with `setup` and `entry`, or `cases`; `programming`, `beginning`.

        Raises:
            InputError: the cases cannot be read.
        """
        cases = cases_of(fields["cases"], f"item {item}") if "cases" in fields else ()
        entry, tests = fields.get("entry", "").strip(), fields.get("tests", "")
        if entry and tests and not _CALLED.search(tests):
            tests = f"{tests}\n\ncheck({entry})\n"
        tests = f"{fields['setup']}\n\n{tests}" if fields.get("setup") else tests
        return cls(fields.get("programming", PYTHON), fields.get("beginning", ""), entry, tests, cases)

    def program(self, written: str | None) -> Program:
        """What is run; an empty program where nothing was written."""
        source = "" if written is None else joined(self.before, written, self.entry)
        return Program(source, self.language, self.tests, self.cases)
