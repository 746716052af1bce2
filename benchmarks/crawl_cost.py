"""What a hundred snapshots of Common Crawl would cost, on paper: core-hours, disk, network, and the shape of a Ray cluster.

    python benchmarks/crawl_cost.py --rate extract=60 --rate identify=20000 --rate clean=4000 --rate exact=9000 \
        --rate signals=2500 --rate filter=30000 --rate mask=8000 --rate near=2000

    python benchmarks/crawl_cost.py --run corpus --rate extract=60

A rate is documents per core-second of one worker process; the figures above only show the form. `--run` takes the rates from
the manifests of a finished `panglot corpus build` (documents in / core-seconds); `--rate` stands above it. For each step

    core-hours = documents that reach the step / rate / 3600
    documents that reach it = snapshots × pages × the shares that the steps before it keep

Disk is what all steps leave, since a run keeps every step: bytes of text kept × how far zstd packs them, beside the sidecars.
Network is the crawl once in, and every table out of and into the shared file system once a step that reads it. The cluster has
as many cores as do the work in the days asked for, at the utilisation given, and memory for one worker a core.

Facts about the crawl stand in the flags: they change with each snapshot, and its announcement says them.
"""

import argparse
import json
import math
from dataclasses import dataclass
from pathlib import Path

STEPS = ("extract", "identify", "clean", "exact", "signals", "filter", "mask", "near")
"""In the order of `panglot corpus build`."""
KEPT = {"extract": 0.9, "identify": 0.85, "clean": 1.0, "exact": 0.75, "signals": 1.0, "filter": 0.4, "mask": 1.0, "near": 0.6}
"""Share of the documents that a step keeps: the order of magnitude that FineWeb2 reports (65 % of what was left after
deduplication went in its filters)."""
WRITES_TEXT = ("extract", "identify", "clean", "exact", "filter", "mask", "near")
STEPS_OF_A_RUN = {
    "extract": ("read",),
    "identify": ("labels", "assigned"),
    "clean": ("cleaned",),
    "exact": ("copies", "unique"),
    "signals": ("signals",),
    "filter": ("filtered",),
    "mask": ("masked",),
    "near": ("likenesses", "deduplicated"),
}
SIDECAR_BYTES = {"identify": 40, "exact": 30, "signals": 200, "near": 350}
"""Bytes a document: labels, clusters, signals, and the runs of bands and sketches while duplicates are sought."""


@dataclass(frozen=True)
class Step:
    """One step on paper: documents in, core-hours, and bytes read and written."""

    name: str
    documents: float
    core_hours: float
    read: float
    written: float


def cost(asked: argparse.Namespace, rates: dict[str, float], kept: dict[str, float]) -> list[Step]:
    """The steps, in order."""
    documents = asked.snapshots * asked.pages
    packed = asked.document_bytes * asked.packed
    found = []
    for name in STEPS:
        read = documents * packed if name != "extract" else asked.snapshots * asked.archive_terabytes * 1e12
        written = documents * SIDECAR_BYTES.get(name, 0)
        hours = documents / rates[name] / 3600
        if name in WRITES_TEXT:
            written += documents * kept[name] * packed
        found.append(Step(name, documents, hours, read, written))
        documents *= kept[name]
    return found


def measured(run: Path) -> dict[str, float]:
    """Documents per core-second of each step of a finished build."""
    found = {}
    for name, steps in STEPS_OF_A_RUN.items():
        paths = [run / "steps" / each / "manifest.json" for each in steps]
        if not all(each.is_file() for each in paths):
            continue
        manifests = [json.loads(each.read_bytes()) for each in paths]
        seconds = sum(each.get("core_seconds", 0) for each in manifests)
        said = manifests[-1]["figures"]["documents"]
        count = said if isinstance(said, int) else said.get("in", sum(each for each in said.values() if isinstance(each, int)))
        if seconds and count:
            found[name] = count / seconds
    return found


