"""The audit of a corpus: what is in it, where it is from, what was dropped and why, language by language."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from panglot import __version__
from panglot.artifacts import Artifact, InputError, PanglotError, Step
from panglot.corpus.checks.corpora import CorpusCheck
from panglot.corpus.documents import UNDETERMINED, Documents
from panglot.report import account
from panglot.report.comparison import describe
from panglot.report.corpus_labels import corpora_checked, declared_otherwise, labels_by_language, suspicions
from panglot.report.corpus_signals import spreads
from panglot.report.corpus_texts import LanguageTexts, read_texts
from panglot.report.corpus_wording import headline, limits, reason_text
from panglot.report.lineage import REFERENCE, Ancestor, all_steps, lineage
from panglot.report.page import CARD_FILE, FACTS_FILE, FORMAT, PAGE_FILE, Page, facts_json
from panglot.report.rendering import render
from panglot.report.text import markdown, visible

KIND = "corpus"
OPEN_UP_TO = 3
"""Sections of languages stand open on a page of so many, and closed on a longer one."""
_HOSTS, _KEPT_SAMPLES, _REASONS_SHOWN, _DROPPED_SAMPLES, _SIGNALS_SHOWN = 6, 2, 4, 1, 4
_SIZES = ((1, 1), (2, 2), (3, 5), (6, 10), (11, 100), (101, 1 << 62))

Steps = Mapping[str, Ancestor]


def corpus_audit(*, of: Documents, checks: CorpusCheck | None = None, title: str = "", step: Step) -> Page:
    """Write the audit of a corpus: a page that one can read with one language or with four hundred.

    It reads the steps that led to the documents through their manifests; a part of which there is no step says so.

    Args:
        of: the corpus, as the last step left it.
        checks: what `corpus.check_corpora` found.
        title: title of the page.
        step: where to write.

    Raises:
        InputError: no step wrote these documents.
    """
    steps = lineage([of, *([checks] if checks else [])])
    facts = audit_facts(steps, title)
    (step.out / FACTS_FILE).write_text(facts_json(facts), encoding="utf-8")
    (step.out / PAGE_FILE).write_text(draw_audit(facts, account.cost(steps)), encoding="utf-8")
    (step.out / CARD_FILE).write_text(f"# {markdown(facts['title'])}\n\n{markdown(facts['headline'], 600)}\n", encoding="utf-8")
    step.figures["headline"] = facts["headline"]
    return Page(step.out)


def audit_run(run: Path, title: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """The facts of a run folder, whole or not, and what its steps cost.

    Raises:
        InputError: the folder is no run, or no step wrote documents.
    """
    steps = all_steps(run)
    if not steps:
        raise InputError("no step of this run is finished", where=run, fix="run `panglot corpus build` first")
    return audit_facts(steps, title or f"Audit of {run.resolve().name}"), account.cost(steps)


def audit_facts(steps: Steps, title: str = "") -> dict[str, Any]:
    """Every figure of the page.

    Args:
        steps: of the run, each after those that it used.
        title: title of the page.

    Raises:
        InputError: no step wrote documents.
    """
    written = {name: Documents(each.folder) for name, each in steps.items() if _documents(each.folder)}
    if not written:
        raise InputError("no step of this run wrote documents", fix="run `panglot corpus build` first")
    last = last_written(steps)
    assert last is not None
    used = lineage([Artifact(written[last].folder)])
    written = {name: each for name, each in written.items() if name in used}
    first = _first(steps, written)
    kept = read_texts(written[last], samples=_KEPT_SAMPLES)
    read = kept if first == last else _sizes(written[first])
    dropped = _dropped(steps, written)
    flow = [_flow(steps[name]) for name in written if name == first or "kept" in _account(steps[name])]
    labels, declared = _labels(steps)
    checks = _checks(steps)
    doubtful = suspicions(labels, checks, declared)
    signals = _signals(steps, written)
    plan = _plan(steps)
    tags = sorted({*read, *kept}, key=lambda tag: (-kept.get(tag, LanguageTexts()).bytes, tag))
    total = {name: sum(getattr(each, name) for each in kept.values()) for name in ("documents", "characters", "bytes")}
    languages = [_language(tag, read, kept, dropped, total["bytes"], labels, doubtful, signals or {}, plan) for tag in tags]
    facts: dict[str, Any] = {
        "format": FORMAT,
        "kind": KIND,
        "title": title or "Audit of a corpus",
        "first": first,
        "last": last,
        "total": {
            **total,
            "languages": sum(bool(each["kept"]["documents"]) for each in languages),
            "read": sum(each["read"]["documents"] for each in languages),
            "scripture": _share(sum(each.scripture for each in kept.values()), total["characters"]),
            "machine": _share(sum(each.machine for each in kept.values()), total["characters"]),
        },
        "flow": flow,
        "reasons": _reasons(flow),
        "sources": _sources(kept),
        "languages": languages,
        "duplicates": _duplicates(steps),
        "decontaminated": _decontaminated(steps),
        "doubtful": [{**describe(each["tag"]), **each} for each in doubtful],
        "has": {
            "identification": bool(labels),
            "checks": bool(checks),
            "signals": signals is not None,
            "duplicates": any("duplicates" in each.manifest.component for each in steps.values()),
            "plan": bool(plan),
            "tests": any(each.manifest.component == "corpus.decontaminate" for each in steps.values()),
        },
        "reproduce": account.reproduction(steps),
        "measure": {"signatures": []},
        "model": {"base": ""},
        "fell_short": [],
    }
    facts["headline"] = headline(facts)
    facts["limits"] = limits(facts)
    return facts


def draw_audit(facts: dict[str, Any], cost: dict[str, Any] | None = None) -> str:
    """The page as HTML.

    Args:
        facts: as in `facts.json`.
        cost: from `account.cost`; without it the section is left out.
    """
    shown = [each for each in facts["languages"] if each["kept"]["documents"] or each["read"]["documents"]]
    orders = _orders(shown)
    return render(
        "corpus_audit.html",
        facts=facts,
        cost=cost,
        languages=[{**each, "order": orders[each["tag"]]} for each in shown],
        open_all=len(shown) <= OPEN_UP_TO,
        most=max((each["share"] for each in shown), default=0) or 1,
        reason_text=reason_text,
        version=__version__,
    )


def last_written(steps: Steps) -> str | None:
    """The step whose documents a run is about: of those that wrote documents, the one that most such steps led to.

    A run may read other text too (reference text of thresholds, test data), so the last step in some order is not it.
    """
    written = [name for name, each in steps.items() if _documents(each.folder)]
    led = {name: set(lineage([Artifact(steps[name].folder)])) & set(written) for name in written}
    return max(written, key=lambda name: len(led[name]), default=None)


def _documents(folder: Path) -> bool:
    try:
        return bool(Documents(folder).shards)
    except InputError:
        return False


def _first(steps: Steps, written: Mapping[str, Documents]) -> str:
    """The step that brought the documents in: the earliest one that used no other's documents."""
    for name in written:
        used = {match[1] for each in steps[name].manifest.inputs if (match := REFERENCE.match(each))}
        if not used & set(written):
            return name
    return next(iter(written))


