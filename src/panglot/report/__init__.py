"""Turns manifests and result tables into one self-contained page and a model card. Measures nothing."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from panglot.report.overview import compare_runs
    from panglot.report.page import Page
    from panglot.report.summary import Summary

__all__ = ["COMPONENTS", "Page", "Summary", "compare_runs"]

COMPONENTS: dict[str, str] = {"page": "panglot.report.page:page"}

# Functions named as their own files are left out: a package cannot hold both under one name.
_HOMES = {
    "Page": "panglot.report.page",
    "Summary": "panglot.report.summary",
    "compare_runs": "panglot.report.overview",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
