"""Measures a model: tasks, the long result table, signatures, intervals and paired comparisons."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from panglot.evaluation.results import Measurement, Results, concatenate, write_results
    from panglot.evaluation.signature import Signature

__all__ = ["COMPONENTS", "Measurement", "Results", "Signature", "concatenate", "write_results"]

COMPONENTS: dict[str, str] = {
    "bitext_retrieval": "panglot.evaluation.bitext_retrieval:bitext_retrieval",
    "compare": "panglot.evaluation.compare:compare",
}

_HOMES = {
    "Measurement": "panglot.evaluation.results",
    "Results": "panglot.evaluation.results",
    "Signature": "panglot.evaluation.signature",
    "concatenate": "panglot.evaluation.results",
    "write_results": "panglot.evaluation.results",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
