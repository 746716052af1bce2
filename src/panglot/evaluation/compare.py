"""Paired comparison of results: what changed, and what of it a control explains."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from panglot.artifacts import InputError, Step
from panglot.evaluation.results import Measurement, Results, Units, write_results
from panglot.evaluation.signature import Signature
from panglot.evaluation.statistics import RESAMPLES, Difference, Floats, bootstrap_mean, generator, holm, paired_bootstrap

CHANGE = "change"
OVER_CONTROL = "over control"
CONTROL_CHANGE = "control change"

_Key = tuple[str, str, str]
_SHOWN_ITEMS = 3


def compare(
    *,
    before: Results,
    after: Results | list[Results],
    control: Results | list[Results] | None = None,
    correction: Literal["holm", "none"] = "holm",
    step: Step,
) -> Results:
    """Compare measurements of several models on the same items, language by language.

    Rows have the condition `change` (after − before) and, with a control, `over control` (after − control) and `control change`
    (control − before). Intervals (95 %) and p-values are `paired_bootstrap`'s. P-values are corrected by Holm's method over
    the languages of one condition and metric.

    A list of results is a list of runs with different seeds: values are means over the runs, intervals hold the variance
    of items and of runs, and further rows (`after, mean of 3 runs`) give the means themselves.

    Args:
        before: the model as it was.
        after: the model as it is now, in one run or several.
        control: what the same training on other data gives, in one run or several.
        correction: how p-values are corrected for the number of languages.

    Raises:
        InputError: two results were not measured alike (signatures differ), or not on the same languages or items.
    """
    systems = {"before": _Runs("before", [before]), "after": _Runs("after", _listed(after))}
    contrasts = {CHANGE: ("after", "before")}
    if control is not None:
        systems["control"] = _Runs("control", _listed(control))
        contrasts |= {OVER_CONTROL: ("after", "control"), CONTROL_CHANGE: ("control", "before")}
    reference = systems["before"]
    for each in systems.values():
        each.must_match(reference)

    rows: list[Measurement] = []
    for name, each in systems.items():
        if len(each.runs) > 1:
            rows.extend(each.mean_rows(name, step.seed))
    for condition, (left, right) in contrasts.items():
        found = _differences(systems[left], systems[right], condition, step)
        adjusted = _adjusted(found) if correction == "holm" else {}
        for key, difference in found.items():
            task, language, metric = key
            signature = reference.signatures[key].with_fields(
                ci=f"bootstrap-{RESAMPLES}",
                test="bootstrap" if len(systems[left].runs) + len(systems[right].runs) > 2 else "randomisation",
                runs=f"{len(systems[left].runs)}-{len(systems[right].runs)}",
                correction=correction,
                seed=step.seed,
            )
            rows.append(
                Measurement(
                    systems[left].model, task, reference.revisions[key], language, condition, metric, difference.value,
                    len(reference.runs[0][key].items), difference.low, difference.high, str(signature),
                    difference.p_value, adjusted.get(key),
                )
            )  # fmt: skip
    step.figures["language"] = _figures(systems, rows)
    return write_results(step.out, rows)


def _listed(given: Results | list[Results]) -> list[Results]:
    return given if isinstance(given, list) else [given]


class _Runs:
    """The runs of one system: their item values, signatures and names."""

    def __init__(self, role: str, results: Sequence[Results]) -> None:
        if not results:
            raise InputError(f"the list of results for '{role}' is empty", fix="give one result or more")
        self.role = role
        self.runs = [each.units() for each in results]
        tables = [each.table().to_pylist() for each in results]
        if not all(self.runs):
            raise InputError(f"the results for '{role}' have no items, so they cannot be compared item by item")
        self.rows: list[dict[_Key, dict[str, Any]]] = [
            {(row["task"], row["language"], row["metric"]): row for row in table} for table in tables
        ]
        for run, rows in zip(self.runs, self.rows, strict=True):
            if missing := run.keys() - rows.keys():
                raise InputError(f"the items for '{role}' have no row in the table", where=", ".join(sorted(missing)[0]))
        first = {key: self.rows[0][key] for key in self.runs[0]}
        self.model = str(next(iter(first.values()))["model"])
        self.signatures = {key: Signature.parse(row["signature"]) for key, row in first.items()}
        self.revisions = {key: str(row["revision"]) for key, row in first.items()}

    def must_match(self, other: "_Runs") -> None:
        """Refuse whatever would make a comparison unfair: other metrics, languages, protocols or items."""
        expected = other.runs[0]
        for run, rows in zip(self.runs, self.rows, strict=True):
            if run.keys() != expected.keys():
                lone = sorted(run.keys() ^ expected.keys())[0]
                lacking, having = (self.role, other.role) if lone in expected else (other.role, self.role)
                raise InputError(
                    f"'{having}' measures {lone[2]} in {lone[1]}, '{lacking}' does not",
                    fix="measure both with the same pairs",
                )
            for key, units in run.items():
                where = f"{key[1]}, {key[2]}"
                _must_be_equal_items(expected[key], units, other.role, self.role, where)
                reason = other.signatures[key].why_not_comparable(Signature.parse(rows[key]["signature"]))
                if reason:
                    raise InputError(
                        f"'{other.role}' and '{self.role}' were not measured alike: {reason}",
                        where=where,
                        fix="measure both with the same pairs and settings",
                    )

    def values(self, key: _Key) -> Floats:
        """One row a run: [runs, items]."""
        return np.stack([run[key].values for run in self.runs])

    def mean_rows(self, role: str, seed: int) -> list[Measurement]:
        rows = []
        for key, signature in self.signatures.items():
            values = self.values(key)
            low, high = bootstrap_mean(values, generator(seed, role, *key), bounds=_bounds(values))
            signed = signature.with_fields(ci=f"bootstrap-{RESAMPLES}", runs=len(values), seed=seed)
            condition = f"{role}, mean of {len(values)} runs"
            task, language, metric = key
            rows.append(
                Measurement(
                    self.model, task, self.revisions[key], language, condition, metric, float(values.mean()),
                    values.shape[1], low, high, str(signed),
                )
            )  # fmt: skip
        return rows


def _must_be_equal_items(expected: Units, found: Units, one: str, other: str, where: str) -> None:
    if expected.items == found.items:
        return
    only_one = sorted(set(expected.items) - set(found.items))
    only_other = sorted(set(found.items) - set(expected.items))
    said = [
        f"{len(each)} only in '{name}' ({', '.join(each[:_SHOWN_ITEMS])}{', …' if len(each) > _SHOWN_ITEMS else ''})"
        for name, each in ((one, only_one), (other, only_other))
        if each
    ]
    raise InputError(
        f"'{one}' and '{other}' were measured on different items: {'; '.join(said)}",
        where=where,
        fix="measure both with the same pairs",
    )


def _bounds(*values: Floats) -> tuple[float, float] | None:
    """The bounds of shares and reciprocal ranks; none for a metric that leaves them."""
    return (0.0, 1.0) if all(each.min() >= 0 and each.max() <= 1 for each in values) else None


def _differences(left: _Runs, right: _Runs, condition: str, step: Step) -> dict[_Key, Difference]:
    found: dict[_Key, Difference] = {}
    with step.progress(f"comparing: {condition}", total=len(left.signatures)) as progress:
        for key in progress.track(left.signatures):
            one, other = left.values(key), right.values(key)
            # The same draws for every condition, so that equal systems give equal intervals.
            found[key] = paired_bootstrap(one, other, generator(step.seed, *key), bounds=_bounds(one, other))
    return found


def _adjusted(found: Mapping[_Key, Difference]) -> dict[_Key, float]:
    """Holm's correction over the languages of each task and metric."""
    families: dict[tuple[str, str], list[_Key]] = {}
    for key in found:
        families.setdefault((key[0], key[2]), []).append(key)
    adjusted: dict[_Key, float] = {}
    for keys in families.values():
        adjusted |= zip(keys, holm([found[key].p_value for key in keys]).tolist(), strict=True)
    return adjusted


def _figures(systems: Mapping[str, _Runs], rows: Sequence[Measurement]) -> dict[str, Any]:
    """By language and metric: the value of every system, and every contrast (`over_control`, …) with its interval."""
    found: dict[str, Any] = {}
    for key in systems["before"].signatures:
        _, language, metric = key
        figures = found.setdefault(language, {}).setdefault(metric, {"n": len(systems["before"].runs[0][key].items)})
        figures |= {name: round(float(each.values(key).mean()), 6) for name, each in systems.items()}
    for row in rows:
        if row.condition in (CHANGE, OVER_CONTROL, CONTROL_CHANGE) and row.ci_low is not None and row.ci_high is not None:
            found[row.language][row.metric][row.condition.replace(" ", "_")] = {
                "value": round(row.value, 6),
                "interval": [round(row.ci_low, 6), round(row.ci_high, 6)],
                "p_value": row.p_value,
                "p_adjusted": row.p_adjusted,
            }
    return found
