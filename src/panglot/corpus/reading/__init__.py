"""Readers of parallel text, one file a format. `READERS` says which reader takes which suffix; adding a format is one line."""

READERS: dict[str, str] = {
    "csv": "panglot.corpus.reading.tabular:read_csv",
    "json": "panglot.corpus.reading.json_lines:read_json_lines",
    "jsonl": "panglot.corpus.reading.json_lines:read_json_lines",
    "mo": "panglot.corpus.reading.gettext:read_gettext",
    "ndjson": "panglot.corpus.reading.json_lines:read_json_lines",
    "parquet": "panglot.corpus.reading.parquet:read_parquet",
    "po": "panglot.corpus.reading.gettext:read_gettext",
    "tab": "panglot.corpus.reading.tabular:read_tsv",
    "tmx": "panglot.corpus.reading.tmx:read_tmx",
    "tsv": "panglot.corpus.reading.tabular:read_tsv",
    "xlf": "panglot.corpus.reading.xliff:read_xliff",
    "xliff": "panglot.corpus.reading.xliff:read_xliff",
}