def pairs(said: list[str], what: str, known: tuple[str, ...]) -> dict[str, float]:
    """`step=number`, checked."""
    found = {}
    for each in said:
        name, _, number = each.partition("=")
        if name not in known or not number.replace(".", "", 1).isdigit() or float(number) <= 0:
            raise SystemExit(f"{what} {each}: write STEP=NUMBER above 0, with a step of {', '.join(known)}")
        found[name] = float(number)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", action="append", default=[], help="STEP=documents per core-second; one for each step")
    parser.add_argument("--run", type=Path, help="a finished build, to take the rates from")
    parser.add_argument("--keep", action="append", default=[], help="STEP=share of the documents that it keeps")
    parser.add_argument("--snapshots", type=int, default=100)
    parser.add_argument("--pages", type=float, default=2.7e9, help="pages of a snapshot")
    parser.add_argument("--archive-terabytes", type=float, default=90, help="a snapshot's WARC files, packed (WET: about 8)")
    parser.add_argument("--document-bytes", type=float, default=3500, help="UTF-8 bytes of text of a document")
    parser.add_argument("--packed", type=float, default=0.4, help="size of packed text against its bytes")
    parser.add_argument("--days", type=float, default=14, help="how long it may take")
    parser.add_argument("--utilisation", type=float, default=0.8)
    parser.add_argument("--node-cores", type=int, default=64)
    parser.add_argument("--worker-gigabytes", type=float, default=0.6, help="peak memory of one worker")
    asked = parser.parse_args()
    rates = (measured(asked.run) if asked.run else {}) | pairs(asked.rate, "--rate", STEPS)
    missing = [each for each in STEPS if each not in rates]
    if missing:
        raise SystemExit(f"give a measured --rate for {', '.join(missing)}")
    steps = cost(asked, rates, KEPT | pairs(asked.keep, "--keep", STEPS))
    print("documents per core-second: " + ", ".join(f"{each} {rates[each]:,.0f}" for each in STEPS) + "\n")
    print(f"{'step':<10}{'documents':>12}{'core-hours':>14}{'read, TB':>12}{'written, TB':>13}")
    for each in steps:
        print(
            f"{each.name:<10}{each.documents / 1e9:>10.1f} G{each.core_hours:>14,.0f}"
            f"{each.read / 1e12:>12,.0f}{each.written / 1e12:>13,.0f}"
        )
    hours = sum(each.core_hours for each in steps)
    seconds = asked.days * 86400
    cores = math.ceil(hours * 3600 / (seconds * asked.utilisation))
    nodes = math.ceil(cores / asked.node_cores)
    written = sum(each.written for each in steps)
    moved = sum(each.read for each in steps) + written
    gigabits = moved * 8 / 1e9 / seconds
    memory = asked.node_cores * asked.worker_gigabytes + 8
    said = {
        "core_hours": round(hours),
        "nodes": nodes,
        "cores_of_a_node": asked.node_cores,
        "memory_of_a_node_gigabytes": round(memory),
        "disk_terabytes": round(written / 1e12),
        "network_in_terabytes": round(steps[0].read / 1e12),
        "file_system_gigabits_per_second": round(gigabits, 1),
        "gigabits_per_second_of_a_node": round(gigabits / nodes, 2),
        "days": asked.days,
    }
    print(
        f"\n{hours:,.0f} core-hours: {nodes} nodes of {asked.node_cores} cores and {memory:,.0f} GB for {asked.days:g} days; "
        f"{written / 1e12:,.0f} TB of shared disk; {gigabits:,.0f} Gbit/s of it in use all the time, "
        f"{gigabits / nodes:.2f} a node; {steps[0].read / 1e12:,.0f} TB to fetch\n"
    )
    line = {
        "benchmark": "crawl_cost",
        "ours": round(hours),
        "peer": None,
        "unit": "core-hours",
        "ratio": None,
        "n": asked.snapshots,
    }
    print(json.dumps({**line, "cluster": said}))


if __name__ == "__main__":
    main()
