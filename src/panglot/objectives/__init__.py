"""What a batch is and what its loss is."""

from typing import TYPE_CHECKING

from panglot.artifacts import lazy_names

if TYPE_CHECKING:
    from panglot.objectives.clm import CausalLM
    from panglot.objectives.mlm import MaskedLM
    from panglot.objectives.objective import Objective, usual_objective

__all__ = ["CausalLM", "MaskedLM", "Objective", "usual_objective"]

__getattr__ = lazy_names(
    __name__, {"CausalLM": "clm", "MaskedLM": "mlm", "Objective": "objective", "usual_objective": "objective"}
)
