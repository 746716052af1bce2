"""Test data in training text: planted leaks that are found, and clean text that is not.

Planted: items of evaluation sets, as they are, written otherwise (case, punctuation, spaces, composition), and cut to half,
each inside a document of another set in the same language. Clean: every document of sets that have nothing to do with them.

    python benchmarks/decontaminate.py DATA

DATA is a folder with `sib200`, `udhr`, `libreoffice_help`, `gnome_help`, `bible_nt` and `quran` as TSV or JSON Lines.
Nothing else that is easily installed does this for many scripts, so there is no peer. Ends with one JSON line.
"""

import importlib
import json
import random
import sys
import time
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

from panglot.artifacts import Step
from panglot.corpus.decontamination.index import Finder, Index
from panglot.corpus.decontamination.items import Item, items_of_file
from panglot.corpus.decontamination.units import Units, kind_of
from panglot.corpus.read_text import plan
from panglot.corpus.reading.bounded import Account, Source
from panglot.corpus.reading.texts import TEXT_READERS, Wanted
from panglot.languages import Language

CLEAN = ("udhr", "libreoffice_help", "gnome_help", "bible_nt", "quran")
EACH = 60
KINDS = ("as it is", "written otherwise", "half of it", "short, alone")


def otherwise(text: str, chance: random.Random) -> str:
    """Other case, punctuation and spaces, and decomposed."""
    out = []
    for each in text:
        if unicodedata.category(each).startswith("P") and each not in "'’-":
            out.append(chance.choice(["", " ", " – "]) if each != " " else each)
        elif each == " " and chance.random() < 0.2:
            out.append(chance.choice(["\n", "  ", "\u00a0"]))
        else:
            out.append(each)
    joined = "".join(out)
    cased = joined.upper() if len(joined.upper()) == len(joined) and joined.upper().casefold() == joined.casefold() else joined
    return unicodedata.normalize("NFD", cased)


def half(text: str, chance: random.Random) -> str:
    """A random half, from the beginning of a unit to the end of another."""
    units = Units.of([text])
    whole = unicodedata.normalize("NFC", text)
    count = len(units)
    first = chance.randrange(count - count // 2)
    last = first + (count + 1) // 2 - 1
    return whole[int(units.starts[first]) : int(units.ends[last])]


def main(data: Path) -> None:
    step = Step(Path("/tmp"))
    chance = random.Random(17)
    began = time.process_time()
    items = [each for each in items_of_file(str(data / "sib200"), ["text"], step) if each.text.strip()]
    index = Index.of(items, words=13, shortest=8)
    finder = Finder(index)
    print(f"{len(items):,} items of {len({each.where.partition(':')[0] for each in items})} languages, "
          f"{time.process_time() - began:.1f} s of CPU to index; too short: {sum(index.passed_over.values()):,}")  # fmt: skip

    hosts: dict[str, list[str]] = defaultdict(list)
    clean: list[tuple[str, str, str]] = []
    for name in CLEAN:
        for reading in plan(str(data / name)):
            if reading.path.name == "languages.tsv":
                continue
            source = Source(reading.path)
            wanted = Wanted("text" if source.suffix == "jsonl" else None)
            module, _, reader = TEXT_READERS[source.suffix].partition(":")
            for document in getattr(importlib.import_module(module), reader)(source, wanted, Account(step)):
                said = reading.language or document.language
                try:
                    tag = Language.parse(said).tag if said else "und"
                except Exception:
                    tag = "und"
                clean.append((name, tag, document.text))
                hosts[tag].append(document.text)
    sizes = sum(len(text.encode()) for _, _, text in clean)
    began = time.process_time()
    wrong: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for at in range(0, len(clean), 2000):
        part = clean[at : at + 2000]
        found = finder.find(Units.of([text for _, _, text in part]))
        seen.update(tag[4:] or tag for _, tag, _ in part)
        for number in set(found.text.tolist()):
            wrong[part[number][1][4:]] += 1
            print("  false:", part[number][0], part[number][1], part[number][2][:120])
    seconds = time.process_time() - began
    told = f"{len(clean):,} clean documents, {sizes / 1e6:.1f} MB, in {len(seen)} scripts"
    print(f"{told}: {wrong.total()} taken for test data; {sizes / 1e6 / seconds:.1f} MB/s of CPU")

    by_tag: dict[str, list[Item]] = defaultdict(list)
    for each in items:
        name = each.where.partition(".")[0]
        by_tag[Language.parse(name).tag].append(each)
    planted: Counter[tuple[str, str]] = Counter()
    got: Counter[tuple[str, str]] = Counter()
    for tag, own in sorted(by_tag.items()):
        around = hosts.get(tag) or hosts["eng_Latn"]
        for each in chance.sample(own, min(EACH, len(own))):
            units = Units.of([each.text])
            if not len(units):
                continue
            kind = kind_of(units.kinds)
            size = len(units)
            variants = {}
            if size >= index.lengths[kind]:
                variants["as it is"] = each.text
                variants["written otherwise"] = otherwise(each.text, chance)
                if size >= 2 * index.lengths[kind]:
                    variants["half of it"] = half(each.text, chance)
            elif size >= index.shortest[kind]:
                variants["short, alone"] = f"\n{otherwise(each.text, chance).replace(chr(10), ' ')}\n"
            for name, text in variants.items():
                before, after = chance.choice(around), chance.choice(around)
                leaks = finder.find(Units.of([f"{before} {text} {after}"]))
                planted[name, tag[4:]] += 1
                got[name, tag[4:]] += bool(len(leaks.text))
    for name in KINDS:
        scripts = sorted({script for kind, script in planted if kind == name})
        line = ", ".join(f"{script} {got[name, script]}/{planted[name, script]}" for script in scripts)
        whole = sum(got[name, script] for script in scripts), sum(planted[name, script] for script in scripts)
        print(f"{name}: {whole[0]}/{whole[1]} found ({line})")
    recall = {
        name: round(
            sum(value for (kind, _), value in got.items() if kind == name)
            / max(1, sum(value for (kind, _), value in planted.items() if kind == name)),
            4,
        )
        for name in KINDS
    }
    result: dict[str, object] = {
        "benchmark": "decontaminate",
        "ours": recall,
        "peer": None,
        "unit": "share of planted leaks found",
        "ratio": None,
        "n": planted.total(),
        "false_positives": sum(wrong.values()),
        "clean_documents": len(clean),
        "megabytes_per_cpu_second": round(sizes / 1e6 / seconds, 2),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
