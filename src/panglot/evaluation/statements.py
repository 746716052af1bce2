"""Pieces of source code: its first statement, its identifiers, what is no comment. Nothing of it is run."""

import keyword
from collections.abc import Iterator
from typing import NamedTuple

import regex

from panglot.artifacts import InputError, did_you_mean

MOST = 20_000
"""Characters of a completion that are looked at."""

_LINE = r"//[^\n]*|/\*.*?(?:\*/|\Z)"
_QUOTED = r'"(?:\\.|[^"\\\n])*"?' + "|" + r"'(?:\\.|[^'\\\n])*'?"
_TRIPLE = r'"""(?:\\.|[^\\])*?(?:"""|\Z)' + "|" + r"'''(?:\\.|[^\\])*?(?:'''|\Z)"
_IDENTIFIER = regex.compile(r"[\p{XID_Start}_$][\p{XID_Continue}$]*")
_OPENING, _CLOSING = "([{", ")]}"

_JAVA = """
abstract assert boolean break byte case catch char class const continue default do double else enum extends final
finally float for goto if implements import instanceof int interface long native new package private protected public
return short static strictfp super switch synchronized this throw throws transient try var void volatile while
"""
_CSHARP = """
abstract as base bool break byte case catch char checked class const continue decimal default delegate do double else
enum event explicit extern finally fixed float for foreach goto if implicit in int interface internal is lock long
namespace new null object operator out override params private protected public readonly ref return sbyte sealed short
sizeof stackalloc static string struct switch this throw try typeof uint ulong unchecked unsafe ushort using virtual
void volatile while
"""
_TYPESCRIPT = """
break case catch class const continue debugger default delete do else enum export extends finally for function if
implements import in instanceof interface let new package private protected public return static super switch this
throw try typeof var void while with yield
"""


class _Language(NamedTuple):
    comment: str
    pieces: regex.Pattern[str]
    keywords: frozenset[str]


def _language(comment: str, comments: str, strings: str, keywords: str) -> _Language:
    pieces = regex.compile(rf"(?P<comment>{comments})|(?P<string>{strings})", regex.DOTALL)
    return _Language(comment, pieces, frozenset(keywords.split()))


# as in the published lists, which have neither true and false nor words that are names elsewhere, such as TypeScript's type
_LANGUAGES = {
    "python": _language(
        "#", r"#[^\n]*", f"{_TRIPLE}|{_QUOTED}", " ".join(each for each in keyword.kwlist if each not in ("True", "False"))
    ),
    "java": _language("//", _LINE, f"{_TRIPLE}|{_QUOTED}", _JAVA),
    "typescript": _language("//", _LINE, rf"`(?:\\.|[^`\\])*(?:`|\Z)|{_QUOTED}", _TYPESCRIPT),
    "csharp": _language("//", _LINE, rf'\$?@\$?"(?:""|[^"])*(?:"|\Z)|{_QUOTED}', _CSHARP),
}


def known(language: str) -> None:
    """Raise where nothing is known of a programming language."""
    if language not in _LANGUAGES:
        raise InputError(
            f"completions in {language!r} cannot be compared",
            fix=did_you_mean(language, _LANGUAGES) or f"known are {', '.join(_LANGUAGES)}",
        )


def comment_mark(language: str) -> str:
    """What a line of comment begins with."""
    known(language)
    return _LANGUAGES[language].comment


def first_statement(prompt: str, completion: str, language: str) -> str:
    r"""A completion up to the end of its first statement.

    In Python that is the first line end outside of brackets and strings, those that the prompt leaves open among them; the line
    that begins a block is a statement. In the other languages it is the first `;`, `{` or `}` that is in no string or
    comment and is not the first sign, as CrossCodeEval has it (Ding et al. 2023), whose own rule looks into strings too.

    Args:
        prompt: the code before.
        completion: what was written.
        language: `python`, `java`, `typescript` or `csharp`.

    Raises:
        InputError: of the language nothing is known.

    Example:
        >>> first_statement("x = f(", "a,\n      b)\ny = 2\n", "python")
        'a,\n      b)'
        >>> first_statement("", 'log("a;b"); done();', "java")
        'log("a;b");'
    """
    known(language)
    completion = completion[:MOST]
    if language != "python":
        for at, sign in _code(completion, language):
            if sign in ";{}" and completion[:at].strip():
                return completion[: at + 1]
        return completion.rstrip()
    depth, begin = 0, len(prompt)
    whole = prompt + completion
    for at, sign in _code(whole, language):
        if sign in _OPENING:
            depth += 1
        elif sign in _CLOSING:
            depth = max(0, depth - 1)
        elif sign == "\n" and at >= begin and not depth and whole[at - 1 : at] != "\\" and whole[begin:at].strip():
            return whole[begin:at].rstrip()
    return completion.rstrip()


def _code(text: str, language: str) -> Iterator[tuple[int, str]]:
    """Each sign that is in no comment and no string, with its place."""
    at = 0
    for found in _LANGUAGES[language].pieces.finditer(text):
        yield from enumerate(text[at : found.start()], start=at)
        at = found.end()
    yield from enumerate(text[at:], start=at)


def without_comments(code: str, language: str) -> str:
    """Code without its comments; what looks like one inside of a string stays, and so does Python's `//`.

    Example:
        >>> without_comments('x = "#1" // 2  # half', "python")
        'x = "#1" // 2  '
    """
    known(language)
    return str(_LANGUAGES[language].pieces.sub(lambda found: "" if found["comment"] is not None else found[0], code))


def identifiers(code: str, language: str) -> list[str]:
    """The names in code in their order, in any script: no keywords, nothing of strings and comments.

    Example:
        >>> identifiers('return self.names["a"]  # all', "python"), identifiers("गिनती = x1", "python")
        (['self', 'names'], ['गिनती', 'x1'])
    """
    known(language)
    bare = _LANGUAGES[language].pieces.sub(" ", code)
    return [each for each in _IDENTIFIER.findall(bare) if each not in _LANGUAGES[language].keywords]
