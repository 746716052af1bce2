"""Which row of the old matrices each row of the new ones comes from."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from panglot.vocabulary.vocabulary import Vocabulary

ROWS_FILE = "rows.parquet"
NEW = -1


@dataclass(frozen=True)
class Change:
    """A vocabulary that came from another one by extension, trimming or merging.

    Attributes:
        old: the vocabulary before.
        new: the vocabulary after.
        source: int64 `[new.size]`: the old id of each new id; `NEW` (−1) for a token that the old one did not have, and for an
            id without a token.
    """

    old: Vocabulary
    new: Vocabulary
    source: NDArray[np.int64]

    @property
    def added(self) -> list[int]:
        """Ids of tokens that are new, ascending."""
        return [int(each) for each in np.flatnonzero(self.source == NEW) if self.new.tokens[int(each)] is not None]

    @property
    def dropped(self) -> list[int]:
        """Old ids that no new id comes from, ascending."""
        gone = np.setdiff1d(np.arange(self.old.size), self.source)
        return [int(each) for each in gone if self.old.tokens[int(each)] is not None]

    def write(self, folder: Path) -> None:
        """Write `rows.parquet`: `id`, `token`, `old_id` (null for a new token)."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        old = [None if each == NEW else int(each) for each in self.source]
        columns = {
            "id": pa.array(range(self.new.size), pa.int64()),
            "token": self.new.tokens,
            "old_id": pa.array(old, pa.int64()),
        }
        pq.write_table(pa.table(columns), folder / ROWS_FILE, compression="zstd")
