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
    "balance": "panglot.corpus.balance.plan:balance",
    "clean": "panglot.corpus.clean:clean",
    "decontaminate": "panglot.corpus.decontamination.decontaminate:decontaminate",
    "existing": "panglot.corpus.existing:existing",
    "harvest_gettext": "panglot.corpus.gettext_harvest:harvest_gettext",
    "merge": "panglot.corpus.merge:merge",
    "read_pairs": "panglot.corpus.read_pairs:read_pairs",
    "read_text": "panglot.corpus.read_text:read_text",
    "sample": "panglot.corpus.balance.sample:sample",
    "select": "panglot.corpus.select:select",
    "side": "panglot.corpus.side:side",
    "split": "panglot.corpus.split:split",
    "split_text": "panglot.corpus.split_text:split_text",
}

__getattr__ = lazy_names(
    __name__, {"Pairs": "pairs", "Split": "pairs", "available_languages": "gettext_harvest", "write_pairs": "pairs"}
)
