"""Which script a text is written in, by Unicode's Script_Extensions property."""

from functools import lru_cache

import regex

# ISO 15924 codes that stand for a mixture or for a variant; Unicode knows only the parts.
_PARTS = {
    "Aran": ("Arab",),
    "Cyrs": ("Cyrl",),
    "Geok": ("Geor",),
    "Hanb": ("Hani", "Bopo"),
    "Hans": ("Hani", "Bopo"),
    "Hant": ("Hani", "Bopo"),
    "Hrkt": ("Hira", "Kana"),
    "Jpan": ("Hani", "Hira", "Kana"),
    "Kore": ("Hang", "Hani"),
    "Latf": ("Latn",),
    "Latg": ("Latn",),
    "Syre": ("Syrc",),
    "Syrj": ("Syrc",),
    "Syrn": ("Syrc",),
}
_LETTER = regex.compile(r"\p{L}")


@lru_cache(maxsize=512)
def _letters_of(script: str) -> "regex.Pattern[str] | None":
    parts = "".join(rf"\p{{scx={part}}}" for part in _PARTS.get(script, (script,)))
    try:
        return regex.compile(rf"[\p{{L}}&&[{parts}]]", regex.V1)
    except regex.error:
        return None


def letters(text: str) -> int:
    """Number of letters (general category L), of any script."""
    return len(_LETTER.findall(text))


def script_share(text: str, script: str) -> float:
    """Share of a text's letters that belong to a script; 1 where there is no letter, or Unicode does not know the script.

    Args:
        text: any text.
        script: ISO 15924 code; `Jpan`, `Kore`, `Hans` and `Hant` count all scripts that they are written with.

    Example:
        >>> script_share("ދިވެހި", "Thaa"), script_share("コーヒー和食", "Jpan"), script_share("Dobry dźeń", "Arab")
        (1.0, 1.0, 0.0)
    """
    pattern = _letters_of(script)
    total = letters(text)
    if pattern is None or not total:
        return 1.0
    return len(pattern.findall(text)) / total
