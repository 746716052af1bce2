"""Compile the packaged language tables from their sources.

    python tools/build_language_tables.py SOURCE_FOLDER

SOURCE_FOLDER holds `linguameta/linguameta.tsv.gz`, `languages/glottolog.tsv.gz`, `languages/glotscript.tsv.gz`,
`languages/joshi_classes.tsv.gz` and `udhr/languages.tsv`. CLDR and the IANA subtag registry come from the installed
packages langcodes and language_data. Equal sources give equal bytes.
"""

import csv
import gzip
import io
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import langcodes
from langcodes.data_dicts import LANGUAGE_ALPHA3, LANGUAGE_ALPHA3_BIBLIOGRAPHIC, LIKELY_SUBTAGS, TERRITORY_REPLACEMENTS
from langcodes.registry_parser import parse_registry
from language_data.name_data import CODE_TO_NAMES

from panglot.languages.choices import DEFAULT_SCRIPT, EXTRA_NAMES, MACROLANGUAGE_CHOICE, MACROLANGUAGE_TWIN

TABLES = Path(__file__).resolve().parents[1] / "src" / "panglot" / "languages" / "tables"

# Scripts that ISO 15924 has and that are younger than the registry which langcodes carries.
YOUNGER_SCRIPTS = {
    "Aran": "Arabic (Nastaliq variant)",
    "Berf": "Beria Erfe",
    "Chis": "Chisoi",
    "Gara": "Garay",
    "Gukh": "Gurung Khema",
    "Hntl": "Han (Traditional variant) with Latin alphabet",
    "Kawi": "Kawi",
    "Krai": "Kirat Rai",
    "Mroo": "Mro",
    "Nagm": "Nag Mundari",
    "Onao": "Ol Onal",
    "Psin": "Proto-Sinaitic",
    "Ranj": "Ranjana",
    "Seal": "Small Seal",
    "Sidt": "Sidetic",
    "Sunu": "Sunuwar",
    "Tayo": "Tai Yo",
    "Tnsa": "Tangsa",
    "Todr": "Todhri",
    "Tols": "Tolong Siki",
    "Tutg": "Tulu-Tigalari",
    "Vith": "Vithkuqi",
}
NOT_SCRIPTS = {"Zzzz", "Zxxx", "Zyyy", "Zinh"}
# GlotScript writes some scripts by name.
SCRIPT_NAMES = {"Garay": "Gara", "Khema": "Gukh", "Kirat Rai": "Krai", "Tolong Siki": "Tols", "Chisoi": "Chis"}
# Families of Glottolog that are no families: a shared place there is no kinship.
NO_FAMILY = {"Bookkeeping", "Unattested", "Unclassifiable"}
# Endonyms and figures of LinguaMeta that belong to another language (als is Wikipedia's old code of Alemannic).
RIGHT_ENDONYM = {"als": "", "lvs": "", "tgl": "Tagalog"}
WRONG_SPEAKERS = {"lvs"}


def read(path: Path) -> list[dict[str, str]]:
    """Rows of a TSV file, gzip or plain, without quoting."""
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="\n"), delimiter="\t", quoting=csv.QUOTE_NONE))


def write(name: str, rows: Iterable[Iterable[object]]) -> None:
    """Write rows as gzip TSV without a time in it."""
    lines = []
    for row in rows:
        cells = ["" if cell is None else str(cell) for cell in row]
        if any("\t" in cell or "\n" in cell for cell in cells):
            raise ValueError(f"a cell with a tab or a line break: {cells}")
        lines.append("\t".join(cells) + "\n")
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, compresslevel=9, mtime=0) as stream:
        stream.write("".join(lines).encode())
    (TABLES / f"{name}.tsv.gz").write_bytes(packed.getvalue())


def listed(cell: str, separator: str = ",") -> list[str]:
    return [each.strip() for each in cell.split(separator) if each.strip()]


