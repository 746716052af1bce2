"""Measures of tokenizers, as an artifact: one long table, and what the table cannot hold."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from panglot.artifacts import Artifact, InputError

RESULTS_FILE, OVERLAP_FILE, ALLOCATION_FILE, MORE_FILE = (
    "results.parquet",
    "overlap.parquet",
    "allocation.parquet",
    "measures.json",
)
TASK = "vocabulary"
FORMAT = 1
# The columns of every result table of the project, which rooms above this one read.
SCHEMA = pa.schema(
    [pa.field(name, pa.string(), nullable=False) for name in ("model", "task", "revision", "language", "condition", "metric")]
    + [
        pa.field("value", pa.float64(), nullable=False),
        pa.field("n", pa.int64(), nullable=False),
        *(pa.field(name, pa.float64()) for name in ("ci_low", "ci_high", "p_value", "p_adjusted")),
        pa.field("signature", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Kind:
    """What a measure is.

    Attributes:
        label: its name for people.
        formula: how it is computed, in a line.
        decimals: how many are shown.
        share: whether it is a share, shown in percent.
        ratio: columns of the tallies whose sums it divides; None where it is computed otherwise.
    """

    label: str
    formula: str
    decimals: int = 2
    share: bool = False
    ratio: tuple[str, str] | None = None


KINDS: dict[str, Kind] = {
    "premium": Kind("premium", "tokens / tokens of the reference, on the same parallel text (Petrov et al. 2023)"),
    "premium_mean": Kind(
        "mean premium", "mean of tokens / tokens of the reference, over documents where it has any (Petrov et al. 2023)"
    ),
    "fertility": Kind(
        "tokens per word", "tokens of words, each as after a space / words (Rust et al. 2021)", ratio=("word_tokens", "words")
    ),
    "continued": Kind(
        "continued words", "words of two tokens or more / words (Rust et al. 2021)", 1, True, ("continued", "words")
    ),
    "tokens_per_character": Kind("tokens per character", "tokens / code points", 3, ratio=("tokens", "characters")),
    "tokens_per_cluster": Kind(
        "tokens per grapheme", "tokens / extended grapheme clusters (UAX 29)", 3, ratio=("tokens", "clusters")
    ),
    "tokens_per_byte": Kind("tokens per byte", "tokens / bytes of UTF-8", 3, ratio=("tokens", "bytes")),
    "bytes_per_token": Kind("bytes per token", "bytes of UTF-8 / tokens", ratio=("bytes", "tokens")),
    "single": Kind("single characters", "tokens that stand for one character or less / tokens", 1, True, ("single", "tokens")),
    "unknown": Kind("unknown", "unknown tokens / tokens", 2, True, ("unknown", "tokens")),
    "coverage": Kind(
        "coverage", "characters that are neither unknown nor dropped / characters", 2, True, ("covered", "characters")
    ),
    "byte_fallback": Kind(
        "bytes fallen back to", "bytes in byte tokens and parts of characters / bytes", 2, True, ("fallback", "bytes")
    ),
    "round_trip_loss": Kind(
        "lost in the round trip",
        "documents that decode(encode(x)) does not give back, normalisation and white space aside / documents",
        1, True, ("lost", "documents"),
    ),
    "altered": Kind(
        "altered", "documents that come back as another text (NFKC, white space aside) / documents", 1, True,
        ("altered", "documents"),
    ),
    "renyi_efficiency": Kind("Rényi efficiency", "H_2.5(p) / log |pieces that occur| (Zouhar et al. 2023)", 3),
    "pieces": Kind("pieces used", "different pieces that occur, without the unknown token", 0),
    "effective_pieces": Kind("effective pieces", "exp H(p)", 0),
    "average_rank": Kind("average rank", "Σ rank(v) p(v) (Limisiewicz et al. 2023)", 0),
    "cost_of_characters": Kind(
        "cost of a million characters, read", "price of input × tokens / characters", 2, ratio=("tokens", "characters")
    ),
    "cost_of_characters_written": Kind(
        "cost of a million characters, written", "price of output × tokens / characters", 2, ratio=("tokens", "characters")
    ),
    "cost_of_text": Kind("cost of the text, read", "price of input × tokens", 4),
    "context_characters": Kind(
        "characters that fit", "tokens of the window × characters / tokens", 0, ratio=("characters", "tokens")
    ),
    "context_documents": Kind(
        "documents that fit", "tokens of the window × documents / tokens", 1, ratio=("documents", "tokens")
    ),
    "tokens_change": Kind("change of tokens", "tokens / tokens of the first tokenizer − 1", 1, True),
    "texts_changed": Kind(
        "texts cut otherwise", "documents of other tokens than with the first tokenizer / documents", 1, True,
        ("changed", "documents"),
    ),
}  # fmt: skip


_REPRESENTED = 0.99


def represented(figures: Mapping[str, float]) -> bool:
    """Whether a tokenizer represents a language whole, so that its number of tokens means something.

    At least 99 % of the characters are neither unknown nor dropped, and at most 1 % of the tokens are unknown. A word that
    becomes one unknown token looks cheap, and is lost. Text of which no token is made at all is not represented.

    Args:
        figures: measure to value.

    Example:
        >>> represented({"coverage": 1.0, "unknown": 0.0}), represented({"coverage": 1.0, "unknown": 0.3})
        (True, False)
    """
    return figures.get("coverage", 0.0) >= _REPRESENTED and figures.get("unknown", 1.0) <= 1 - _REPRESENTED + 1e-12


def against(name: str) -> str:
    """The condition of rows that hold a difference from another tokenizer."""
    return f"difference from {name}"


def signature(**fields: str | int | float) -> str:
    """Everything that must be equal before two figures may be compared, as `key:value|…`.

    Example:
        >>> signature(task="vocabulary", n=1004)
        'task:vocabulary|n:1004'
    """
    safe = " +-_.,/()="
    return "|".join(f"{quote(key, safe=safe)}:{quote(str(value), safe=safe)}" for key, value in fields.items())


class Measures(Artifact):
    """What a text costs in one tokenizer or several, by language.

    Files: `results.parquet`, the long table with the columns of every result table (`model` is the tokenizer, `metric` one of
    `KINDS`, `condition` is empty or `difference from NAME`); `overlap.parquet` (`tokenizer`, `language`, `other`,
    `divergence`); `allocation.parquet` (`tokenizer`, `language`, `id`, `piece`, `count`); `measures.json`.
    """

    def table(self) -> pa.Table:
        """The long table."""
        return self._read(RESULTS_FILE)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of the long table."""
        found: list[dict[str, Any]] = self.table().to_pylist()
        return found

    def overlap(self) -> pa.Table:
        """Jensen-Shannon divergence of every two languages, in bits."""
        return self._read(OVERLAP_FILE)

    def allocation(self) -> pa.Table:
        """How often each language uses each piece."""
        return self._read(ALLOCATION_FILE)

    def value(self, tokenizer: str, language: str, metric: str, condition: str = "") -> float | None:
        """One figure; None where there is none (`absent` says why)."""
        key = (tokenizer, language, metric, condition)
        return next((each["value"] for each in self.rows if tuple(each[name] for name in _KEY) == key), None)

    @cached_property
    def more(self) -> dict[str, Any]:
        """What `measures.json` says: tokenizers, languages, reference, price, reasons for what is absent, examples."""
        path = self.folder / MORE_FILE
        try:
            said = json.loads(path.read_bytes())
        except (OSError, ValueError):
            raise InputError("there are no measures here", where=path, fix="run the step that measures again") from None
        if not isinstance(said, dict) or said.get("format", 0) > FORMAT:
            raise InputError("a newer Panglot wrote these measures", where=path, fix="upgrade panglot")
        return said

    @property
    def tokenizers(self) -> list[str]:
        """Names, in the order in which they were given."""
        return [each["name"] for each in self.more["tokenizers"]]

    @property
    def languages(self) -> list[str]:
        """Tags, sorted."""
        return [each["tag"] for each in self.more["languages"]]

    @property
    def absent(self) -> dict[str, dict[str, str]]:
        """Language to measure to the reason why there is no figure."""
        return dict(self.more["absent"])

    def _read(self, name: str) -> pa.Table:
        path = self.folder / name
        try:
            return pq.read_table(path)
        except (OSError, pa.ArrowInvalid) as error:
            said = str(error).splitlines()[0]
            raise InputError(
                f"the measures cannot be read: {said}", where=path, fix="run the step that measures again"
            ) from None


_KEY = ("model", "language", "metric", "condition")


def write_measures(
    out: Path,
    rows: Iterable[Mapping[str, Any]],
    *,
    overlap: Mapping[str, list[Any]],
    allocation: pa.Table,
    more: Mapping[str, Any],
) -> Measures:
    """Write the files and open them; equal figures give equal bytes."""
    filled = [{"p_value": None, "p_adjusted": None, **each} for each in rows]
    _write(pa.Table.from_pylist(filled, schema=SCHEMA), out / RESULTS_FILE)
    kinds = {"tokenizer": pa.string(), "language": pa.string(), "other": pa.string(), "divergence": pa.float64()}
    _write(pa.table({name: pa.array(overlap[name], kind) for name, kind in kinds.items()}), out / OVERLAP_FILE)
    _write(allocation, out / ALLOCATION_FILE)
    text = json.dumps({"format": FORMAT, **more}, ensure_ascii=False, sort_keys=True, allow_nan=False)
    (out / MORE_FILE).write_text(text + "\n", encoding="utf-8")
    return Measures.open(out)


def _write(table: pa.Table, path: Path) -> None:
    pq.write_table(table.combine_chunks(), path, compression="zstd", compression_level=3, version="2.6", row_group_size=1 << 17)
