"""Words by ICU's dictionaries: Thai, Lao, Khmer, Burmese, Chinese, Japanese in one package."""

from collections.abc import Callable, Sequence

PACKAGE, INSTALL = "icu4py", "icu4py"
LANGUAGES = {
    "": "en",
    "tha": "th",
    "lao": "lo",
    "khm": "km",
    "mya": "my",
    "cmn": "zh",
    "zho": "zh",
    "yue": "yue",
    "jpn": "ja",
    "nod": "th",
    "sou": "th",
    "tts": "th",
}


def cutter(language: str) -> Callable[[str], Sequence[str]]:
    """Segments of ICU's word breaker; which dictionary it takes is a matter of the script."""
    from icu4py.breakers import WordBreaker

    return lambda text: list(WordBreaker(text, language))
