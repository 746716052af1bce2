"""Thresholds of filters for every language, estimated from reference text, with stop words and reference models."""

from typing import TYPE_CHECKING

from panglot.artifacts import lazy_names

if TYPE_CHECKING:
    from panglot.corpus.thresholds.artifact import LanguageThresholds, Thresholds
    from panglot.corpus.thresholds.default import shipped
    from panglot.corpus.thresholds.reference_model import ReferenceModel, train_model
    from panglot.corpus.thresholds.rules import RULES, Rule

__all__ = ["RULES", "LanguageThresholds", "ReferenceModel", "Rule", "Thresholds", "shipped", "train_model"]

__getattr__ = lazy_names(
    __name__,
    {
        "RULES": "rules",
        "LanguageThresholds": "artifact",
        "ReferenceModel": "reference_model",
        "Rule": "rules",
        "Thresholds": "artifact",
        "shipped": "default",
        "train_model": "reference_model",
    },
)
