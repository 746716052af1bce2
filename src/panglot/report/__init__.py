"""Turns manifests and result tables into one self-contained page and a model card. Measures nothing."""

import importlib
from typing import Any

COMPONENTS: dict[str, str] = {"page": "panglot.report.page:page"}

_PUBLIC = {
    "Page": "panglot.report.page",
    "Summary": "panglot.report.summary",
    "compare_runs": "panglot.report.overview",
    "lineage": "panglot.report.lineage",
    "overview": "panglot.report.overview",
    "summary": "panglot.report.summary",
}


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
