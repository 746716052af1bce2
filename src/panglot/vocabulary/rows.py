"""Which row of the old matrices each row of the new ones comes from."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from panglot.artifacts import InputError
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

    @cached_property
    def added(self) -> list[int]:
        """Ids of tokens that are new, ascending."""
        return [each for each in np.flatnonzero(self.source == NEW).tolist() if self.new.tokens[each] is not None]

    @cached_property
    def dropped(self) -> list[int]:
        """Old ids that no new id comes from, ascending."""
        gone = np.ones(self.old.size, bool)
        gone[self.source[self.source != NEW]] = False
        return [each for each in np.flatnonzero(gone).tolist() if self.old.tokens[each] is not None]

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

    @classmethod
    def read(cls, folder: Path, old: Vocabulary, new: Vocabulary) -> "Change":
        """Read what `write` wrote.

        Args:
            folder: holds `rows.parquet`.
            old: the vocabulary before.
            new: the vocabulary after.

        Raises:
            InputError: the table is absent or damaged, or was written for other vocabularies.

        Example:
            >>> import tempfile
            >>> from panglot.vocabulary.byt5 import byt5_vocabulary
            >>> before, place = byt5_vocabulary(), Path(tempfile.mkdtemp())
            >>> Change(before, before, np.arange(before.size)).write(place)
            >>> Change.read(place, before, before).added
            []
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = folder / ROWS_FILE
        try:
            table = pq.read_table(path, columns=["id", "token", "old_id"])
            source = table["old_id"].fill_null(NEW).to_numpy().astype(np.int64)
            tokens, numbers = table["token"].to_pylist(), table["id"].to_pylist()
        except (OSError, pa.ArrowException, ValueError, KeyError):
            raise InputError("the table of rows is missing or damaged", where=path) from None
        if numbers != list(range(new.size)) or tokens != new.tokens:
            raise InputError("the table of rows belongs to another tokenizer than the one beside it", where=path)
        known = source != NEW
        fix = "give the model whose tokenizer was changed"
        if source.min(initial=NEW) < NEW or source.max(initial=NEW) >= old.size:
            raise InputError(
                "the tokenizer was made from another one than the model's: an old id is not there", where=path, fix=fix
            )
        for number in np.flatnonzero(known & (np.asarray([each is not None for each in tokens]))):
            before = old.tokens[int(source[number])]
            if before != tokens[int(number)]:
                raise InputError(
                    f"the tokenizer was made from another one than the model's: old id {source[number]} is "
                    f"{before!r}, not {tokens[int(number)]!r}",
                    where=path,
                    fix=fix,
                )
        return cls(old, new, source)
