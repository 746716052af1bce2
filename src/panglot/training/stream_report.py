"""What a stream reports of itself: shares asked and realised, epochs, and what a reader should be told."""

from collections.abc import Mapping, Sequence
from typing import Any

from panglot.corpus.balance.plan import MANY_EPOCHS, Unit
from panglot.training.epoch_order import Numbers
from panglot.training.step_plan import COUNTED, Lane
from panglot.training.text_store import Kind, TextStore


def figures_of(
    store: TextStore,
    lanes: Sequence[Lane],
    asked: Mapping[Kind, Mapping[str, float]],
    counts: Numbers,
    *,
    unit: Unit,
    steps: int,
) -> dict[str, Any]:
    """Figures by language, and by pair of languages.

    Args:
        store: the text.
        lanes: text, pairs, or both.
        asked: mean share of each group, of its lane.
        counts: sums by cell, `[cells, 5]`.
        unit: of the shares.
        steps: how many were counted.
    """
    cells = store.cells
    found: dict[str, Any] = {"unit": unit, "steps": steps}
    found.update({name: int(counts[:, at].sum()) for at, name in enumerate(COUNTED[:3])})
    for lane in lanes:
        rows: dict[str, dict[str, Any]] = {}
        total = sum(int(counts[at, COUNTED.index(unit)]) for group in lane.groups for at in group.cells)
        for group in lane.groups:
            whole = lane.sizes[group.name] or 1.0
            for at in group.cells:
                cell = cells[at]
                name = cell.language if lane.kind == "text" else f"{cell.language}-{cell.other_language}"
                row = rows.setdefault(name, {"asked": 0.0, "realised": 0.0, "available_bytes": 0})
                row["asked"] += asked[lane.kind].get(group.name, 0.0) * lane.units[at] / whole
                row["realised"] += counts[at, COUNTED.index(unit)] / max(1, total)
                row["available_bytes"] += lane.bytes[at]
                for place, counted in enumerate(COUNTED):
                    row[counted] = row.get(counted, 0) + int(counts[at, place])
        for row in rows.values():
            row["epochs"] = round(row["bytes"] / row["available_bytes"], 4)
            row["asked"], row["realised"] = round(row["asked"], 6), round(float(row["realised"]), 6)
        found["languages" if lane.kind == "text" else "pairs"] = dict(sorted(rows.items()))
    return found


def notes_of(figures: Mapping[str, Any], step_bytes: int) -> list[str]:
    """Sentences that a reader should know: text that is repeated often, text smaller than a step."""
    rows = {**figures.get("languages", {}), **figures.get("pairs", {})}
    said = []
    often = sorted((each for each in rows.items() if each[1]["epochs"] > MANY_EPOCHS), key=lambda each: -each[1]["epochs"])
    if often:
        shown = ", ".join(f"{name} {each['epochs']:.1f}" for name, each in often[:12])
        more = f" and {len(often) - 12} more" if len(often) > 12 else ""
        said.append(
            f"Above {MANY_EPOCHS:g} epochs: {shown}{more}. Repetition is worth little after that; cap it with most_epochs."
        )
    available = sum(each["available_bytes"] for each in rows.values())
    if available < step_bytes:
        said.append(f"All the text is {available:,} bytes, less than a step of {step_bytes:,}: every step repeats it.")
    return said
