"""Raw text to clean, deduplicated, split Parquet; bitext too.

A component is named `corpus.NAME` in a recipe; `COMPONENTS` says where it lives.
"""

from typing import TYPE_CHECKING

from panglot.artifacts import lazy_names

if TYPE_CHECKING:
    from panglot.corpus.gettext_harvest import available_languages
    from panglot.corpus.pairs import Pairs, Split, write_pairs

__all__ = ["COMPONENTS", "Pairs", "Split", "available_languages", "write_pairs"]

COMPONENTS: dict[str, str] = {
    "check_corpora": "panglot.corpus.checks.corpora:check_corpora",
    "clean": "panglot.corpus.clean:clean",
    "harvest_gettext": "panglot.corpus.gettext_harvest:harvest_gettext",
    "mask_personal": "panglot.corpus.personal.components:mask_personal",
    "merge": "panglot.corpus.merge:merge",
    "precision_filter": "panglot.corpus.precision.sifting:precision_filter",
    "precision_words": "panglot.corpus.precision.words:precision_words",
    "read_pairs": "panglot.corpus.read_pairs:read_pairs",
    "read_text": "panglot.corpus.read_text:read_text",
    "select": "panglot.corpus.select:select",
    "side": "panglot.corpus.side:side",
    "split": "panglot.corpus.split:split",
    "split_text": "panglot.corpus.split_text:split_text",
    "unmask_personal": "panglot.corpus.personal.components:unmask_personal",
}

__getattr__ = lazy_names(
    __name__, {"Pairs": "pairs", "Split": "pairs", "available_languages": "gettext_harvest", "write_pairs": "pairs"}
)
