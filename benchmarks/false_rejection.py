"""False rejection of clean text, and planted noise found, with thresholds estimated on other text.

    python benchmarks/false_rejection.py [--data ../shared/data] [--languages tam_Taml,…] [--documents 45]

Thresholds are estimated from whatever reference text the data folder has for a language (`reference_texts.py`: Universal
Declaration, Tatoeba, New Testament, help pages, Quran, news, questions, …) and from the Declaration that comes with the
package, never from SIB-200; a language without any takes the packaged thresholds. Then

(a) documents of 12 sentences of SIB-200 (professional translations), three lines of four sentences: the share rejected, by
reason; also with
    every sentence on a line of its own, and with all on one line;
(b) noise of seven kinds planted in every second of these documents: the share found, by kind and script; and the wrong
language when it is the
    nearest relative in the data and not any language of the script;
(c) the same with the published English values of FineWeb2's rules for all languages, with the language's own stop words.

Reads nothing but the data folder. A figure that falls short is printed like any other.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from reference_texts import declarations, reference_text, sentences

from panglot.artifacts import Step
from panglot.corpus.documents import Documents, DocumentWriter
from panglot.corpus.noise import KINDS, make_noise, spaces_of
from panglot.corpus.signals import Group, signals_of
from panglot.corpus.thresholds import LanguageThresholds, Thresholds, shipped
from panglot.corpus.thresholds.artifact import relatives_of
from panglot.corpus.thresholds.estimate import estimate_thresholds
from panglot.corpus.thresholds.rules import RULES
from panglot.languages import Language

SENTENCES, LINES = 12, 3
GROUPS: tuple[Group, ...] = ("size", "gopher_quality", "gopher_repetition", "fineweb", "roots", "damage", "reference")


def documents(text: Sequence[str], tag: str, count: int) -> list[str]:
    """Documents of 12 sentences on so many lines."""
    blank = " " if spaces_of(tag) else ""
    size = SENTENCES // count
    return [
        "\n".join(blank.join(text[at : at + size]) for at in range(first, first + SENTENCES, size))
        for first in range(0, len(text) - SENTENCES + 1, SENTENCES)
    ]


Bounds = Mapping[str, tuple[float | None, float | None]]


def judge(texts: Sequence[str], found: LanguageThresholds, *several: Bounds) -> list[dict[str, Any]]:
    """Which texts each of some bounds rejects: for each set of bounds, name of the bound to bool [texts]."""
    signals = signals_of(texts, found.tag, stop_words=found.stop_words, model=found.model, groups=GROUPS)
    outcome = []
    for bounds in several:
        rejected = {}
        for signal, (least, most) in bounds.items():
            values = signals[signal].astype(np.float64)
            with np.errstate(invalid="ignore"):
                if least is not None:
                    rejected[f"{signal}_low"] = values < np.float32(least)
                if most is not None:
                    rejected[f"{signal}_high"] = values > np.float32(most)
        outcome.append(rejected)
    return outcome


def share(rejected: Mapping[str, Any]) -> float:
    return float(np.any(list(rejected.values()), axis=0).mean()) if rejected else 0.0


def english(*, stop_words: bool) -> dict[str, tuple[float | None, float | None]]:
    """The published English values, for every language: FineWeb2's rules and no others."""
    found: dict[str, tuple[float | None, float | None]] = {}
    for rule in RULES:
        if rule.signal == "stop_words_present" and not stop_words:
            continue
        if rule.english is not None and rule.signal not in ("control_characters", "replacement_characters", "word_order"):
            least, most = found.get(rule.signal, (None, None))
            found[rule.signal] = (rule.english, most) if rule.side == "min" else (least, rule.english)
    return found


def measure(data: Path, tag: str, tags: Sequence[str], found: LanguageThresholds) -> dict[str, Any]:
    text = sentences(data, tag)
    clean = documents(text, tag, LINES)
    outcome: dict[str, Any] = {"origin": found.origin, "documents": len(clean)}
    values = english(stop_words=bool(found.stop_words))
    rejected, published = judge(clean, found, found.bounds, values)
    outcome["rejected"] = share(rejected)
    outcome["reasons"] = {name: int(each.sum()) for name, each in rejected.items() if each.any()}
    outcome["sentence_a_line"] = share(*judge(documents(text, tag, SENTENCES), found, found.bounds))
    outcome["one_line"] = share(*judge(documents(text, tag, 1), found, found.bounds))
    outcome["english_rejected"] = share(published)
    outcome["english_reasons"] = {name: int(each.sum()) for name, each in published.items() if each.any()}
    rng = np.random.default_rng(29)
    foreign = {other: documents(sentences(data, other), other, LINES)[::7] for other in tags if other[:3] != tag[:3]}
    same = [each for other, texts in foreign.items() if other[4:] == tag[4:] for each in texts]
    others = same or [each for texts in foreign.values() for each in texts]
    outcome["noise"], outcome["english_noise"] = {}, {}
    for kind in KINDS:
        noisy = [make_noise(each, kind, rng, spaces=spaces_of(tag), others=others) for each in clean[::2]]
        own, published = judge(noisy, found, found.bounds, values)
        outcome["noise"][kind], outcome["english_noise"][kind] = share(own), share(published)
    near = relatives_of(tag, list(foreign), 1)
    if near:
        outcome["nearest"] = near[0]
        outcome["nearest_found"] = share(*judge(foreign[near[0]], found, found.bounds))
    return outcome


