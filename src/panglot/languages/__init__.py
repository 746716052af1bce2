"""Languages: tags, names, scripts, families, places, speakers and resources of more than 8,000 of them."""

from panglot.languages.language import Language
from panglot.languages.understanding import Understanding

COMPONENTS: dict[str, str] = {}

__all__ = ["COMPONENTS", "Language", "Understanding"]
