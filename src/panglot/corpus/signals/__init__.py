"""One pass over each document gives a row of numbers; filters decide over the numbers.

`SIGNALS` says of each column what it is, its unit, the side on which it is bad, its range and the paper it comes from.
"""

from typing import TYPE_CHECKING

from panglot.artifacts import lazy_names
from panglot.corpus.signals.table import GROUPS, SIGNALS, Direction, Group, Signal, columns

if TYPE_CHECKING:
    from panglot.corpus.signals.component import Signals
    from panglot.corpus.signals.measure import signals_of

__all__ = ["GROUPS", "SIGNALS", "Direction", "Group", "Signal", "Signals", "columns", "signals_of"]

__getattr__ = lazy_names(__name__, {"Signals": "component", "signals_of": "measure"})