def _sizes(documents: Documents) -> dict[str, LanguageTexts]:
    """Documents and bytes alone, for what was read."""
    found: dict[str, LanguageTexts] = {}
    for shard in documents.shards:
        for batch in pq.ParquetFile(shard).iter_batches(batch_size=1 << 13, columns=["language", "text"]):
            sizes = pa.table({"language": batch["language"], "bytes": pc.binary_length(batch["text"].cast(pa.binary()))})
            for each in sizes.group_by("language").aggregate([("bytes", "sum"), ("bytes", "count")]).to_pylist():
                place = found.setdefault(each["language"], LanguageTexts())
                place.documents += each["bytes_count"]
                place.bytes += each["bytes_sum"]
    return found


def _account(step: Ancestor) -> dict[str, Any]:
    said = step.manifest.figures.get("documents")
    return said if isinstance(said, dict) else {}


def _flow(step: Ancestor) -> dict[str, Any]:
    said = _account(step)
    read = step.manifest.figures.get("read")
    if "kept" not in said and isinstance(read, dict):
        said = {"in": read["in"], "kept": read["kept"], "dropped": read["passed_over"], "quarantined": read["quarantined"]}
    dropped = said.get("dropped") if isinstance(said.get("dropped"), dict) else {}
    whole = "kept" in said
    return {
        "step": step.name,
        "component": step.manifest.component,
        "in": said.get("in") if whole else None,
        "kept": said.get("kept") if whole else sum(Documents(step.folder).counts.values()),
        "dropped": dict(sorted((dropped or {}).items(), key=lambda each: (-each[1], each[0]))),
        "changed": _number(said.get("changed", said.get("cut", 0))),
        "quarantined": said["quarantined"] if "quarantined" in said else sum(step.manifest.quarantined.values()),
    }


