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


class _Members(dict[str, bool]):
    """Character to whether it is a letter of a script; filled as characters are met, so that each is looked up once."""

    def __init__(self, script: str) -> None:
        super().__init__()
        parts = "".join(rf"\p{{scx={part}}}" for part in _PARTS.get(script, (script,)))
        self._pattern = regex.compile(f"[{parts}]")

    def __missing__(self, character: str) -> bool:
        member = self[character] = character.isalpha() and self._pattern.match(character) is not None
        return member


@lru_cache(maxsize=512)
def _members(script: str) -> _Members | None:
    try:
        return _Members(script)
    except regex.error:
        return None


def letters(text: str) -> int:
    """Number of letters (general category L), of any script."""
    return sum(map(str.isalpha, text))


def script_share(text: str, script: str) -> float:
    """Share of a text's letters that belong to a script; 1 where there is no letter, or Unicode does not know the script.

    Args:
        text: any text.
        script: ISO 15924 code; `Jpan`, `Kore`, `Hans` and `Hant` count all scripts that they are written with.

    Example:
        >>> script_share("ދިވެހި", "Thaa"), script_share("コーヒー和食", "Jpan"), script_share("Dobry dźeń", "Arab")
        (1.0, 1.0, 0.0)
    """
    members = _members(script)
    total = letters(text)
    if members is None or not total:
        return 1.0
    return sum(map(members.__getitem__, text)) / total
