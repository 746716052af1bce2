"""Data text made fit to be shown: shortened where one sees it, with nothing in it that can act on the page."""

import re

import regex

CHARACTERS = 280
_CLUSTER = regex.compile(r"\X")
_LONGEST_CLUSTER = 24
# Overrides, embeddings and isolates can reorder what stands around them, through the end of a <bdi> too; marks cannot.
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Marks that act anywhere, a URL's or address's own marks, and what acts at the start of a line only.
_MARKDOWN = re.compile(r"[\\`*_\[\]|~$@]|:(?=//)|(?<=www)\.|^[-+#=!]|^\d+[.)](?=\s|$)", re.IGNORECASE)
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def visible(text: str) -> str:
    """Text with its control characters made visible, and on one line.

    C0 controls become Unicode's control pictures, bidirectional overrides and isolates their code in brackets, line breaks a
    space, and lone surrogates the replacement character. Everything else, joiners and combining marks included, stays.

    Example:
        >>> visible("a\\x00b\\u202ec\\nd")
        'a␀b[U+202E]c d'
    """
    text = re.sub(r"[\t\r\n\x0b\x0c\x85\u2028\u2029]+", " ", text)
    text = re.sub(r"[\x00-\x1f]", lambda found: chr(0x2400 + ord(found[0])), text)
    text = re.sub(r"[\x7f-\x9f]", lambda found: f"[U+{ord(found[0]):04X}]", text)
    text = re.sub(r"[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]", "\ufffd", text)
    return _REORDERING.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def clip(text: str, limit: int = CHARACTERS) -> str:
    """At most `limit` characters as a reader counts them, then an ellipsis; never cut inside a combining sequence.

    Example:
        >>> clip("abcdef", 3), clip("abc", 3)
        ('abc…', 'abc')
    """
    if len(text) <= limit:
        return text
    # A single cluster can be as long as an attacker likes, so the part that is looked at is bounded first.
    clusters = _CLUSTER.findall(text[: limit * _LONGEST_CLUSTER])
    kept = "".join(each[:_LONGEST_CLUSTER] for each in clusters[:limit])
    return kept if kept == text else kept.rstrip() + "…"


def shown(text: object, limit: int = CHARACTERS) -> str:
    """`visible` and `clip` together, for anything."""
    # Only a bounded part is made visible: a string may be as large as a file.
    raw = str(text)
    return clip(visible(raw[: limit * _LONGEST_CLUSTER * 2]) + ("…" if len(raw) > limit * _LONGEST_CLUSTER * 2 else ""), limit)


def markdown(text: object, limit: int = CHARACTERS) -> str:
    """Data text for a Markdown file: every character that could be markup where it stands is escaped, HTML's too.

    Example:
        >>> markdown("<b>*|"), markdown("0.95 (+0.35)"), markdown("1. x")
        ('&lt;b&gt;\\\\*\\\\|', '0.95 (+0.35)', '1\\\\. x')
    """

    def escaped(found: re.Match[str]) -> str:
        return f"{found[0][:-1]}\\{found[0][-1]}"

    return _MARKDOWN.sub(escaped, shown(text, limit).strip()).translate(_HTML)
