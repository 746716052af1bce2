"""Turns manifests and result tables into one self-contained page and a model card. Measures nothing."""

from typing import TYPE_CHECKING

from panglot.artifacts import lazy_names

if TYPE_CHECKING:
    from panglot.report.overview import compare_runs
    from panglot.report.page import Page
    from panglot.report.summary import Summary

__all__ = ["COMPONENTS", "Page", "Summary", "compare_runs"]

COMPONENTS: dict[str, str] = {
    "accuracy_cost_page": "panglot.report.accuracy_cost_page:accuracy_cost_page",
    "adaptation_compare": "panglot.report.adaptation_compare:adaptation_compare",
    "balance_page": "panglot.report.balance_page:balance_page",
    "corpus_audit": "panglot.report.corpus_audit:corpus_audit",
    "evaluation_page": "panglot.report.evaluation_page:evaluation_page",
    "judging_page": "panglot.report.judging_page:judging_page",
    "merge_page": "panglot.report.merge_page:merge_page",
    "page": "panglot.report.page:page",
    "selection_page": "panglot.report.selection_page:selection_page",
    "sequence_page": "panglot.report.sequence_page:sequence_page",
    "sources_page": "panglot.report.sources_page:sources_page",
    "transfer_page": "panglot.report.transfer_page:transfer_page",
    "training_page": "panglot.report.training_page:training_page",
    "vocabulary_page": "panglot.report.vocabulary_page:vocabulary_page",
    "vocabulary_compare": "panglot.report.vocabulary_compare:vocabulary_compare",
}

# Functions named as their own files are left out: a package cannot hold both under one name.
__getattr__ = lazy_names(__name__, {"Page": "page", "Summary": "summary", "compare_runs": "overview"})