def letters(name: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFD", name.lower()) if each.isascii() and each.isalpha())


class Builder:
    """Joins the sources by ISO 639-3 code."""

    def __init__(self, source: Path) -> None:
        self.meta = {row["iso_639_3_code"]: row for row in read(source / "linguameta" / "linguameta.tsv.gz")}
        glottolog = read(source / "languages" / "glottolog.tsv.gz")
        self.glottolog = {row["iso639_3"]: row for row in glottolog if row["iso639_3"]}
        self.glotscript = {row["iso639_3"]: row for row in read(source / "languages" / "glotscript.tsv.gz")}
        self.classes = {row["iso639_3"]: row["class"] for row in read(source / "languages" / "joshi_classes.tsv.gz")}
        self.udhr = read(source / "udhr" / "languages.tsv")
        self.registry = list(parse_registry())  # type: ignore[no-untyped-call]
        self.two_letter = {three: two for two, three in LANGUAGE_ALPHA3.items() if len(two) == 2}
        for code, row in self.meta.items():
            if len(row["bcp_47_code"]) == 2:
                self.two_letter[code] = row["bcp_47_code"]
        self.three_letter = {two: three for three, two in self.two_letter.items()}
        self.scripts = {each["Subtag"]: each["Description"][0] for each in self.registry if each["Type"] == "script"}
        self.scripts = {code: name for code, name in self.scripts.items() if not code.startswith("Qa")} | YOUNGER_SCRIPTS
        self.entries = {self.three(each["Subtag"]): each for each in self.registry if each["Type"] == "language"}
        self.codes = self.known_codes()
        self.macro = self.macrolanguages()
        self.members: dict[str, list[str]] = defaultdict(list)
        for member, macro in sorted(self.macro.items()):
            self.members[macro].append(member)

    def three(self, code: str) -> str:
        return self.three_letter.get(code, code)

    def known_codes(self) -> list[str]:
        """Codes of languages: of LinguaMeta, of Glottolog, and of the registry where neither retired nor a collection.

        Glottolog keeps former codes under Bookkeeping; older data sets use them, so they stay, marked.
        """
        codes = set(self.meta) | set(self.glottolog)
        for code, entry in self.entries.items():
            if "Deprecated" not in entry and entry.get("Scope") not in ("collection", "special", "private-use"):
                codes.add(code)
        for code, entry in self.entries.items():
            if entry.get("Scope") == "collection" or ("Preferred-Value" in entry and code not in self.meta):
                codes.discard(code)
        return sorted(code for code in codes if len(code) == 3 and code.isascii() and code.isalpha() and code.islower())

    def macrolanguages(self) -> dict[str, str]:
        found = {}
        for code in self.codes:
            entry, row = self.entries.get(code, {}), self.meta.get(code, {})
            macro = self.three(entry.get("Macrolanguage") or row.get("macrolanguage_bcp_47_code") or "")
            if macro in self.codes and macro != code:
                found[code] = macro
        return found

    def is_macro(self, code: str) -> bool:
        return (
            self.entries.get(code, {}).get("Scope") == "macrolanguage"
            or self.meta.get(code, {}).get("is_macrolanguage") == "True"
        )

    def is_retired(self, code: str) -> bool:
        """Whether only Glottolog has the code, among those that it set aside, and the registry does not count it as live."""
        live = code in self.entries and "Deprecated" not in self.entries[code]
        return code not in self.meta and not live and self.glottolog.get(code, {}).get("family") == "Bookkeeping"

    def counterpart(self, code: str) -> str | None:
        """The other side of a macrolanguage and the member that stands for it."""
        for macro, member in (MACROLANGUAGE_CHOICE | MACROLANGUAGE_TWIN).items():
            if macro == code:
                return member
            if member == code:
                return macro
        return None

    def written(self, code: str) -> list[str]:
        """Scripts, most common first: FLORES-200, CLDR, then what both script sources know, GlotScript first."""
        meta = listed(self.meta.get(code, {}).get("writing_systems", ""))
        glot = listed(self.glotscript.get(code, {}).get("scripts", ""))
        both = [each for each in glot if each in meta]
        known = [SCRIPT_NAMES.get(each, each) for each in both + glot + meta]
        first: list[str] = []
        other = self.counterpart(code)
        for each in (code, other, self.macro.get(code)):
            if each is None:
                continue
            likely = LIKELY_SUBTAGS.get(self.two_letter.get(each, each), "").split("-")
            suppressed = self.entries.get(each, {}).get("Suppress-Script")
            for script in (*DEFAULT_SCRIPT.get(each, "").split(), likely[1] if len(likely) > 2 else None, suppressed):
                if script and (each in (code, other) or script in known):
                    first.append(script)
        order = [each for each in dict.fromkeys(first + known) if each in self.scripts and each not in NOT_SCRIPTS]
        if "Hans" in order or "Hant" in order:
            order = [each for each in order if each not in ("Hani", "Hanb")]
        if "Hang" in order:
            order = [each for each in order if each != "Kore"]
        if "Jpan" in order:
            order = [each for each in order if each not in ("Hani", "Hira", "Kana", "Hrkt")]
        return sorted(order, key=lambda script: script == "Brai")

    def name(self, code: str) -> str:
        if code in self.two_letter and "en" in CODE_TO_NAMES.get(self.two_letter[code], {}):
            return str(CODE_TO_NAMES[self.two_letter[code]]["en"])
        for given in (self.meta.get(code, {}).get("english_name"), self.glottolog.get(code, {}).get("name")):
            if given:
                return given
        return str(self.entries[code]["Description"][0])

    def autonyms(self, code: str) -> dict[str, str]:
        """The language's own name by script; the empty script is the default one."""
        found: dict[str, str] = {}
        scripts = self.written(code)
        short = self.two_letter.get(code, code)
        said = CODE_TO_NAMES.get(short, {})
        for script in scripts:
            given = said.get(f"{short}-{script}")
            if given:
                found[script] = given
        if short in said:
            found[""] = said[short]
        endonym = RIGHT_ENDONYM.get(code, self.meta.get(code, {}).get("endonym", "")).strip()
        if "" not in found and endonym:
            found[""] = endonym
        other = self.counterpart(code)
        if (
            not found
            and other
            and CODE_TO_NAMES.get(self.two_letter.get(other, other), {}).get(self.two_letter.get(other, other))
        ):
            return self.autonyms(other)
        if not found and other and self.meta.get(other, {}).get("endonym"):
            found[""] = self.meta[other]["endonym"].strip()
        return {script: name for script, name in found.items() if script == "" or name != found.get("")}

    def path(self, code: str) -> list[str]:
        """Glottocodes from the family down; of a macrolanguage, what its members share; of a dialect, its macrolanguage."""
        row = self.glottolog.get(code)
        if row:
            if row["family"] in NO_FAMILY:
                return []
            if row["lineage_glottocodes"]:
                return row["lineage_glottocodes"].split("/")
            return [row["family_glottocode"]] if row["family"] else []
        members = [path for path in (self.path(each) for each in self.members.get(code, []) if each in self.glottolog) if path]
        if members:
            shared = []
            for steps in zip(*members, strict=False):
                if len(set(steps)) > 1:
                    break
                shared.append(steps[0])
            return shared
        macro = self.macro.get(code)
        if macro and macro in self.glottolog:
            return [*self.path(macro), self.glottolog[macro]["glottocode"]]
        return []

    def node_names(self) -> dict[str, str]:
        """Glottocode to name. Some lineages lack the names of a few steps: those are aligned by the code's first letters."""
        names = {row["glottocode"]: row["name"] for row in self.glottolog.values()}
        uneven = []
        for row in self.glottolog.values():
            nodes, steps = listed(row["lineage_glottocodes"], "/"), listed(row["lineage"], " > ")
            if row["family"]:
                names[row["family_glottocode"]] = row["family"]
            if len(nodes) == len(steps):
                names.update(zip(nodes, steps, strict=True))
            else:
                uneven.append((nodes, steps))
        for nodes, steps in uneven:
            for node in nodes:
                if node not in names:
                    near = [step for step in steps if letters(step)[:4] == node[:4] and step not in names.values()]
                    if near:
                        names[node] = near[0]
        return names

    def place(self, code: str) -> dict[str, str]:
        """The Glottolog row that says where a language is spoken: its own, else its counterpart's or macrolanguage's."""
        for each in (code, self.counterpart(code), self.macro.get(code), *self.members.get(code, [])):
            if each and each in self.glottolog:
                return self.glottolog[each]
        return {}

    def speakers(self, code: str) -> str:
        for each in (code, self.counterpart(code)):
            given = self.meta.get(each or "", {}).get("estimated_number_of_speakers", "")
            if given and each not in WRONG_SPEAKERS:
                return given
        return ""

    def resource_class(self, code: str) -> str:
        found = [self.classes[each] for each in (code, self.counterpart(code)) if each in self.classes]
        if not found and self.macro.get(code) == "msa" and code == "zsm":
            found = [self.classes["zlm"]]
        return max(found) if found else ""

    def languages(self) -> Iterator[list[object]]:
        for code in self.codes:
            place, meta = self.place(code), self.meta.get(code, {})
            path = self.path(code)
            countries = sorted(
                {*listed(meta.get("locales", "")), *listed(self.glottolog.get(code, {}).get("countries", ""), ";")}
            )
            if not countries:
                countries = sorted(listed(place.get("countries", ""), ";"))
            yield [
                code,
                self.two_letter.get(code),
                self.name(code),
                self.autonyms(code).get(""),
                " ".join(self.written(code)),
                "M" if self.is_macro(code) else "R" if self.is_retired(code) else "",
                self.macro.get(code),
                self.speakers(code),
                meta.get("endangerment_status"),
                self.resource_class(code),
                path[-1] if path else "",
                place.get("macroarea"),
                f"{float(place['latitude']):.2f}" if place.get("latitude") else "",
                f"{float(place['longitude']):.2f}" if place.get("longitude") else "",
                " ".join(each for each in countries if len(each) == 2),
                meta.get("glottocode") or self.glottolog.get(code, {}).get("glottocode"),
            ]

    def lineages(self) -> Iterator[list[object]]:
        names = self.node_names()
        parents: dict[str, str] = {}
        for code in self.codes:
            path = self.path(code)
            for parent, node in zip(["", *path], path, strict=False):
                if parents.setdefault(node, parent) != parent:
                    raise ValueError(f"{node} has two parents")
        for node in sorted(parents):
            yield [node, parents[node], names.get(node)]

    def names(self) -> Iterator[tuple[str, str, int]]:
        """Further names, with a rank: 0 first names, 1 own names, 2 registry, 3 Glottolog."""
        given: set[tuple[str, str, int]] = set()
        for code in self.codes:
            meta = self.meta.get(code, {})
            short = self.two_letter.get(code, code)
            found = [(0, meta.get("english_name", "")), (0, CODE_TO_NAMES.get(short, {}).get("en", ""))]
            found += [(1, name) for name in self.autonyms(code).values()]
            found.append((1, RIGHT_ENDONYM.get(code, meta.get("endonym", ""))))
            found += [(2, name) for name in self.entries.get(code, {}).get("Description", [])]
            found.append((3, self.glottolog.get(code, {}).get("name", "")))
            best: dict[str, int] = {}
            for rank, name in found:
                name = " ".join(name.split())
                if name:
                    best[name] = min(rank, best.get(name, rank))
            given |= {(code, name, rank) for name, rank in best.items()}
        given |= {(code, name, 0) for name, code in EXTRA_NAMES.items()}
        primary = {code: self.name(code) for code in self.codes}
        yield from sorted(each for each in given if each[2] or each[1] != primary[each[0]])

    def aliases(self) -> Iterator[list[object]]:
        """Codes that are not ISO 639-3: code, kind, target codes, a name."""
        known, rows = set(self.codes), {}
        for code, two in self.two_letter.items():
            if code in known:
                rows[two] = ("two-letter", code, "")
        for two, code in LANGUAGE_ALPHA3_BIBLIOGRAPHIC.items():
            three = self.three(two)
            if code != three and code not in known and three in known:
                rows[code] = ("bibliographic", three, "")
        for code, row in self.meta.items():
            for old in (row["iso_639_2b_code"], *listed(row["deprecated_bcp_47_code"])):
                if old and old not in known and old not in rows:
                    kind = "bibliographic" if old == row["iso_639_2b_code"] else "retired"
                    rows[old] = (kind, code, "")
        for entry in self.entries.values():
            short = entry["Subtag"]
            name = entry["Description"][0]
            if entry.get("Scope") == "collection":
                rows[short] = ("collection", "", name)
            elif entry.get("Scope") == "special":
                rows[short] = ("special", "", name)
            elif "Deprecated" in entry and short not in known and short not in rows:
                preferred = self.three(entry.get("Preferred-Value", ""))
                targets = [each.strip(" .") for each in entry.get("Comments", "").removeprefix("see ").split(",")]
                targets = [self.three(each) for each in targets if self.three(each) in known]
                if preferred in known:
                    rows[short] = ("retired", preferred, name)
                else:
                    rows[short] = ("split" if targets else "withdrawn", " ".join(targets), name)
        rows["scc"], rows["scr"] = ("retired", "srp", "Serbian"), ("retired", "hrv", "Croatian")
        rows["mol"] = ("retired", "ron", "Moldovan")
        for entry in self.registry:
            if entry["Type"] in ("grandfathered", "redundant") and "Preferred-Value" in entry:
                target = self.three(entry["Preferred-Value"])
                if target in known:
                    rows[entry["Tag"].lower()] = ("registered", target, "")
        for code in sorted(rows):
            yield [code, *rows[code]]

    def udhr_codes(self) -> Iterator[list[object]]:
        """Codes of the Universal Declaration texts that are not the ISO code: code and BCP 47 tag."""
        for row in sorted(self.udhr, key=lambda row: row["code"]):
            if row["code"] != row["iso"] and row["code"].lower() not in self.codes:
                yield [row["code"].lower(), row["bcp47"] if "-" in row["bcp47"] else row["iso"], row["name"]]

    def regions(self) -> Iterator[list[object]]:
        """Regions with their names, then what CLDR says of a language in a region, where it differs."""
        for entry in self.registry:
            code = entry["Subtag"] if entry["Type"] == "region" else ""
            if code and ".." not in code and "Deprecated" not in entry and code not in ("ZZ", "AA"):
                yield [code, langcodes.Language.make(territory=code).territory_name()]
        for short, full in sorted(LIKELY_SUBTAGS.items()):
            parts = short.split("-")
            if len(parts) == 2 and len(parts[1]) in (2, 3) and parts[0] != "und":
                yield [f"{self.three(parts[0])}-{parts[1]}", full.split("-")[1]]
        for old, new in sorted(TERRITORY_REPLACEMENTS.items()):
            if len(old) == 2 and old.isalpha() and len(str(new)) == 2:
                yield [f"={old.upper()}", new]

    def variants(self) -> Iterator[list[object]]:
        for entry in self.registry:
            if entry["Type"] == "variant":
                yield [entry["Subtag"], entry["Description"][0]]

    def own_names_by_script(self) -> Iterator[list[object]]:
        for code in self.codes:
            for script, name in sorted(self.autonyms(code).items()):
                if script:
                    yield [code, script, name]


def main(source: Path) -> None:
    builder = Builder(source)
    TABLES.mkdir(parents=True, exist_ok=True)
    write("languages", builder.languages())
    write("lineages", builder.lineages())
    write("names", builder.names())
    write("codes", builder.aliases())
    write("udhr", builder.udhr_codes())
    write("regions", builder.regions())
    write("variants", builder.variants())
    write("own_names", builder.own_names_by_script())
    write("scripts", sorted(builder.scripts.items()))
    total = 0
    for each in sorted(TABLES.glob("*.gz")):
        total += each.stat().st_size
        print(f"{each.name}: {each.stat().st_size:,} bytes, {gzip.decompress(each.read_bytes()).count(10):,} rows")
    print(f"total: {total:,} bytes, {len(builder.codes):,} languages")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
