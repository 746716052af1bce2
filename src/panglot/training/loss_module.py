"""A network and its objectives as one module: what is wrapped where several processes train, so that its hooks see one pass."""

from collections.abc import Sequence

from torch import Tensor, nn

from panglot.objectives.batch import Batch
from panglot.objectives.contract import LanguageObjective


class LossModule(nn.Module):
    """Gives the loss of some rows.

    Attributes:
        network: a language model of transformers.
    """

    def __init__(self, network: nn.Module, objectives: Sequence[LanguageObjective]) -> None:
        super().__init__()
        self.network = network
        self._objectives = list(objectives)

    def forward(self, objective: int, batch: Batch, total: int, progress: float = 0.0) -> Tensor:
        """The part of the step's loss that these rows have.

        Args:
            objective: number of the objective that learns from them.
            batch: the rows.
            total: predicted tokens of the whole step.
            progress: share of the steps that are done.
        """
        loss, _ = self._objectives[objective].loss(self.network, batch, total=total, progress=progress)
        return loss
