"""What is known of scripts as such: direction, spaces, and which codes mean the same letters."""

from panglot.languages.tables import script_names

# Unicode's right-to-left scripts, and the ISO 15924 variants of Arabic and Syriac.
# fmt: off
RIGHT_TO_LEFT = frozenset(
    {
        "Adlm", "Arab", "Aran", "Armi", "Avst", "Chrs", "Cprt", "Elym", "Gara", "Hatr", "Hebr", "Hung", "Khar",
        "Lydi", "Mand", "Mani", "Mend", "Merc", "Mero", "Narb", "Nbat", "Nkoo", "Orkh", "Ougr", "Palm", "Phli",
        "Phlp", "Phlv", "Phnx", "Prti", "Rohg", "Samr", "Sarb", "Sidt", "Sogd", "Sogo", "Syrc", "Syre", "Syrj",
        "Syrn", "Thaa", "Todr", "Yezi"
    }
)
# fmt: on

# Scripts whose usual orthographies put no space between words, or put it elsewhere (phrases, syllables). Some languages
# differ from their script's habit (Karen languages in Mymr, Hmong in Thai); the answer is about the script.
# fmt: off
WITHOUT_SPACES = frozenset(
    {
        "Bali", "Batk", "Bopo", "Bugi", "Egyp", "Hanb", "Hani", "Hans", "Hant", "Hira", "Hrkt", "Java", "Jpan",
        "Jurc", "Kana", "Khmr", "Kits", "Lana", "Laoo", "Maka", "Marc", "Mymr", "Nshu", "Phag", "Tale", "Talu",
        "Tang", "Thai", "Tibt", "Xsux", "Yiii"
    }
)
# fmt: on

# ISO 15924 codes that Unicode does not tell apart, to the code that its Script property uses.
SAME_LETTERS = {
    "Aran": "Arab",
    "Cyrs": "Cyrl",
    "Geok": "Geor",
    "Hntl": "Hani",
    "Latf": "Latn",
    "Latg": "Latn",
    "Syre": "Syrc",
    "Syrj": "Syrc",
    "Syrn": "Syrc",
}


def direction(script: str) -> str:
    """`rtl` or `ltr`.

    Example:
        >>> direction("Thaa"), direction("Taml")
        ('rtl', 'ltr')
    """
    return "rtl" if script in RIGHT_TO_LEFT else "ltr"


def separates_words(script: str) -> bool:
    """Whether the script's usual orthographies put a space between words.

    Example:
        >>> separates_words("Khmr"), separates_words("Ethi")
        (False, True)
    """
    return script not in WITHOUT_SPACES


def script_name(script: str) -> str:
    """English name of an ISO 15924 code.

    Example:
        >>> script_name("Cyrl")
        'Cyrillic'
    """
    return script_names()[script]
