"""Answers that are formulas in LaTeX: the last boxed one of a text, and whether two mean the same."""

import unicodedata
from collections.abc import Iterator
from fractions import Fraction

import regex

MOST = 2000
"""Characters of a formula that are looked at: what is longer is compared as it stands."""

_BOX = regex.compile(r"\\(?:boxed|fbox)\s*")
_SIGNS = str.maketrans(
    {
        "٫": ".", "٬": ",", "−": "-", "–": "-", "，": ",", "（": "(", "）": ")", "＝": "=", "\u00a0": " ", "\u202f": " ",
        "×": r"\times ", "·": r"\cdot ", "π": r"\pi ", "∞": r"\infty ", "√": r"\sqrt ", "≤": r"\le ", "≥": r"\ge ",
    }
)  # fmt: skip
_CONTROLS = regex.compile(r"[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_TWICE = regex.compile(r"\\\\(?=(?:[dtc]?frac|sqrt|text|left|right|pi|infty|cdot|times|boxed|mathrm|[%$!,;:])(?![a-zA-Z]))")
_SPACES = regex.compile(r"(?<!\\)\\[!,;: ]|~|\\q?quad(?![a-zA-Z])")
_SIZES = regex.compile(r"\\(?:left|right|[bB]igg?[lrm]?)(?![a-zA-Z])")
_DEGREES = regex.compile(r"\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![a-zA-Z]))|°|\\degrees?(?![a-zA-Z])")
_UNIT = regex.compile(r"\\(?:text|mbox|textrm|mathrm)\s*\{(?P<begins>\s?)")
_ONLY_UNITS = regex.compile(r"(?:\\(?:text|mbox|textrm|mathrm)\s*\{[^{}]*\}\s*(?:\^\s*(?:\{[^{}]*\}|\d)\s*)?)+[.]?\s*")
_WORDS = regex.compile(r"\\(?:text|mbox|textrm|textbf|mathrm|mathbf|overline)\s*\{([^{}]*)\}")
_BARE_POINT = regex.compile(r"(?<![\d}])\.(?=\d)")
_ARGUMENT = r"(?:\{((?:[^{}]|\{[^{}]*\})*)\}|(\d|[a-zA-Z]))"
_FRACTION = regex.compile(rf"\\[dtc]?frac\s*{_ARGUMENT}\s*{_ARGUMENT}")
_ROOT = regex.compile(r"\\sqrt\s*([\p{L}\p{N}])")
_NUMBER = regex.compile(r"([+-]?)(\d*)(?:\\frac\{(-?\d+)\}\{(-?\d+)\})?")
_DECIMAL = regex.compile(r"[+-]?\d+(?:\.\d*)?")
_GROUPED = regex.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")


def last_boxed(text: str) -> tuple[int, str] | None:
    r"""Where the last `\boxed{…}` of a text begins and what stands in it; None where there is none whose braces close.

    An escaped brace closes nothing. `\boxed 5` goes to the next dollar sign, as MATH's own reader has it.

    Example:
        >>> last_boxed(r"First \boxed{1}, then $\boxed{\frac{1}{2}}$. And \boxed{3")
        (23, '\\frac{1}{2}')
    """
    for found in reversed(list(_BOX.finditer(text))):
        inside = _braced(text, found.end()) if text[found.end() : found.end() + 1] == "{" else None
        if inside is None and found.group()[-1].isspace() and text[found.end() : found.end() + 1] not in ("", "{"):
            inside = text[found.end() :].partition("$")[0].strip()
        if inside is not None:
            return found.start(), inside
    return None


def _braced(text: str, begin: int) -> str | None:
    depth, at = 0, begin
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "{":
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if not depth:
                return text[begin + 1 : at]
        at += 1
    return None


def plain(formula: str) -> str:
    r"""A formula in the form that is compared.

    The rules are those of MATH's `math_equivalence.py` (Hendrycks et al. 2021, arXiv 2103.03874): one kind of fraction, braces
    around its parts and around what a root is of, `\left`, `\right`, thin spaces, degrees, dollar and per cent signs dropped,
    units in `\text{ …}` dropped, `.5` as `0.5`, a name of one or two signs before the only `=` dropped, `1/2` a fraction, no
    blanks. Beyond them digits of every script are Latin ones, `\text{red}` is `red`, a number has no marks between its groups
    of three, `\frac{72}1` is read, and a second unit or a formula without an end is no failure. "3 and 5" is not 3, in whatever
    the word stands.

    Example:
        >>> plain(r"x = \dfrac12\text{ cm}"), plain("٣٫٥"), plain(r"\left( \sqrt3, 1 \right)"), plain("1,234")
        ('\\frac{1}{2}', '3.5', '(\\sqrt{3},1)', '1234')
    """
    text = _CONTROLS.sub("", formula).translate(_SIGNS).strip()
    text = "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in text)
    text = _TWICE.sub(r"\\", text.replace("\n", " "))
    text = text.replace("{,}", ",").replace("\\$", "").replace("$", "").replace("\\%", "").replace("%", "")
    for brackets in (r"\(", r"\)", r"\[", r"\]"):
        text = text.replace(brackets, "")
    text = _DEGREES.sub("", _SIZES.sub("", _SPACES.sub("", text))).strip()
    text = _WORDS.sub(r"\1", _without_unit(text)).strip()
    text = text.removesuffix(".") if not text.endswith("..") else text
    before, sign, after = text.partition("=")
    if sign and "=" not in after and len(before.strip()) <= 2:
        text = after
    text = _BARE_POINT.sub("0.", text)
    text = _fractions(_ROOT.sub(r"\\sqrt{\1}", text)).replace(" ", "")
    above, slash, below = text.partition("/")
    if slash and regex.fullmatch(r"-?\d+", above) and regex.fullmatch(r"\d+", below):
        text = rf"\frac{{{above}}}{{{below}}}"
    return text.replace(",", "") if _GROUPED.fullmatch(text) else text


def _without_unit(text: str) -> str:
    """What stands before a unit: a text that begins with a blank or stands behind a number, and that ends the formula."""
    found = _UNIT.search(text)
    before = text[: found.start()].strip() if found is not None else ""
    if found is None or not before or not (found["begins"] or value(plain(before)) is not None):
        return text
    # "3 and 5" has no unit
    return before if _ONLY_UNITS.fullmatch(text, found.start()) else text


def _fractions(text: str) -> str:
    def braced(found: regex.Match[str]) -> str:
        above, below = found[1] if found[2] is None else found[2], found[3] if found[4] is None else found[4]
        return rf"\frac{{{_fractions(above)}}}{{{_fractions(below)}}}"

    return str(_FRACTION.sub(braced, text))


def value(text: str) -> Fraction | None:
    r"""The number that a plain formula is: whole, decimal, a fraction of whole numbers, or a whole number and such a fraction.

    Example:
        >>> value(plain(r"-\frac{2}{4}")), value(plain("٠٫٥")), value(plain(r"3\frac12")), value("x")
        (Fraction(-1, 2), Fraction(1, 2), Fraction(7, 2), None)
    """
    try:
        if _DECIMAL.fullmatch(text):
            return Fraction(text)
        found = _NUMBER.fullmatch(text)
        if found is None or found[3] is None or (found[2] and found[3].startswith("-")):
            return None
        return (-1 if found[1] == "-" else 1) * (int(found[2] or 0) + Fraction(int(found[3]), int(found[4])))
    except (ValueError, ZeroDivisionError):  # more digits than Python reads, or nothing to divide by
        return None


def same(one: str, other: str) -> bool:
    r"""Whether two formulas are the same by their plain forms, or are the same number, or lists of such between equal brackets.

    Example:
        >>> same(r"(0.5, \frac42]", r"\left(\frac12,2\right]"), same("0.333", r"\frac13"), same("१/२", ".5")
        (True, False, True)
    """
    if max(len(one), len(other)) > MOST:
        return one == other
    return _same(plain(one), plain(other))


def _same(one: str, other: str) -> bool:
    if one == other:
        return bool(one)
    numbers = value(one), value(other)
    if None not in numbers:
        return numbers[0] == numbers[1]
    if len(one) > 2 and len(other) > 2 and one[0] in "([" and one[0] == other[0] and one[-1] in ")]" and one[-1] == other[-1]:
        parts, others = list(_parts(one[1:-1])), list(_parts(other[1:-1]))
        return len(parts) == len(others) > 1 and all(_same(a, b) for a, b in zip(parts, others, strict=True))
    return False


def _parts(text: str) -> Iterator[str]:
    """What stands between the commas that are in no brackets."""
    depth = begin = 0
    for at, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0:
            yield text[begin:at]
            begin = at + 1
    yield text[begin:]
