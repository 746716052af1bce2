"""Where personal data stands in a text."""

import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

import regex

from panglot.corpus.personal.numbers import is_card, is_iban, is_public_address, is_telephone
from panglot.corpus.segmentation.code_points import CATEGORIES, categories

Kind = Literal["url", "email", "iban", "card", "ip", "phone"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""In the order in which they are looked for: what one takes no later one gets."""


@dataclass(frozen=True, order=True)
class Found:
    """One item: `text[start:end]` is of a kind."""

    start: int
    end: int
    kind: Kind


# Signs that only set the direction; people put them around numbers in right-to-left text.
_DIRECTION = "\u200e\u200f\u202a-\u202e\u2066-\u2069"
_GAP = rf"[ \u00a0\u2007\u2009\u202f.\-\u2010-\u2013/()·{_DIRECTION}]"
_ASCII_LOCAL = regex.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}(?=@)")
_ANY_LOCAL = regex.compile(r"[\p{L}\p{M}\p{N}_.+-]{1,64}(?=@)")
_ASCII_DOMAIN = regex.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}(?:xn--[A-Za-z0-9-]{2,59}|[A-Za-z]{2,24})(?![A-Za-z0-9-])"
)
_ANY_DOMAIN = regex.compile(r"(?:[\p{L}\p{N}][\p{L}\p{M}\p{N}-]{0,62}\.){1,8}(?:\p{L}\p{M}*){2,24}")
_FILE_ENDINGS = ("png", "jpg", "jpeg", "gif", "webp", "svg", "css", "js", "html", "htm", "pdf", "mp3", "mp4", "zip", "gz", "py")
_SECRETS = "access_token|api_?key|auth|client_secret|passw(?:or)?d|pwd|secret|session(?:_?id)?|sig(?:nature)?|token"
_URL_END = r"[^\s<>\"'“”«»（）]"
_URLS = (
    regex.compile(rf"(?<![A-Za-z])[A-Za-z][A-Za-z0-9+.-]{{1,20}}://[^\s/@:<>]{{1,128}}:[^\s/@<>]{{1,128}}@{_URL_END}{{2,2048}}"),
    regex.compile(rf"(?<![A-Za-z])https?://[^\s<>?]{{3,2048}}\?(?:[^\s<>=]{{1,64}}=[^\s<>&]{{0,512}}&){{0,32}}"
                  rf"(?:{_SECRETS})=[^\s<>&]{{6,}}{_URL_END}{{0,2048}}", regex.IGNORECASE),
)  # fmt: skip
_IBAN = regex.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[ \u00a0]?[A-Z0-9]){11,30}(?![A-Za-z0-9])")
_IBAN_HEAD = re.compile("[A-Z]{2}[0-9]{2}")
_CARD = regex.compile(r"(?<![A-Za-z0-9_/=.,\-])[0-9](?:[ \u00a0-]?[0-9]){12,18}(?![A-Za-z0-9_]|[.,-][0-9])")
_FEWEST_CARD_DIGITS = 13
_CARD_GROUPS = ((4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4), (4, 4, 4, 1))
_IPV4 = regex.compile(r"(?<![A-Za-z0-9_.:\-])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![A-Za-z0-9_]|\.[0-9])")
_IPV6 = regex.compile(r"(?<![A-Za-z0-9_:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![A-Za-z0-9_:])")
_PHONE = regex.compile(
    rf"(?:(?<![A-Za-z0-9+])\+|(?<![\p{{L}}\p{{M}}\p{{N}}.,+\-/])00(?=[1-9]))[{_DIRECTION}]?(?:{_GAP}{{0,3}}[0-9]){{7,17}}(?![0-9])"
)
_SAID_PHONE = regex.compile(
    rf"(?:[☎☏✆📞📱]\ufe0f?[:\s]{{0,3}}|(?<![A-Za-z])tel:)(?P<number>[0-9(](?:{_GAP}{{0,3}}[0-9]){{6,14}})(?![0-9])"
)
_SAID = re.compile("[☎☏✆📞📱]|tel:")
_LONG_GROUP = 9
_NOT_DIGIT = regex.compile("[^0-9]+")
_ROUND = regex.compile(r"[0-9]{1,3}(?:[^0-9]000)+")
_TRUNK = regex.compile(r"\(0\)")
_PLANE = 0x10000
_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_ANY_DIGIT = re.compile("[0-9]")


def find_personal(text: str, kinds: tuple[Kind, ...] = KINDS) -> list[Found]:
    """E-mail addresses, URLs with credentials, bank accounts, cards, public addresses of machines, telephone numbers.

    Digits of any script count. Numbers have to prove themselves: IBAN and card by length and checksum, telephone numbers by
    a plus (or 00), a country code and the number of digits that the country uses, or by a telephone sign or `tel:` before
    them, machines by a public address. So dates, ISBNs, verses, prices and versions are left alone.

    Returns:
        items in the order of the text, none over another.

    Example:
        >>> text = "ติดต่อ somchai@example.com โทร +๖๖ ๘๑ ๒๓๔ ๕๖๗๘, ISBN 978-3-16-148410-0"
        >>> [(each.kind, text[each.start : each.end]) for each in find_personal(text)]
        [('email', 'somchai@example.com'), ('phone', '+๖๖ ๘๑ ๒๓๔ ๕๖๗๘')]
    """
    foreign = not text.isascii() and (_foreign().search(text) or _BEYOND.search(text))
    plain = text.translate(_digit_table()) if foreign else text
    has_digits = _ANY_DIGIT.search(plain) is not None
    taken: list[Found] = []
    for kind in KINDS:
        if kind in kinds and (has_digits or kind in ("url", "email")):
            for start, end in _FINDERS[kind](plain):
                place = bisect(taken, Found(start, start, kind))
                clear = (place == 0 or taken[place - 1].end <= start) and (place == len(taken) or end <= taken[place].start)
                if clear:
                    taken.insert(place, Found(start, end, kind))
    return taken


@cache
def _digit_table() -> dict[int, str]:
    """Digits of any script, and the signs that go with them, to ASCII, character for character."""
    digits = (categories() == CATEGORIES.index("Nd")).nonzero()[0].tolist()
    return {each: str(int(chr(each))) for each in digits if each > 0x7F} | {0xFF0B: "+", 0xFF20: "@", 0x066B: "."}


@cache
def _foreign() -> "re.Pattern[str]":
    # The standard library looks a character of the basic plane up in a bitmap, which is quicker than a property.
    return re.compile(f"[{''.join(chr(each) for each in _digit_table() if each < _PLANE)}]")


def _emails(text: str) -> Iterator[tuple[int, int]]:
    place = text.find("@")
    while place >= 0:
        found = _email_around(text, place)
        if found:
            yield found
        place = text.find("@", found[1] if found else place + 1)


def _email_around(text: str, place: int) -> tuple[int, int] | None:
    if place == 0 or place + 1 >= len(text):
        return None
    # An ASCII name ends where another script begins: scripts without spaces put their text right before it.
    pattern = _ASCII_LOCAL if text[place - 1].isascii() else _ANY_LOCAL
    start = place
    while start > 0 and place - start < 64 and pattern.match(text, start - 1, place + 1):
        start -= 1
    while start < place and text[start] in ".'`/=?&|{}#*!$%^~+-":
        start += 1
    domain = (_ASCII_DOMAIN if text[place + 1].isascii() else _ANY_DOMAIN).match(text, place + 1)
    if domain is None or start == place or text[place - 1] == "." or text[max(start - 3, 0) : start] == "://":
        return None
    if domain.group().rpartition(".")[2].lower() in _FILE_ENDINGS:
        return None
    return start, domain.end()


def _urls(text: str) -> Iterator[tuple[int, int]]:
    if "://" in text:
        for pattern in _URLS:
            for match in pattern.finditer(text):
                yield match.start(), match.start() + len(match.group().rstrip(".,;:!?)。、，।"))


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    if not _IBAN_HEAD.search(text):
        return
    for match in _IBAN.finditer(text):
        # What follows may look like more of it: the longest beginning that proves itself counts.
        for end in range(match.end(), match.start() + 14, -1):
            if is_iban(text[match.start() : end].replace(" ", "").replace("\u00a0", "")) and not text[end : end + 1].isalnum():
                yield match.start(), end
                break


def _cards(text: str) -> Iterator[tuple[int, int]]:
    if len(_ANY_DIGIT.findall(text)) < _FEWEST_CARD_DIGITS:
        return
    for match in _CARD.finditer(text):
        groups = _NOT_DIGIT.split(match.group())
        shaped = len(groups) == 1 or tuple(map(len, groups)) in _CARD_GROUPS
        if shaped and is_card("".join(groups)):
            yield match.span()


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    for pattern, sign, fewest in ((_IPV4, ".", 3), (_IPV6, ":", 2)):
        if text.count(sign) >= fewest:
            for match in pattern.finditer(text):
                if is_public_address(match.group()):
                    yield match.span()


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for match in _PHONE.finditer(text) if "+" in text or "00" in text else ():
        end = _telephone_end(match.group())
        if end:
            yield match.start(), match.start() + end
    for match in _SAID_PHONE.finditer(text) if _SAID.search(text) else ():
        yield match.span("number")


def _telephone_end(said: str) -> int | None:
    """Where the longest telephone number ends that starts a text of digits and gaps."""
    bare: str = _TRUNK.sub(lambda each: " " * len(each.group()), said)
    ends: list[int] = [*(each.start() for each in _NOT_DIGIT.finditer(bare) if each.start() > 1), len(said)]
    # Digits in one long run are the whole number: what stands behind a gap is another one.
    ends = ends[:1] if len(_NOT_DIGIT.sub("", bare[: ends[0]])) >= _LONG_GROUP else ends
    for end in reversed(ends):
        digits = _NOT_DIGIT.sub("", bare[:end])
        digits = digits.removeprefix("00") if said.startswith("00") else digits
        if is_telephone(digits) and not _ROUND.fullmatch(said[:end].lstrip("+ ")):
            return end
    return None


_FINDERS = {"email": _emails, "url": _urls, "iban": _ibans, "card": _cards, "ip": _addresses, "phone": _phones}