def _number(said: Any) -> int:
    """A count, or the sum of counts by kind."""
    return sum(said.values()) if isinstance(said, dict) else int(said or 0)


def _dropped(steps: Steps, written: Mapping[str, Documents]) -> dict[str, list[tuple[str, LanguageTexts]]]:
    """Language to what each step dropped of it."""
    found: dict[str, list[tuple[str, LanguageTexts]]] = {}
    for name, documents in written.items():
        left = documents.dropped
        if left is None:
            continue
        for tag, each in read_texts(left, samples=_DROPPED_SAMPLES).items():
            found.setdefault(tag, []).append((name, each))
    return found


def _language(
    tag: str,
    read: Mapping[str, LanguageTexts],
    kept: Mapping[str, LanguageTexts],
    dropped: Mapping[str, list[tuple[str, LanguageTexts]]],
    total: int,
    labels: Mapping[str, Mapping[str, Any]],
    doubtful: list[dict[str, Any]],
    signals: Mapping[str, list[dict[str, Any]]],
    plan: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    own, before = kept.get(tag, LanguageTexts()), read.get(tag, LanguageTexts())
    reasons: Counter[str] = Counter()
    samples: list[dict[str, Any]] = []
    for step, each in dropped.get(tag, []):
        reasons.update(each.reasons)
        for reason, rows in each.samples.items():
            samples += [{"step": step, "reason": reason, **row} for row in rows]
    order = {reason: place for place, (reason, _) in enumerate(reasons.most_common())}
    samples.sort(key=lambda row: order[row["reason"]])
    seen: set[str] = set()
    shown = [row for row in samples if not (row["reason"] in seen or seen.add(row["reason"]))][:_REASONS_SHOWN]  # type: ignore[func-returns-value]
    lost = sum(reasons.values())
    name = {"name": "unknown language"} if tag == UNDETERMINED else {}
    return {
        **describe(tag),
        **name,
        "read": {"documents": before.documents, "bytes": before.bytes},
        "kept": {"documents": own.documents, "characters": own.characters, "bytes": own.bytes},
        "share": _share(own.bytes, total),
        "dropped": dict(reasons.most_common()),
        "dropped_share": _share(lost, lost + own.documents),
        "scripture": _share(own.scripture, own.characters),
        "machine": _share(own.machine, own.characters),
        "sources": [
            {"host": visible(host)[:80], "documents": n, "share": _share(characters, own.characters)}
            for host, (n, characters) in sorted(own.hosts.items(), key=lambda each: (-each[1][1], each[0]))[:_HOSTS]
        ],
        "hosts": len(own.hosts),
        "samples": {"kept": own.samples.get("", []), "dropped": shown},
        "signals": sorted(signals.get(tag, []), key=lambda one: -reasons[one["reason"]])[:_SIGNALS_SHOWN],
        "label": dict(labels.get(tag, {})),
        "doubts": next((each["why"] for each in doubtful if each["tag"] == tag), []),
        "epochs": plan.get(tag, {}).get("epochs"),
        "planned": plan.get(tag, {}).get("share"),
    }


def _share(part: float, whole: float) -> float:
    return round(part / whole, 6) if whole else 0.0


def _reasons(flow: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = [
        {"step": each["step"], "reason": reason, "text": reason_text(reason), "documents": count}
        for each in flow
        for reason, count in each["dropped"].items()
    ]
    return sorted(found, key=lambda each: (-each["documents"], each["reason"]))


def _sources(kept: Mapping[str, LanguageTexts]) -> list[dict[str, Any]]:
    hosts: dict[str, list[int]] = {}
    for each in kept.values():
        for host, (documents, characters) in each.hosts.items():
            place = hosts.setdefault(host, [0, 0, 0])
            place[0] += documents
            place[1] += characters
            place[2] += 1
    total = sum(each[1] for each in hosts.values())
    best = sorted(hosts.items(), key=lambda each: (-each[1][1], each[0]))[:20]
    return [
        {"host": visible(host)[:80], "documents": n, "share": _share(characters, total), "languages": languages}
        for host, (n, characters, languages) in best
    ]


def _by_component(steps: Steps, *names: str) -> list[Ancestor]:
    return [each for each in steps.values() if each.manifest.component in names]


def _labels(steps: Steps) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """What identification says by the language that it found, and by the one that was declared."""
    found = _by_component(steps, "corpus.identify")
    if not found:
        return {}, {}
    shards = sorted((found[-1].folder / "labels").glob("*.parquet"))
    match = REFERENCE.match(str(found[-1].manifest.parameters.get("of", "")))
    step = steps.get(match[1]) if match else None
    documents = Documents(step.folder).shards if step is not None and _documents(step.folder) else []
    return labels_by_language(shards), declared_otherwise(documents, shards)


def _checks(steps: Steps) -> dict[str, dict[str, Any]]:
    found = _by_component(steps, "corpus.check_corpora")
    return corpora_checked(found[-1].folder) if found else {}


def _signals(steps: Steps, written: Mapping[str, Documents]) -> dict[str, list[dict[str, Any]]] | None:
    """By language; None where no filter decided over signals in this run."""
    for decided in reversed(_by_component(steps, "corpus.filter")):
        match = REFERENCE.match(str(decided.manifest.parameters.get("signals", "")))
        measured = steps.get(match[1]) if match else None
        match = REFERENCE.match(str(decided.manifest.parameters.get("of", "")))
        if measured is None or match is None or match[1] not in written:
            continue
        shards = sorted((measured.folder / "signals").glob("*.parquet"))
        bounds = decided.manifest.figures.get("bounds")
        if shards and isinstance(bounds, dict):
            return spreads(written[match[1]].shards, shards, bounds)
    return None


def _duplicates(steps: Steps) -> list[dict[str, Any]]:
    from panglot.corpus.duplicates.clusters import Clusters

    found = []
    for each in _by_component(steps, "corpus.exact_duplicates", "corpus.near_duplicates"):
        try:
            sizes = Clusters(each.folder).sizes
        except (PanglotError, OSError):
            continue
        rows = []
        for low, high in _SIZES:
            chosen = {size: count for size, count in sizes.items() if size is not None and low <= size <= high}
            if chosen:
                rows.append(
                    {
                        "size": f"{low}" if low == high else f"{low}–{high}" if high < 1 << 62 else f"above {low - 1}",
                        "clusters": sum(chosen.values()),
                        "documents": sum(size * count for size, count in chosen.items()),
                    }
                )
        largest = max((size for size in sizes if size is not None), default=0)
        found.append({"step": each.name, "component": each.manifest.component, "rows": rows, "largest": largest})
    return found


def _decontaminated(steps: Steps) -> list[dict[str, Any]]:
    found = []
    for each in _by_component(steps, "corpus.decontaminate"):
        tasks = each.manifest.figures.get("tasks", {})
        found += [{"task": visible(str(task))[:80], **said} for task, said in sorted(tasks.items())]
    return found


def _plan(steps: Steps) -> dict[str, dict[str, Any]]:
    found = _by_component(steps, "corpus.balance")
    said = found[-1].manifest.figures.get("languages") if found else None
    return said if isinstance(said, dict) else {}


def _orders(languages: list[dict[str, Any]]) -> dict[str, str]:
    """The place of each language in the order of each column, as custom properties."""
    keys: list[Callable[[dict[str, Any]], Any]] = [
        lambda each: each["name"],
        lambda each: -each["kept"]["bytes"],
        lambda each: -each["kept"]["documents"],
        lambda each: -each["read"]["documents"],
        lambda each: -each["dropped_share"],
        lambda each: -each["scripture"],
        lambda each: -each["machine"],
        lambda each: -(each["epochs"] or 0),
    ]
    found: dict[str, list[str]] = {each["tag"]: [] for each in languages}
    for number, key in enumerate(keys):
        ordered = sorted(sorted(languages, key=lambda one: str(one["tag"])), key=key)
        for place, each in enumerate(ordered):
            found[each["tag"]].append(f"--o{number}:{place}")
    return {tag: ";".join(each) for tag, each in found.items()}
