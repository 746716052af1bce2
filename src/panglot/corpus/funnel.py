"""What became of the documents of a run, step by step and language by language, read from the manifests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from panglot.artifacts import read_manifest


def funnel(run: Path, names: Sequence[str]) -> dict[str, Any]:
    """The account of a run's steps that read documents, or kept some and dropped others.

    Args:
        run: the run folder.
        names: its steps, in order.

    Returns:
        `steps`: for each such step its name, component, `in`, `kept`, `dropped` by reason, `quarantined` and `changed`;
        `languages`: the documents kept by the last step, by tag, and their bytes; `documents` and `bytes`: their sums.
    """
    steps = []
    languages: dict[str, dict[str, int]] = {}
    for name in names:
        manifest = read_manifest(run / "steps" / name)
        if manifest is None:
            continue
        said = manifest.figures.get("documents")
        read = manifest.figures.get("read")
        if isinstance(said, dict) and "kept" in said:
            steps.append({"step": name, "component": manifest.component, "dropped": {}, "quarantined": 0, **said})
        elif isinstance(read, dict):
            counts = {each: read[each] for each in ("in", "kept", "quarantined")}
            steps.append({"step": name, "component": manifest.component, "dropped": read["passed_over"], **counts})
            continue
        else:
            continue
        kept = {tag: each.get("kept") for tag, each in manifest.figures.get("by_language", {}).items()}
        if kept and None not in kept.values():
            sizes = manifest.figures.get("bytes", {})
            languages = {tag: {"documents": count, "bytes": sizes.get(tag, 0)} for tag, count in kept.items() if count}
    return {
        "documents": sum(each["documents"] for each in languages.values()),
        "bytes": sum(each["bytes"] for each in languages.values()),
        "languages": dict(sorted(languages.items(), key=lambda each: (-each[1]["documents"], each[0]))),
        "steps": steps,
    }
