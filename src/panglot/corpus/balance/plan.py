"""Component `corpus.balance`: how much of each language, and how often that repeats its text."""

import math
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BeforeValidator, Field

from panglot.artifacts import Artifact, InputError, Step, did_you_mean, digest_file, reads
from panglot.corpus.balance.caps import within_caps
from panglot.corpus.balance.law import Law
from panglot.corpus.balance.shares import Fixed, Temperature, UniMax, spelled_out
from panglot.corpus.documents import Documents

PLAN_FILE = "plan.parquet"
MANY_EPOCHS = 4.0
"""Up to about four epochs, repeated text is worth nearly as much as new text (Muennighoff et al. 2023)."""

Unit = Literal["characters", "bytes", "documents"]
Strategy = Annotated[
    Annotated[Temperature | UniMax | Fixed | Law, Field(discriminator="method")],
    BeforeValidator(spelled_out),
]
"""A rule by name (`temperature`, `unimax`), or with its parameters (`{method: law, runs: runs.tsv}`)."""
SCHEMA = pa.schema(
    [
        pa.field("language", pa.string(), nullable=False),
        pa.field("documents", pa.int64(), nullable=False),
        pa.field("characters", pa.int64(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        pa.field("share_available", pa.float64(), nullable=False),
        pa.field("share", pa.float64(), nullable=False),
        pa.field("target", pa.float64(), nullable=False),
        pa.field("epochs", pa.float64(), nullable=False),
        pa.field("warning", pa.string()),
    ],
    metadata={"unit": "characters"},
)


class Plan(Artifact):
    """How much of each language: `plan.parquet`.

    Columns: `language`, `documents`, `characters`, `bytes` (what there is), `share_available`, `share` (of the plan), `target`
    (how much to take, in the plan's unit), `epochs` (target / available), `warning`.
    """

    @property
    def path(self) -> Path:
        """The table."""
        return self.folder / PLAN_FILE

    @cached_property
    def table(self) -> pa.Table:
        """The table, languages in the order of their tags."""
        if not self.path.is_file():
            raise InputError(
                f"there is no plan here: {PLAN_FILE} is missing", where=self.folder, fix="make one: corpus.balance"
            )
        return pq.read_table(self.path)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows as dictionaries."""
        found: list[dict[str, Any]] = self.table.to_pylist()
        return found

    @property
    def unit(self) -> Unit:
        """In what `target` is counted."""
        said = (self.table.schema.metadata or {}).get(b"unit", b"").decode()
        found = next((each for each in get_args(Unit) if each == said), None)
        if found is None:
            raise InputError("the plan does not say its unit", where=self.path)
        unit: Unit = found
        return unit


def outside_inputs(*, strategy: Any, **_: object) -> dict[str, str]:
    """What a plan depends on beside its documents: the table of runs of a scaling law."""
    return {said: digest_file(Path(said)) for said in strategy.files() if Path(said).is_file()}


@reads(outside_inputs)
def balance(
    *,
    of: Documents,
    strategy: Strategy = Temperature(),  # noqa: B008
    budget: Annotated[float, Field(gt=0)] | None = None,
    unit: Unit = "characters",
    most_epochs: Annotated[float, Field(gt=0)] | None = None,
    most_shares: dict[str, Annotated[float, Field(gt=0, le=1)]] = {},  # noqa: B006
    step: Step,
) -> Plan:
    """Plan how much of each language to train on, and say how often that repeats its text.

    Epochs of a language are target / available. Above four it is said so: repeated text is worth nearly as much as new text up
    to about four epochs, and less and less after them (Muennighoff et al. 2023, https://arxiv.org/abs/2305.16264).

    Bounds (`most_epochs`, `most_shares`) hold for any strategy; what they take from a language goes to the others in the
    strategy's own proportion. Where no language can take more, the plan is smaller than the budget.

    Args:
        of: documents.
        strategy: `temperature` (share ∝ size^alpha), `unimax` (equal, at most so many epochs), `fixed` (weights), or `law`
            (from small runs).
        budget: how much to train on in all, in the unit; the size of all the text without it.
        unit: `characters`, `bytes` (UTF-8) or `documents`. In bytes a Devanagari text is three times as large as a Latin one.
        most_epochs: no language more often than this.
        most_shares: language to the largest share of the budget that it may have.
        step: where to write.

    Raises:
        InputError: there is no text; a bound names a language that there is none of; what the strategy refuses.
    """
    available = measured(of, step)
    sizes = {tag: float(each[unit]) for tag, each in available.items() if each[unit]}
    if not sizes:
        raise InputError("there is no text to plan with", where=of.folder)
    for tag in most_shares:
        if tag not in sizes:
            raise InputError(f"there is no text of {tag}", where="most_shares", fix=did_you_mean(tag, sizes) or None)
    figures, notes = strategy.account(sizes, budget)
    amounts = strategy.amounts(sizes, budget)
    asked = math.fsum(amounts.values())
    most = bounds(sizes, asked, most_epochs, most_shares)
    bounded = within_caps(amounts, most, asked) if most else amounts
    total = math.fsum(bounded.values())
    wanted = budget if budget is not None else asked
    if total < wanted * (1 - 1e-9):
        notes.append(f"The plan has {total:,.0f} {unit} in place of {wanted:,.0f}: no language may be repeated more often.")
    rows = _rows(available, sizes, bounded, unit)
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA.with_metadata({"unit": unit})), step.out / PLAN_FILE)
    for each in notes:
        step.note(each)
    often = [each for each in rows if each["epochs"] > MANY_EPOCHS]
    if often:
        shown = ", ".join(
            f"{each['language']} {each['epochs']:.1f}" for each in sorted(often, key=lambda one: -one["epochs"])[:12]
        )
        more = f" and {len(often) - 12} more" if len(often) > 12 else ""
        step.note(
            f"Above {MANY_EPOCHS:g} epochs: {shown}{more}. Repetition is worth little after that; cap it with most_epochs."
        )
    step.figures.update(
        unit=unit,
        budget=wanted,
        total=round(total, 3),
        strategy=strategy.model_dump(mode="json"),
        languages={each["language"]: {"share": round(each["share"], 6), "epochs": round(each["epochs"], 4)} for each in rows},
        above_four_epochs=len(often),
        **figures,
    )
    return Plan(step.out)


def measured(of: Documents, step: Step) -> dict[str, dict[str, int]]:
    """Documents, characters and UTF-8 bytes of each language, by tag, sorted; memory is set by the batch."""
    found: dict[str, dict[str, int]] = {}
    with step.progress("measuring the text", total=len(of.shards)) as progress:
        for shard in progress.track(of.shards):
            for batch in pq.ParquetFile(shard).iter_batches(batch_size=1 << 13, columns=["language", "text"]):
                sizes = pa.table(
                    {
                        "language": batch["language"],
                        "characters": pc.utf8_length(batch["text"]),
                        "bytes": pc.binary_length(batch["text"].cast(pa.binary())),
                    }
                )
                sums = sizes.group_by("language").aggregate([("characters", "sum"), ("bytes", "sum"), ("bytes", "count")])
                for each in sums.to_pylist():
                    place = found.setdefault(each["language"], {"documents": 0, "characters": 0, "bytes": 0})
                    place["documents"] += each["bytes_count"]
                    place["characters"] += each["characters_sum"]
                    place["bytes"] += each["bytes_sum"]
    return dict(sorted(found.items()))


def bounds(
    sizes: Mapping[str, float], total: float, most_epochs: float | None, most_shares: Mapping[str, float]
) -> dict[str, float]:
    """The most of each language, in the unit of the sizes; a language without a bound is not named.

    Example:
        >>> bounds({"eng": 100.0, "hsb": 10.0}, 200, 4, {"eng": 0.5})
        {'eng': 100.0, 'hsb': 40.0}
    """
    found: dict[str, float] = {}
    for tag, size in sizes.items():
        bound = min(size * (most_epochs or math.inf), total * most_shares.get(tag, math.inf))
        if math.isfinite(bound):
            found[tag] = bound
    return found


def _rows(
    available: Mapping[str, Mapping[str, int]], sizes: Mapping[str, float], amounts: Mapping[str, float], unit: Unit
) -> list[dict[str, Any]]:
    everything, total = math.fsum(sizes.values()), math.fsum(amounts.values())
    rows = []
    for tag, each in available.items():
        size, amount = sizes.get(tag, 0.0), amounts.get(tag, 0.0)
        epochs = amount / size if size else 0.0
        warning = "no text" if not size else "above four epochs" if epochs > MANY_EPOCHS else None
        rows.append(
            {
                "language": tag,
                **each,
                "share_available": size / everything,
                "share": amount / total if total else 0.0,
                "target": amount,
                "epochs": epochs,
                "warning": warning,
            }
        )
    return rows