def estimated(data: Path, tags: Sequence[str], count: int) -> Thresholds:
    declaration = declarations(data)
    folder = Path(tempfile.mkdtemp(prefix="panglot-thresholds-"))
    with DocumentWriter(folder / "reference" / "documents.parquet") as writer:
        for tag in tags:
            # a language without text in the folder has that of the package
            found = reference_text(data, tag, declaration) or {"packaged": shipped().texts.get(tag, [])}
            for source, texts in found.items():
                for each in texts:
                    if each.strip():
                        writer.document(each, tag, source=source)
    (folder / "out").mkdir()
    return estimate_thresholds(Documents(folder / "reference"), documents=count, prior=shipped(), step=Step(folder / "out"))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("PANGLOT_SHARED", beside)))
    parser.add_argument("--languages", help="only these tags")
    parser.add_argument("--documents", type=int, default=45, help="reference documents a source")
    parser.add_argument("--thresholds", type=Path, help="thresholds estimated before; `packaged` for those of the package")
    given = parser.parse_args()
    if not (given.data / "sib200").is_dir():
        print(f"no data under {given.data}: give --data", file=sys.stderr)
        raise SystemExit(2)
    every = sorted(path.name[:8] for path in (given.data / "sib200").glob("*.tsv.gz"))
    tags = given.languages.split(",") if given.languages else every
    packaged = given.thresholds is not None and given.thresholds.name == "packaged"
    own = (
        shipped()
        if packaged
        else Thresholds(given.thresholds)
        if given.thresholds
        else estimated(given.data, tags, given.documents)
    )
    if not packaged:
        print(f"thresholds: {own.folder}")
    outcomes: dict[str, dict[str, Any]] = {}
    print(f"{'language':10} {'reference':34} {'rejected':>8} {'a line':>7} {'one':>6} {'English':>8}  noise found below 95 %")
    for tag in tags:
        found = own.of(tag) if tag in own.languages else shipped().of(tag)
        outcome = outcomes[tag] = measure(given.data, tag, every, found)
        said = ",".join(found.facts.get("sources", [])) if tag in own.languages else f"packaged ({found.origin})"
        low = {kind: f"{each:.0%}" for kind, each in outcome["noise"].items() if each < 0.95}
        short = " ".join(f"{kind} {each}" for kind, each in low.items())
        rates = [outcome[name] for name in ("rejected", "sentence_a_line", "one_line", "english_rejected")]
        print(f"{tag:10} {said[:34]:34} {rates[0]:8.1%} {rates[1]:7.1%} {rates[2]:6.1%} {rates[3]:8.1%}  {short}", end="")
        print(f"  {outcome['reasons'] or ''}", flush=True)
    show(outcomes)


def show(outcomes: Mapping[str, Mapping[str, Any]]) -> None:
    scripts = sorted({tag[4:] for tag in outcomes})
    print(f"\nnoise found, by script{'':8}" + " ".join(f"{kind[:11]:>11}" for kind in KINDS))
    recall: dict[str, dict[str, float]] = {}
    for script in scripts:
        inside = [each for tag, each in outcomes.items() if tag[4:] == script]
        recall[script] = {kind: float(np.mean([each["noise"][kind] for each in inside])) for kind in KINDS}
        print(f"{script:10} {len(inside):3} languages     " + " ".join(f"{recall[script][kind]:11.1%}" for kind in KINDS))
    mean = {kind: float(np.mean([each["noise"][kind] for each in outcomes.values()])) for kind in KINDS}
    contrast = {kind: float(np.mean([each["english_noise"][kind] for each in outcomes.values()])) for kind in KINDS}
    print(f"{'all':10} {len(outcomes):3} languages     " + " ".join(f"{mean[kind]:11.1%}" for kind in KINDS))
    print(f"{'English values':27} " + " ".join(f"{contrast[kind]:11.1%}" for kind in KINDS))
    relatives = {tag: each for tag, each in outcomes.items() if "nearest" in each}
    if relatives:
        print(
            "\nwrong language, the nearest relative: "
            + " ".join(f"{tag}<{each['nearest'][:3]} {each['nearest_found']:.0%}" for tag, each in relatives.items())
        )
    rates = {tag: each["rejected"] for tag, each in outcomes.items()}
    reasons: Counter[str] = Counter()
    for each in outcomes.values():
        reasons.update(each["reasons"])
    worst = max(rates, key=lambda each: rates[each])
    print(
        f"\nfalse rejection: mean {np.mean(list(rates.values())):.2%}, worst {worst} {rates[worst]:.1%}; "
        f"reasons {dict(reasons)}"
    )
    values = [each["english_rejected"] for each in outcomes.values()]
    print(f"with the English values: mean {np.mean(values):.2%}, worst {max(values):.1%}")
    peak = resource.getrusage(resource.RUSAGE_SELF)
    line = {
        "benchmark": "false_rejection",
        "ours": rates[worst],
        "peer": max(values),
        "unit": "share of clean documents rejected, worst language",
        "ratio": None if not rates[worst] else max(values) / rates[worst],
        "n": sum(each["documents"] for each in outcomes.values()),
        "languages": len(outcomes),
        "above_one_percent": sorted(tag for tag, rate in rates.items() if rate > 0.01),
        "mean": float(np.mean(list(rates.values()))),
        "english_mean": float(np.mean(values)),
        "noise_found": {kind: round(mean[kind], 4) for kind in KINDS},
        "noise_below_95_by_script": {
            script: {kind: round(each, 3) for kind, each in found.items() if each < 0.95}
            for script, found in recall.items()
            if min(found.values()) < 0.95
        },
        "cpu_seconds": round(peak.ru_utime + peak.ru_stime, 1),
    }
    print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    # a tag that is none stops here, before the long part
    for each in sys.argv[sys.argv.index("--languages") + 1].split(",") if "--languages" in sys.argv else []:
        Language(each)
    main()
