"""Which character set a page is in, and its text: byte-order mark, HTTP header, declaration in the page, then UTF-8 itself."""

import re
from functools import cache
from typing import NamedTuple

from panglot.artifacts import did_you_mean

_DECLARED_WITHIN = 4096
_MAX_REPLACED = 0.005
_META = re.compile(rb"""<meta[^>]{0,400}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
_XML = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_.:-]{2,40})""")
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))

# The labels of the WHATWG Encoding Standard; each with the codec of Python that browsers' decoding is nearest to.
_LABELS = {
    "utf-8": "utf-8 utf8 unicode-1-1-utf-8 us-ascii-utf-8",
    "cp866": "866 cp866 csibm866 ibm866",
    "iso8859-2": "iso-8859-2 iso8859-2 iso88592 latin2 l2 iso_8859-2 csisolatin2",
    "iso8859-3": "iso-8859-3 iso8859-3 latin3 l3 iso_8859-3",
    "iso8859-4": "iso-8859-4 iso8859-4 latin4 l4 iso_8859-4",
    "iso8859-5": "iso-8859-5 iso8859-5 cyrillic iso_8859-5 csisolatincyrillic",
    "iso8859-6": "iso-8859-6 iso8859-6 arabic asmo-708 ecma-114 iso-8859-6-e iso-8859-6-i iso_8859-6",
    "iso8859-7": "iso-8859-7 iso8859-7 greek greek8 elot_928 ecma-118 iso_8859-7 sun_eu_greek",
    "iso8859-8": "iso-8859-8 iso8859-8 hebrew visual iso-8859-8-e iso-8859-8-i logical iso_8859-8",
    "iso8859-10": "iso-8859-10 latin6 l6",
    "iso8859-13": "iso-8859-13",
    "iso8859-14": "iso-8859-14",
    "iso8859-15": "iso-8859-15 latin9 l9 iso_8859-15",
    "iso8859-16": "iso-8859-16",
    "koi8-r": "koi8-r koi koi8 koi8_r cskoi8r",
    "koi8-u": "koi8-u koi8-ru",
    "mac-roman": "macintosh mac csmacintosh x-mac-roman",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "cp874": "windows-874 tis-620 iso-8859-11 iso8859-11 dos-874",
    "cp1250": "windows-1250 cp1250 x-cp1250",
    "cp1251": "windows-1251 cp1251 x-cp1251",
    "cp1252": "windows-1252 cp1252 x-cp1252 iso-8859-1 iso8859-1 iso88591 latin1 l1 ascii us-ascii ansi_x3.4-1968 iso_8859-1",
    "cp1253": "windows-1253 cp1253 x-cp1253",
    "cp1254": "windows-1254 cp1254 x-cp1254 iso-8859-9 iso8859-9 latin5 l5 iso_8859-9",
    "cp1255": "windows-1255 cp1255 x-cp1255",
    "cp1256": "windows-1256 cp1256 x-cp1256",
    "cp1257": "windows-1257 cp1257 x-cp1257",
    "cp1258": "windows-1258 cp1258 x-cp1258",
    "gb18030": "gb18030 gbk gb2312 gb_2312 gb_2312-80 x-gbk chinese csgb2312 iso-ir-58",
    "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5",
    "euc_jp": "euc-jp x-euc-jp",
    "iso2022_jp": "iso-2022-jp csiso2022jp",
    "cp932": "shift_jis shift-jis sjis x-sjis windows-31j ms_kanji ms932",
    "cp949": "euc-kr korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949 cseuckr",
    "utf-16-le": "utf-16le utf-16 unicode ucs-2 csunicode",
    "utf-16-be": "utf-16be unicodefffe",
}


class Decoded(NamedTuple):
    """A page as text.

    Attributes:
        text: the page; empty where `problem` says why it has none.
        charset: the codec that was used.
        problem: why the bytes are no text in the character set that is declared, or that can be found.
    """

    text: str
    charset: str
    problem: str = ""


@cache
def codec_of(label: str) -> str | None:
    """Python's codec for a label as pages write it; None for an unknown one. No other codec is ever looked up.

    Example:
        >>> codec_of("ISO-8859-1"), codec_of(" x-sjis "), codec_of("rot13")
        ('cp1252', 'cp932', None)
    """
    wanted = label.strip().lower()
    return next((codec for codec, labels in _LABELS.items() if wanted in labels.split()), None)


def decode(content: bytes, header: str | None = None) -> Decoded:
    """Turn the bytes of a page into text.

    The order is: a byte-order mark, the character set of the HTTP header, the one that the page declares in its first 4 KiB,
    UTF-8 where the bytes are valid UTF-8, and last a guess by resiliparse where it is installed. Bytes beyond ASCII that are
    valid UTF-8 are UTF-8 whatever an eight-bit declaration says: such a declaration is far more often wrong than right. At most
    0.5 % of the characters may be replacement characters.

    Args:
        content: the page.
        header: the character set that the HTTP header names.

    Example:
        >>> decode("<meta charset=windows-1251>мова".encode("cp1251")).text[-4:], decode(b"caf\\xe9", "latin1").text
        ('мова', 'café')
    """
    for mark, marked in _MARKS:
        if content.startswith(mark):
            return _checked(content[len(mark) :], marked)
    head = content[:_DECLARED_WITHIN]
    found = _META.search(head) or _XML.search(head)
    said = [label for label in (header, found.group(1).decode("ascii") if found else None) if label]
    known = next((codec for label in said if (codec := codec_of(label))), None)
    # A page that can be searched for its declaration is not UTF-16, whatever it declares.
    if known and known.startswith("utf-16") and found:
        known = "utf-8"
    if known and known.startswith("utf-16"):
        return _checked(content, known)
    try:
        if known != "iso2022_jp":
            return Decoded(content.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        pass
    if known:
        return _checked(content, known)
    if said:
        near = did_you_mean(said[0].lower(), " ".join(_LABELS.values()).split())
        return Decoded("", "", f"the character set {said[0][:40]!r} is unknown{f', {near}' if near else ''}")
    return _guessed(content)


def _guessed(content: bytes) -> Decoded:
    try:
        from resiliparse.parse.encoding import detect_encoding
    except ImportError:
        return Decoded("", "", "not UTF-8, and no character set is declared")
    codec = codec_of(str(detect_encoding(content[: 1 << 16], html5_compatible=True)))
    if codec is None or codec == "utf-8":
        return Decoded("", "", "not UTF-8, and no character set is declared")
    return _checked(content, codec)


def _checked(content: bytes, codec: str) -> Decoded:
    text = content.decode(codec, errors="replace")
    if text.count("\ufffd") > _MAX_REPLACED * len(text):
        return Decoded("", codec, f"not in its character set ({codec})")
    return Decoded(text, codec)
