"""Clean text of a language by source, from the data folder: for programs that estimate on some text and measure on other.

SIB-200 is none of the sources, nor is Belebele, whose passages are the same sentences; a text that SIB-200 holds is left out of
every source. Unfiltered social text (AfriSenti, Wisesight) and lists of words are left out, too.
"""

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

# codes that a set writes in its own way
OTHERWISE = {
    "arb": ["ara"],
    "zho": ["cmn"],
    "khk": ["mon"],
    "quy": ["que"],
    "npi": ["nep"],
    "grn": ["gug", "gn"],
    "swh": ["swa"],
    "est": ["ekk"],
}
TABLES = ("bible_nt", "gnome_help", "libreoffice_help", "quran")
_TREEBANK = "# text = "
_NO_SPACE_BEFORE = re.compile(r" ([,.;:!?…።፣፤)\]}»”]+)(?= |$)")
_NO_SPACE_AFTER = re.compile(r"(^| )([(\[{«“]) ")

Row = Mapping[str, Any]


def lines(path: Path) -> Iterator[str]:
    """Lines of a file, packed or not."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        for line in stream:
            yield line.decode().rstrip("\n")


def column(path: Path, name: str | None) -> list[str]:
    """One column of a table; the first that is no English where no name is given."""
    rows = lines(path)
    heading = next(rows).split("\t")
    place = heading.index(name) if name else next(number for number, each in enumerate(heading) if each != "eng")
    return [row.split("\t")[place] for row in rows]


def _sentence(row: str) -> str:
    return row[len(_TREEBANK) :] if row.startswith(_TREEBANK) else ""


def _tokens(paths: Iterable[Path]) -> list[str]:
    """Sentences of files of a token a line, marks joined to their words."""
    found, held = [], []
    for path in paths:
        for row in [*lines(path), ""]:
            if row.strip():
                held.append(row.split()[0])
            elif held:
                found.append(_NO_SPACE_AFTER.sub(r"\1\2", _NO_SPACE_BEFORE.sub(r"\1", " ".join(held))))
                held = []
    return found


def _choices(row: Row) -> list[str]:
    return [row["premise"], row["choice1"], row["choice2"]]


# folder, files, and what a row of them holds
RECORDS: tuple[tuple[str, str, Callable[[Row], list[str]]], ...] = (
    ("masakhanews", "{name}.*.jsonl.gz", lambda row: [row["text"]]),
    ("amqa", "{name}.*.jsonl.gz", lambda row: [row["context"]]),
    ("xquad", "{name}.*.jsonl.gz", lambda row: [row["context"]]),
    ("americasnli", "{name}.*.jsonl.gz", lambda row: [row["premise"], row["hypothesis"]]),
    ("xnli", "{name}.*.jsonl.gz", lambda row: [row["premise"], row["hypothesis"]]),
    ("xcopa", "{name}.*.jsonl", _choices),
    ("xwinograd", "{name}.*.jsonl.gz", lambda row: [row["sentence"]]),
    ("semrel", "{name}.*.jsonl.gz", lambda row: [row["text1"].strip('"'), row["text2"].strip('"')]),
    ("exams", "{name}.*.jsonl.gz", lambda row: [row["question"]]),
    ("mgsm", "{name}.test.jsonl", lambda row: [row["question"]]),
    ("afriqa", "{name}.*.jsonl.gz", lambda row: [row["question_lang"]]),
)


def reference_text(data: Path, tag: str, declaration: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Clean text of a language by source, each text once; SIB-200 is none of them."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    # a code of macrolanguages may mean another script
    names = [tag, tag[:3], *OTHERWISE.get(tag[:3], [])]
    for name in names:
        found["udhr"] += declaration.get(name, []) if not found["udhr"] else []
        for source, place, heading in [
            ("tatoeba", f"tatoeba/{name}-eng.tsv.gz", None),
            *((each, f"{each}/{name}.tsv.gz", "text") for each in TABLES),
        ]:
            if (data / place).is_file():
                found[source] += column(data / place, heading)
        for path in sorted((data / "mafand").glob(f"*-{name}.*.tsv.gz")):
            found["mafand"] += column(path, name)
        for path in sorted((data / "flores_v1").glob(f"{name}-eng.*.tsv.gz")):
            # sentences of a crawl, cut at joiners: these are mended
            found["flores_v1"] += [each.replace("\u0dca \u200d", "\u0dca\u200d") for each in column(path, name)]
        for path in sorted((data / "stsb").glob(f"{name}.*.tsv.gz")):
            found["stsb"] += column(path, "text1") + column(path, "text2")
        for path in sorted((data / "nusax").glob(f"{name}.*.tsv")):
            found["nusax"] += column(path, "text")
        for source, pattern, texts in RECORDS:
            for path in sorted((data / source).glob(pattern.format(name=name))):
                found[source] += [each for row in lines(path) for each in texts(json.loads(row)) if each]
        for source, ending in (("ud", "_*"), ("ud_pud", ".*"), ("xsid", ".*")):
            for path in sorted((data / source).glob(f"{name}{ending}")):
                found[source] += filter(None, map(_sentence, lines(path)))
        # both were made of the same news; more of it stands in the second
        tokens = [sorted((data / source).glob(f"{name}.*.conll.gz")) for source in ("masakhapos", "masakhaner")]
        found["masakhaner"] += _tokens(tokens[1] or tokens[0])
        if name == "yor" and (path := data / "yoruba_news/yor.txt").is_file():
            found["yoruba_news"] += lines(path)
    for path in sorted((data / "multi30k").glob("*.jsonl.gz")) if tag[:3] in ("ces", "deu", "eng", "fra") else []:
        found["multi30k"] += [json.loads(row)[tag[:3]] for row in lines(path)]
    tested = set(sentences(data, tag))
    clean = {
        source: [each for each in dict.fromkeys(texts) if each.strip() and each not in tested]
        for source, texts in found.items()
    }
    return {source: texts for source, texts in sorted(clean.items()) if texts}


def declarations(data: Path) -> dict[str, list[str]]:
    """The Universal Declaration by ISO code; of several texts that of the language itself and not of a dialect."""
    codes: dict[str, str] = {}
    for line in (data / "udhr/languages.tsv").read_text(encoding="utf-8").split("\n")[1:]:
        if line:
            code, iso = line.split("\t")[:2]
            if code == iso or iso not in codes:
                codes[iso] = code
    wanted = {code: iso for iso, code in codes.items()}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for line in lines(data / "udhr/udhr.jsonl.gz"):
        row = json.loads(line)
        if row["code"] in wanted:
            found[wanted[row["code"]]].append(row["text"])
    return found


def sentences(data: Path, tag: str) -> list[str]:
    """The sentences of SIB-200, in their order; none for a language that it lacks."""
    path = data / f"sib200/{tag}.tsv.gz"
    return column(path, "text") if path.is_file() else []
