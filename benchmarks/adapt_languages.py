"""Teach e5-small a dozen languages with `panglot adapt`, each against a control, and print what came of it, nulls included.

    python benchmarks/adapt_languages.py [--only ckb,khm] [--out FOLDER] [--seeds N]

Eight languages come from the gettext catalogues of installed packages. Four come from the real data beside a checkout
(`../shared/data`), with a control language of the same source, so that the control shares their domain; they are left out, with
a line that says so, where the data is absent.
"""

import argparse
import csv
import gzip
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
CATALOGUE_LANGUAGES = ("ckb", "uig", "div", "tet", "gla", "tuk", "ibo", "mri")
MOST_PAIRS, MOST_CHARACTERS = 500, 240
Rows = dict[str, str]


@dataclass(frozen=True)
class Source:
    """Pairs of a language and of its control, from one set of the shared data."""

    name: str
    control: str

    def pairs(self, language: str) -> Iterator[tuple[str, str]]:
        if self.name == "mafand":
            for part in ("dev", "test"):
                for row in read(SHARED / "mafand" / f"eng-{language}.{part}.tsv.gz"):
                    yield row[language], row["eng"]
            return
        folder = SHARED / self.name
        english = {key(row): row["text"] for row in read(folder / "eng.tsv.gz")}
        for row in read(folder / f"{language}.tsv.gz"):
            if key(row) in english:
                yield row["text"], english[key(row)]


SHARED_LANGUAGES = {
    "amh": Source("mafand", "swh"),
    "yor": Source("mafand", "swh"),
    "khm": Source("libreoffice_help", "tur"),
    "tam": Source("bible_nt", "ukr"),
}


def key(row: Rows) -> tuple[str, ...]:
    return tuple(value for name, value in row.items() if name != "text")


def read(path: Path) -> Iterator[Rows]:
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as stream:
        yield from csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)


def chosen_pairs(source: Source, language: str) -> list[tuple[str, str]]:
    """Every n-th pair of usual length, so that they span the whole set."""
    usable = [each for each in source.pairs(language) if all(20 <= len(side) <= MOST_CHARACTERS for side in each)]
    stride = max(1, len(usable) // MOST_PAIRS)
    return usable[::stride][:MOST_PAIRS]


def write(source: Source, language: str, folder: Path) -> Path:
    """The chosen pairs as a file."""
    path = folder / f"{source.name}-{language}.tsv"
    lines = [f"{text}\t{english}" for text, english in chosen_pairs(source, language)]
    path.write_text("\n".join([f"{language}\teng", *lines]) + "\n", encoding="utf-8")
    return path


def command(language: str, out: Path, seeds: int) -> list[str] | None:
    common = [sys.executable, "-m", "panglot", "adapt", "--language", language, "--out", str(out / language), "--json"]
    common += ["--seeds", str(seeds)]
    if language in CATALOGUE_LANGUAGES:
        return common
    source = SHARED_LANGUAGES[language]
    if not SHARED.is_dir():
        return None
    mine, other = (write(source, each, out) for each in (language, source.control))
    return [*common, "--pairs", str(mine), "--control", source.control, "--other-pairs", f"{source.control}={other}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join((*CATALOGUE_LANGUAGES, *SHARED_LANGUAGES)))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seeds", type=int, default=1)
    said = parser.parse_args()
    out = said.out or Path(tempfile.mkdtemp(prefix="panglot-languages-"))
    out.mkdir(parents=True, exist_ok=True)
    heads = ["language", "train", "test", "before", "control", "after", "change (95 %)", "over control (95 %)", "p (Holm)"]
    print("| " + " | ".join([*heads, "worst retained"]) + " |")
    print("|---" * (len(heads) + 1) + "|", flush=True)
    figures: list[tuple[float, float]] = []
    for language in said.only.split(","):
        arguments = command(language, out, said.seeds)
        if arguments is None:
            print(f"| {language} | left out: the shared data is absent |", flush=True)
            continue
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"| {language} | failed: {done.stderr.strip().splitlines()[-1]} |", flush=True)
            continue
        trained = json.loads((out / language / "steps" / "tuned" / "manifest.json").read_text(encoding="utf-8"))
        figures.append(print_row(language, json.loads(done.stdout)["figures"], trained["figures"]["pairs"]))
    after, control = (sum(each) / max(1, len(figures)) for each in zip(*figures, strict=True))
    shown = {
        "benchmark": "adapt_languages",
        "ours": after,
        "peer": control,
        "unit": "mean retrieval accuracy, after and control",
    }
    print(json.dumps({**shown, "ratio": after / control, "n": len(figures)}))


def print_row(language: str, facts: dict[str, Any], pairs: int) -> tuple[float, float]:
    target = next(each for each in facts["languages"] if each["role"] == "target")
    retained = [each for each in facts["languages"] if each["role"] == "retained" and each["change"]]
    worst = min(retained, key=lambda each: float(each["change"]["value"]), default=None)
    over, change = target["over_control"], target["change"]
    cells = [
        language,
        str(pairs),
        str(target["n"]),
        *(f"{target[each]['value']:.3f}" for each in ("before", "control", "after")),
        *(f"{each['value']:+.3f} ({each['low']:+.3f} to {each['high']:+.3f})" for each in (change, over)),
        "< .001" if over["p_adjusted"] < 0.001 else f"{over['p_adjusted']:.3f}",
        f"{worst['tag']} {worst['change']['value']:+.3f}" if worst else "none",
    ]
    print("| " + " | ".join(cells) + " |", flush=True)
    return float(target["after"]["value"]), float(target["control"]["value"])


if __name__ == "__main__":
    main()
