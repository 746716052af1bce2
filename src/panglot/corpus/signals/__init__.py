"""One pass over each document gives a row of numbers; filters decide over the numbers.

`SIGNALS` says of each column what it is, its unit, the side on which it is bad, its range and the paper it comes from.
"""

from panglot.corpus.signals.table import GROUPS, SIGNALS, Direction, Group, Signal, columns

__all__ = ["GROUPS", "SIGNALS", "Direction", "Group", "Signal", "columns"]
