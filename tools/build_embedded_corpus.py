"""Fetch the text of the embedded models and build their corpus.

    python tools/build_embedded_corpus.py CACHE OUT --against FOLDER…

Lines of all sources go through the corpus components by one recipe, `OUT/recipe.yaml`: regular text, no exact and no near copy
of a line, lines joined to documents, a language for each document among those learnt and those left out, nothing of the
evaluation sets under `--against`, and a held-out part of each language. `OUT/train` and `OUT/test` are what comes out.
"""

import argparse
import json
import shutil
from collections import Counter
from pathlib import Path

import yaml
from embedded_sources import LANGUAGES, LEFT_OUT, SOURCES, lines
from identifier_sources import fetch

from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.recipes.recipe import load
from panglot.recipes.runner import run

LEARNT = sorted(LANGUAGES)


def recipe(of: Path, against: list[str]) -> dict[str, object]:
    """The recipe of the corpus."""
    return {
        "name": "embedded-corpus",
        "title": "Text of the embedded models",
        "seed": 5,
        "steps": {
            "lines": {"use": "corpus.existing", "folder": str(of)},
            "regular": {"use": "corpus.clean_text", "of": "$lines"},
            "copies": {"use": "corpus.exact_duplicates", "of": "$regular"},
            "unique": {"use": "corpus.deduplicate", "of": "$regular", "clusters": "$copies"},
            # lines are short: three words in a window and a lower bound than for pages
            "likenesses": {"use": "corpus.near_duplicates", "of": "$unique", "words": 3, "threshold": 0.7},
            "different": {"use": "corpus.deduplicate", "of": "$unique", "clusters": "$likenesses"},
            "joined": {"use": "corpus.join_texts", "of": "$different", "characters": 1000, "separate": True},
            "labels": {"use": "corpus.identify", "of": "$joined", "languages": [*LEARNT, *LEFT_OUT]},
            "assigned": {"use": "corpus.assign", "of": "$joined", "labels": "$labels", "thresholds": 0.3, "keep_said": True},
            "clean": {"use": "corpus.decontaminate", "of": "$assigned", "files": against},
            "split": {"use": "corpus.split_text", "of": "$clean", "test": 0.04},
        },
    }


def write_lines(cache: Path, out: Path) -> None:
    """All lines of all sources as one table of documents."""
    shutil.rmtree(out, ignore_errors=True)
    with DocumentWriter(out / DOCUMENTS_FILE) as writer:
        for line in lines(cache):
            writer.document(line.text, line.language, source=line.source)
    print(f"{writer.count:,} lines", flush=True)


def table(of: Documents) -> dict[str, dict[str, int]]:
    """Bytes by language and source."""
    found: dict[str, Counter[str]] = {}
    for row in of.rows():
        found.setdefault(row["language"], Counter())[row["source"]] += len(row["text"].encode())
    return {tag: dict(counts.most_common()) for tag, counts in sorted(found.items())}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("cache", type=Path, help="where packages are kept")
    parser.add_argument("out", type=Path)
    parser.add_argument("--against", nargs="*", default=[], help="evaluation sets whose texts must not be learnt")
    parser.add_argument("--offline", action="store_true", help="the packages are there already")
    given = parser.parse_args()
    if not given.offline:
        fetch(given.cache, SOURCES)
    place = given.out / "lines"
    if not (place / DOCUMENTS_FILE).is_file():
        write_lines(given.cache, place)
    given.out.mkdir(parents=True, exist_ok=True)
    path = given.out / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe(place.resolve(), given.against), sort_keys=False, width=110), encoding="utf-8")
    run(load(str(path)), given.out / "run")
    split = given.out / "run/steps/split"
    for name in ("train", "test"):
        shutil.rmtree(given.out / name, ignore_errors=True)
        shutil.copytree(split / name, given.out / name)
        found = table(Documents.open(given.out / name))
        (given.out / f"{name}.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
        for tag, counts in found.items():
            print(
                f"{name} {tag} {sum(counts.values()):>10,}  " + ", ".join(f"{each} {size:,}" for each, size in counts.items())
            )


if __name__ == "__main__":
    main()
