"""A table of small training runs: which share each language had, and what loss it ended with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from panglot.artifacts import InputError

REQUIRED = ("language", "share", "loss")
OPTIONAL = ("parameters", "data", "run")
_GROUP = "group"


@dataclass(frozen=True)
class SmallRuns:
    """One row for each language (or group of languages) and run.

    Attributes:
        language: of each row.
        share: of the training text that was this language's, above 0, at most 1.
        loss: at the end, on held-out text of the language; of any unit that is the same in all rows.
        parameters: of the model; 1 in all rows where the table does not say.
        data: how much was trained on in all, in the unit of the budget; 1 in all rows where the table does not say.
        run: rows of equal run were measured on one model; a number for each row where the table does not say.
    """

    language: NDArray[np.str_]
    share: NDArray[np.float64]
    loss: NDArray[np.float64]
    parameters: NDArray[np.float64]
    data: NDArray[np.float64]
    run: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.language)


def read_small_runs(path: Path, *, required: Sequence[str] = REQUIRED) -> SmallRuns:
    """Read a table of runs: TSV, CSV, JSON Lines or Parquet.

    Columns: `language` (a tag, or the name of a group; `group` is understood too), `share`, `loss`; and where the runs
    differ in them `parameters` and `data`; and `run`, so that the bootstrap draws whole runs.

    Args:
        path: the table.
        required: columns that must be there; where it leaves them out, a table without `language` is of "all", and one without
            `share` of shares of 1.

    Raises:
        InputError: the table cannot be read, lacks a column, or a value is out of its range.
    """
    table = _read(path)
    names = {name.strip().lower(): name for name in table.column_names}
    if _GROUP in names and "language" not in names:
        names["language"] = names[_GROUP]
    missing = [name for name in required if name not in names]
    if missing:
        rest = [name for name in (*REQUIRED, *OPTIONAL) if name not in required]
        raise InputError(
            f"the table of runs has no column {missing[0]!r}: there are {', '.join(map(repr, table.column_names))}",
            where=path,
            fix=f"name them {', '.join(required)}; and {', '.join(rest)} where the runs differ in them",
        )
    if not len(table):
        raise InputError("the table of runs is empty", where=path)
    count = len(table)

    def numbers(name: str, low: float, high: float) -> NDArray[np.float64]:
        if name not in names:
            return np.ones(count)
        try:
            found = np.array(table[names[name]].cast(pa.float64()).to_pylist(), dtype=np.float64)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise InputError(f"the column {name!r} holds something that is no number", where=path) from None
        wrong = np.flatnonzero(~(np.isfinite(found) & (found > low) & (found <= high)))
        if len(wrong):
            bound = "above 0" + (f", at most {high:g}" if np.isfinite(high) else "")
            raise InputError(f"{name} is {found[wrong[0]]:g} in row {wrong[0] + 1}; it must be {bound}", where=path)
        return found

    runs = table[names["run"]].to_pylist() if "run" in names else range(count)
    return SmallRuns(
        np.array([str(each) for each in table[names["language"]].to_pylist()] if "language" in names else ["all"] * count),
        numbers("share", 0, 1),
        numbers("loss", 0, np.inf),
        numbers("parameters", 0, np.inf),
        numbers("data", 0, np.inf),
        np.array([str(each) for each in runs]),
    )


def _read(path: Path) -> pa.Table:
    import pyarrow.csv as csv
    import pyarrow.json as json
    import pyarrow.parquet as pq

    readers: Mapping[str, Any] = {
        ".parquet": pq.read_table,
        ".jsonl": json.read_json,
        ".csv": csv.read_csv,
        ".tsv": lambda place: csv.read_csv(place, parse_options=csv.ParseOptions(delimiter="\t", quote_char=False)),
    }
    if path.suffix not in readers:
        raise InputError("unknown format of a table of runs", where=path, fix=f"known are {', '.join(readers)}")
    try:
        return readers[path.suffix](str(path))
    except FileNotFoundError:
        raise InputError("there is no such file", where=path) from None
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"the table of runs cannot be read: {str(error).splitlines()[0]}", where=path) from None
