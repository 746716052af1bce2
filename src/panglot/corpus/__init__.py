"""Raw text to clean, deduplicated, split Parquet; bitext too.

A component is named `corpus.NAME` in a recipe; `COMPONENTS` says where it lives.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from panglot.corpus.gettext_harvest import available_languages
    from panglot.corpus.pairs import Pairs, Split, write_pairs

__all__ = ["COMPONENTS", "Pairs", "Split", "available_languages", "write_pairs"]

COMPONENTS: dict[str, str] = {
    "clean": "panglot.corpus.clean:clean",
    "harvest_gettext": "panglot.corpus.gettext_harvest:harvest_gettext",
    "merge": "panglot.corpus.merge:merge",
    "read_pairs": "panglot.corpus.read_pairs:read_pairs",
    "select": "panglot.corpus.select:select",
    "split": "panglot.corpus.split:split",
}

_HOMES = {
    "Pairs": "panglot.corpus.pairs",
    "Split": "panglot.corpus.pairs",
    "available_languages": "panglot.corpus.gettext_harvest",
    "write_pairs": "panglot.corpus.pairs",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
