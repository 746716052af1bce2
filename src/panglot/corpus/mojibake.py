"""UTF-8 that was read as another encoding, set right where that is certain."""

import re
import unicodedata
from functools import cache

# How often each of these stood behind broken pages; the first that explains a line wins.
ENCODINGS = ("cp1252", "cp1251", "cp1250", "cp1254", "cp1253", "mac_roman", "cp437")
_TIMES = 2
_CAPITALS_NEED = 4
_OTHER_NEED = 3
_STRAY = frozenset("…‘’“”«»–—\xa0")
"""Marks that stand after a capital letter in real text too: `CAFÉ…`, `NÃO”`."""

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]{2}|[^\x00-\x7f]")
_EAST_ASIAN = ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH")


@cache
def _characters(encoding: str) -> tuple[str, ...]:
    """Byte to character; a byte that the encoding leaves open is the control character of Latin-1, as browsers read it."""
    return tuple(
        bytes([each]).decode(encoding, errors="ignore") or chr(each) if each >= 128 else chr(each) for each in range(256)
    )


@cache
def _to_bytes(encoding: str) -> dict[int, int]:
    """For `str.translate`: a character to that of Latin-1 with its byte; what the encoding has not, to one beyond Latin-1."""
    found = dict.fromkeys(range(128, 256), 0xFFFF)
    if encoding == "cp1252":
        found |= {each: each for each in range(128, 160)}
    return found | {ord(character): byte for byte, character in enumerate(_characters(encoding)) if byte >= 128}


@cache
def _suspicion() -> "re.Pattern[str]":
    """A first byte of a UTF-8 sequence and a byte that may follow it, read in any of the encodings."""
    leads = {table[each] for table in map(_characters, ENCODINGS) for each in range(0xC2, 0xF5)}
    rest = {table[each] for table in map(_characters, ENCODINGS) for each in range(0x80, 0xC0)} | set(map(chr, range(128, 160)))
    first, second = (re.escape("".join(sorted(each))) for each in (leads, rest))
    return re.compile(f"[{first}][{second}]")


@cache
def _pairs(encoding: str) -> frozenset[str]:
    """The two characters with which a line can go on after its ASCII ones."""
    table = _characters(encoding)
    rest = table[0x80:0xC0] + (tuple(map(chr, range(128, 160))) if encoding == "cp1252" else ())
    return frozenset(lead + each for lead in table[0xC2:0xF5] for each in rest)


def repaired(text: str) -> tuple[str, int]:
    """Set lines right that are UTF-8 read as another encoding; text that is only unusual stays as it is.

    A line is decoded again only as a whole: each of its characters beyond ASCII must be part of a valid UTF-8 sequence in one
    encoding. What comes out must be letters of one script with their marks, and signs; and there must be more than one such
    sequence, or one that no writer makes. Letters, marks and joiners of a line that is right are never touched.

    Returns:
        The text, and the number of lines set right.

    Example:
        >>> repaired("pÅ™ed lÃ©ty"), repaired("ÐŸÑ€Ð¸Ð²ÐµÑ‚"), repaired("CAFÉ… Рівне, manhã")
        (('před léty', 1), ('Привет', 1), ('CAFÉ… Рівне, manhã', 0))
    """
    if text.isascii() or _suspicion().search(text) is None:
        return text, 0
    count = 0
    lines = text.split("\n")
    for number, line in enumerate(lines):
        better = _decoded(line, _TIMES)
        if better is not None:
            lines[number] = better
            count += 1
    return "\n".join(lines), count


def _decoded(line: str, times: int) -> str | None:
    if line.isascii() or _suspicion().search(line) is None:
        return None
    first = _BEYOND_ASCII.search(line)
    pair = first.group() if first else ""
    for encoding in ENCODINGS:
        if pair not in _pairs(encoding):
            continue
        try:
            better = line.translate(_to_bytes(encoding)).encode("latin-1").decode()
        except UnicodeError:
            continue
        # what was broken twice is judged by what stands behind both
        further = _decoded(better, times - 1) if times > 1 else None
        if further is not None:
            return further
        if _is_certain(line, better):
            return better
    return None


def _is_certain(line: str, better: str) -> bool:
    found = [each for each in better if ord(each) >= 128]
    if any(unicodedata.category(each) in ("Cn", "Cc", "Co", "Cs") for each in found):
        return False
    scripts = {_script(each) for each in better if each.isalpha() and ord(each) >= 128}
    scripts -= {"MODIFIER", "FEMININE", "MASCULINE", "MICRO"}
    letters = any(each.isascii() and each.isalpha() for each in better)
    if len(scripts - {"LATIN"} if letters else scripts) > 1 or "?" in scripts:
        return False
    usual = sum("\xa1" <= each <= "\u017f" or "\u2010" <= each <= "\u20bf" for each in found)
    if not any(each.islower() and each.isascii() for each in line) and letters:
        return len(found) >= _CAPITALS_NEED
    if len(found) > 1:
        return 2 * usual >= len(found) or len(found) >= _OTHER_NEED
    return usual == 1 and not any(each in _STRAY for each in line)


@cache
def _script(character: str) -> str:
    name = unicodedata.name(character, "?").split()[0]
    return "CJK" if name in _EAST_ASIAN else name
