"""Measures a model: tasks, the long result table, signatures, intervals and paired comparisons."""

from typing import TYPE_CHECKING

from panglot.artifacts import lazy_names

if TYPE_CHECKING:
    from panglot.evaluation.results import Measurement, Results, concatenate, write_results
    from panglot.evaluation.signature import Signature

__all__ = ["COMPONENTS", "Measurement", "Results", "Signature", "concatenate", "write_results"]

COMPONENTS: dict[str, str] = {
    "ask": "panglot.evaluation.asking.component:ask",
    "bits_per_byte": "panglot.evaluation.bits_per_byte:bits_per_byte",
    "bitext_retrieval": "panglot.evaluation.bitext_retrieval:bitext_retrieval",
    "bridged_bits": "panglot.evaluation.bridged_bits:bridged_bits",
    "compare": "panglot.evaluation.compare:compare",
    "compare_sources": "panglot.evaluation.transfer.compare_sources:compare_sources",
    "compare_trials": "panglot.evaluation.compare_trials:compare_trials",
    "contamination": "panglot.evaluation.breakdown.contamination:contamination",
    "compressed_bits": "panglot.evaluation.compressed_bits:compressed_bits",
    "document_bits": "panglot.evaluation.document_bits:document_bits",
    "ensemble_bits_per_byte": "panglot.evaluation.ensemble:ensemble_bits_per_byte",
    "entropy_weighted_bits": "panglot.evaluation.entropy_weighted_bits:entropy_weighted_bits",
    "hallucinations": "panglot.evaluation.transfer.hallucinations:hallucinations",
    "judge": "panglot.evaluation.judging.component:judge",
    "judge_scores": "panglot.evaluation.judging.scoring:judge_scores",
    "masked_words": "panglot.evaluation.masked_words:masked_words",
    "mexa": "panglot.evaluation.mexa:mexa",
    "ngram_bits": "panglot.evaluation.ngram_bits:ngram_bits",
    "objective_bits": "panglot.evaluation.objective_bits:objective_bits",
    "pair_similarity": "panglot.evaluation.pair_similarity:pair_similarity",
    "prompt_sensitivity": "panglot.evaluation.prompt_sensitivity:prompt_sensitivity",
    "proxy_bits_per_byte": "panglot.evaluation.proxy_bits_per_byte:proxy_bits_per_byte",
    "regress_trials": "panglot.evaluation.regress_trials:regress_trials",
    "replay_search": "panglot.evaluation.replay_search:replay_search",
    "routing": "panglot.evaluation.routing:routing",
    "select_tasks": "panglot.evaluation.task_selection:select_tasks",
    "suite_mean": "panglot.evaluation.suite_mean:suite_mean",
    "task_of_pairs": "panglot.evaluation.tasks.task_of_pairs:task_of_pairs",
    "transfer": "panglot.evaluation.transfer.transfer:transfer",
    "task_pairs": "panglot.evaluation.asking.task_pairs:task_pairs",
    "task_sequence": "panglot.evaluation.task_sequence:task_sequence",
    "task_vectors": "panglot.evaluation.task_vectors:task_vectors",
    "translate_items": "panglot.evaluation.asking.translate_items:translate_items",
    "translate_task": "panglot.evaluation.tasks.translate_task:translate_task",
    "trial": "panglot.evaluation.trial:trial",
    "write_questions": "panglot.evaluation.transfer.write_questions:write_questions",
}

__getattr__ = lazy_names(
    __name__,
    {
        "Measurement": "results",
        "Results": "results",
        "Signature": "signature",
        "concatenate": "results",
        "write_results": "results",
    },
)
