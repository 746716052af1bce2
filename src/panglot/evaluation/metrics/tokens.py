"""Tokens of answers and summaries in any script.

Words of scripts that put spaces between them, grapheme clusters of the others: what a word is in Thai or Chinese is a
segmenter's opinion, and a score must not depend on that.
"""

from functools import cache

import regex

from panglot.languages.writing import WITHOUT_SPACES

_SPLIT = regex.compile(r"\s+")


@cache
def unspaced_cluster() -> str:
    """A pattern for `regex`: one grapheme cluster of a script without spaces."""
    # ISO 15924 has codes for mixtures of scripts, such as Jpan, which are no property of characters
    classes = []
    for script in sorted(WITHOUT_SPACES):
        try:
            regex.compile(rf"\p{{Script={script}}}")
        except regex.error:
            continue
        classes.append(rf"\p{{Script={script}}}")
    return rf"(?=[{''.join(classes)}])\X"


@cache
def _unspaced() -> regex.Pattern[str]:
    return regex.compile(unspaced_cluster())


@cache
def _words() -> regex.Pattern[str]:
    return regex.compile(rf"{unspaced_cluster()}|(?:(?!{unspaced_cluster()})[\p{{L}}\p{{M}}\p{{N}}\u200c\u200d])+")


def spaced_tokens(text: str) -> list[str]:
    """What stands between white space; each grapheme cluster alone in scripts without spaces.

    Example:
        >>> spaced_tokens("iPhone 手机 ไทย"), spaced_tokens("می‌خواهم بروم")
        (['iPhone', '手', '机', 'ไ', 'ท', 'ย'], ['می‌خواهم', 'بروم'])
    """
    found: list[str] = []
    for part in _SPLIT.split(text):
        end = 0
        for each in _unspaced().finditer(part):
            found.extend(filter(None, (part[end : each.start()], each.group())))
            end = each.end()
        found.extend(filter(None, (part[end:],)))
    return found


def words(text: str) -> list[str]:
    """Runs of letters, marks and digits; each grapheme cluster alone in scripts without spaces. Punctuation is dropped.

    On ASCII text these are rouge-score's tokens, which in all other text are none: it drops every character outside a–z and
    0–9.

    Example:
        >>> words("ދިވެހި, don't"), words("我是3个。")
        (['ދިވެހި', 'don', 't'], ['我', '是', '3', '个'])
    """
    return list(_words().findall(text))


def graphemes(text: str) -> list[str]:
    """Extended grapheme clusters (UAX 29): characters as a reader counts them.

    Example:
        >>> graphemes("नमस्ते")
        ['न', 'म', 'स्ते']
    """
    return list(regex.findall(r"\X", text))
