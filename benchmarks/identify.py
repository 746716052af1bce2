"""Language identification: macro F1, calibration, unknown languages, documents a second and memory, against other back-ends.

    python benchmarks/identify.py [--data ../shared/data] [--model FOLDER] [--peers py3langid,pycld2,...] [--sets sib200,...]
                                  [--half untouched|tuning|all]

Text of other kinds than the model was trained on (Universal Declaration, interface messages, lists of names): SIB-200 (news and
travel), Tatoeba (spoken sentences), New Testament, help pages of GNOME and LibreOffice, news of MasakhaNEWS and MAFAND, and the
gettext catalogues of the packages installed here. Those catalogues are interface messages, too, of other software. Texts are
halved by a hash: the tuning half was looked at while the model was made, the untouched half is what is reported.

Codes of macrolanguages in the sets are read as the member that stands for them; `hye` in the New Testament, which is Western
Armenian, `que` and `ber` count any member as right. Macro F1 is over the languages of a set; a text of another set's language
that is called this one counts against it. In the comparison, F1 is over the languages that ours and the peer know: ours
choosing among all of its languages, ours limited to those that the peer knows too, and the peer. Peers that are not installed
get environments of their own under --cache.
"""

import argparse
import collections
import gzip
import hashlib
import importlib.util
import json
import os
import random
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PEERS = {
    "py3langid": ["py3langid==0.4.0"],
    "pycld2": ["pycld2==0.42"],
    "lingua": ["lingua-language-detector"],
    "eldc": ["eldc"],
    "heliport": ["heliport"],
}
MODULES = {"lingua": "lingua"}
SLOW = {"lingua": 12}
"""Peers that are asked about one text in so many: the run is to be a matter of minutes."""
MERGED = {"bos_Latn", "hrv_Latn", "srp_Latn", "hbs_Latn"}
HELD_OUT = 24
Set = dict[str, list[str]]
AS = {
    "ara": "arb_Arab", "aze": "azj_Latn", "cmn": "zho_Hans", "mon": "khk_Cyrl", "orm": "gaz_Latn",
    "que": "quy_Latn", "sqi": "als_Latn",
    "ber": "kab_Latn", "lav": "lvs_Latn", "hye": "hye_Armn",
}  # fmt: skip
# Either is right where the set or a back-end does not tell them apart by its codes.
SAME = [
    {"hye_Armn", "hyw_Armn"}, {"cmn_Hans", "zho_Hans"}, {"cmn_Hant", "zho_Hant"}, {"ekk_Latn", "est_Latn"},
    {"fil_Latn", "tgl_Latn"},
    {"gug_Latn", "grn_Latn"}, {"kab_Latn", "tzm_Latn", "rif_Latn", "shi_Latn", "shy_Latn"}, {"msa_Latn", "zsm_Latn"},
    {"hbs_Latn", "srp_Latn"},
]  # fmt: skip
MEMBERS = {"bible_nt": {"quy_Latn": re.compile(r"q[uvwx]\w_Latn"), "hye_Armn": re.compile("hyw_Armn")}}
_WORKER = """
import json, sys, time
name = sys.argv[1]
texts = json.load(open(sys.argv[2]))
def none(): return lambda text: ("und", 0.0)
if name == "py3langid":
    from py3langid.langid import LanguageIdentifier, MODEL_FILE
    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    labels = list(model.nb_classes); ask = lambda text: model.classify(text)
elif name == "pycld2":
    import pycld2
    labels = [code for _, code in pycld2.LANGUAGES]
    def ask(text):
        try: found = pycld2.detect(text, bestEffort=True)[2][0]
        except pycld2.error: return ("und", 0.0)
        return (found[1], found[2] / 100)
elif name == "lingua":
    from lingua import LanguageDetectorBuilder, Language
    model = LanguageDetectorBuilder.from_all_languages().build()
    labels = [each.iso_code_639_3.name.lower() for each in Language.all()]
    def ask(text):
        found = model.compute_language_confidence_values(text)[0]
        return (found.language.iso_code_639_3.name.lower(), found.value)
elif name == "eldc":
    import eldc
    eldc.init(); labels = None
    def ask(text):
        found = eldc.detect_details(text)
        return (found.language or "und", max(found.scores.values(), default=0.0))
elif name == "heliport":
    import heliport
    labels = None
    model = heliport.Identifier()
    def ask(text):
        label = model.identify(text)
        return (label or "und", 0.0)
ask("start up")
began = time.process_time(); found = []
for text in texts:
    try: label, sure = ask(text.replace(chr(0), " "))
    except Exception: label, sure = "und", 0.0
    found.append([label, float(sure)])
seconds = time.process_time() - began
# ru_maxrss would count the process that this one was forked from
memory = next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
json.dump({"labels": labels, "found": found, "seconds": seconds, "memory": memory}, open(sys.argv[3], "w"))
"""


def column(path: Path, which: int) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [line.rstrip("\n").split("\t")[which] for line in stream][1:]


def tag_of(code: str, texts: Sequence[str]) -> str:
    from panglot.languages import Language
    from panglot.languages.scripts import script_of

    if "_" in code:
        return code
    said = AS.get(code) or Language.parse(code).tag
    if code in ("cmn", "srp", "uzb"):
        script = script_of(" ".join(texts))
        return f"{said[:3]}_{script}" if script not in ("Hani", None) else said
    return said


def half_of(text: str) -> str:
    return "untouched" if int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) & 1 else "tuning"


def read_sets(data: Path, limit: int, half: str) -> dict[str, Set]:
    """Sets of texts by tag; short pieces of a paragraph are left out of help pages."""
    found: dict[str, Set] = collections.defaultdict(lambda: collections.defaultdict(list))
    for path in sorted((data / "sib200").glob("*.gz")):
        found["sib200"][path.name.split(".")[0]] = column(path, 3)
    for path in sorted((data / "tatoeba").glob("*.gz")):
        code = path.name[:3]
        for text in column(path, 0):
            found["tatoeba"][tag_of(code, [text])].append(text)
    for name, where in (("bible_nt", 1), ("gnome_help", 2), ("libreoffice_help", 2)):
        for path in sorted((data / name).glob("*.gz")):
            texts = [each for each in column(path, where) if len(each) >= 20]
            found[name][tag_of(path.name.split(".")[0], texts[:50])] += texts
    for path in sorted((data / "masakhanews").glob("*.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            texts = [json.loads(line)["text"][:300] for line in stream]
        found["masakhanews"][tag_of(path.name[:3], texts[:20])] += texts
    for path in sorted((data / "mafand").glob("*.gz")):
        for where, code in enumerate(path.name.split(".")[0].split("-")):
            texts = column(path, where)
            found["mafand"][tag_of(code, texts[:20])] += texts
    found["gettext"] = gettext_messages()
    return {
        name: {
            tag: [
                each
                for each in random.Random(tag).sample(sorted(set(texts)), min(limit, len(set(texts))))
                if half in ("all", half_of(each))
            ]
            for tag, texts in sorted(some.items())
            if len(set(texts)) >= 40
        }
        for name, some in found.items()
    }


def gettext_messages() -> Set:
    import polib

    from panglot.corpus.catalogues import parse_locale
    from panglot.languages.scripts import share_in

    found: Set = collections.defaultdict(list)
    for place in map(Path, sys.path):
        for path in sorted(place.rglob("LC_MESSAGES/*.po")) if place.name == "site-packages" else []:
            locale = parse_locale(path.parts[-3])
            if locale is None:
                continue
            try:
                entries = polib.pofile(str(path))
            except (OSError, ValueError):
                continue
            for entry in entries:
                if entry.msgstr and not entry.fuzzy and entry.msgstr != entry.msgid:
                    text = " ".join(re.sub(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|<[^>]*>", " ", entry.msgstr).split())
                    if len(text) >= 20 and share_in(text, locale.language.script) >= 0.5:
                        found[locale.language.tag].append(text)
    return found


def same(tag: str) -> str:
    return next((min(each) for each in SAME if tag in each), tag)


def macro_f1(gold: Sequence[str], found: Sequence[str]) -> dict[str, float]:
    pairs = collections.Counter(zip(gold, found, strict=True))
    scores = {}
    for tag in sorted(set(gold)):
        right = pairs[tag, tag]
        said = sum(count for (_, other), count in pairs.items() if other == tag)
        there = sum(count for (true, _), count in pairs.items() if true == tag)
        scores[tag] = 2 * right / max(said + there, 1)
    return scores


def judged(name: str, gold: Sequence[str], found: Sequence[str]) -> tuple[list[str], list[str]]:
    special = MEMBERS.get(name, {})
    fair = [true if true in special and special[true].fullmatch(said) else said for true, said in zip(gold, found, strict=True)]
    return [same(each) for each in gold], [same(each) for each in fair]


def peer(name: str, texts: list[str], cache: Path) -> dict[str, Any]:
    python = Path(sys.executable)
    if importlib.util.find_spec(MODULES.get(name, name)) is None:
        place = cache / "environments" / f"identify-{name}"
        python = place / "bin" / "python"
        if not (place / "ready").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
            subprocess.run([str(python), "-m", "pip", "install", "-q", *PEERS[name]], check=True)
            (place / "ready").touch()
    given, back = cache / "texts.json", cache / f"{name}.json"
    given.write_text(json.dumps(texts))
    subprocess.run(
        [str(python), "-c", _WORKER, name, str(given), str(back)], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    found: dict[str, Any] = json.loads(back.read_text())
    return found


def expected_error(confidence: NDArray[np.generic], right: NDArray[np.generic]) -> float:
    """Expected calibration error, ten bins."""
    bins = np.minimum((confidence * 10).astype(int), 9)
    return float(
        sum(
            abs(confidence[bins == each].mean() - right[bins == each].mean()) * (bins == each).mean()
            for each in range(10)
            if (bins == each).any()
        )
    )


def rate(ask: Callable[[list[str]], object], texts: list[str]) -> float:
    ask(texts[:64])
    best = 0.0
    for _ in range(5):
        began = time.process_time()
        ask(texts)
        best = max(best, len(texts) / (time.process_time() - began))
    return best


def own_memory(model: str, texts: list[str], cache: Path) -> float:
    """Peak of a process that does nothing else, MB."""
    alone = (
        "import json, sys\nfrom panglot.corpus.identification import identifier\n"
        f"identifier({model!r}).identify_batch(json.load(open(sys.argv[1])))\n"
        "print(next(int(line.split()[1]) / 1024 for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    place = cache / "identify-timed.json"
    place.write_text(json.dumps(texts))
    found = subprocess.run([sys.executable, "-c", alone, str(place)], capture_output=True, text=True, check=True)
    return float(found.stdout)


def accuracy(
    sets: dict[str, Set], rows: list[tuple[str, str, str]], guesses: Any, known: set[str]
) -> dict[str, dict[str, float]]:
    """A line for each set."""
    result = {}
    print(f"{'set':17} languages  macro F1  merged*    ECE   und   worst languages; most frequent mistakes")
    for name in sets:
        at = [place for place, row in enumerate(rows) if row[0] == name]
        gold, found = judged(name, [rows[each][1] for each in at], [guesses.tags[each] for each in at])
        scores = macro_f1(gold, found)
        here = [score for tag, score in scores.items() if tag in known]
        whole = {same(each) for each in MERGED}
        merged = macro_f1(*[["hbs" if each in whole else each for each in side] for side in (gold, found)])
        right = np.array([one == other for one, other in zip(gold, found, strict=True)])
        one = {
            "macro_f1": float(np.mean(here)),
            "merged_f1": float(np.mean([score for tag, score in merged.items() if tag in known or tag == "hbs"])),
            "languages": len(here),
            "ece": expected_error(guesses.confidence[at], right),
            "und": float(np.mean([each == "und" for each in found])),
        }
        result[name] = one
        worst = " ".join(f"{tag} {score:.2f}" for tag, score in sorted(scores.items(), key=lambda each: each[1])[:10])
        pairs = collections.Counter((one, other) for one, other in zip(gold, found, strict=True) if one != other)
        print(
            f"{name:17} {len(here):9} {one['macro_f1']:9.4f} {one['merged_f1']:8.4f} {one['ece']:6.3f} {one['und']:5.3f}"
            f"   {worst}"
        )
        print(" " * 52 + ", ".join(f"{one} as {other} {count}" for (one, other), count in pairs.most_common(8)), flush=True)
    print("* Bosnian, Croatian and Serbian in Latin letters as one language")
    return result


def strangers(data: Path) -> dict[str, float]:
    """Share called `und` of what is no language that the model knows."""
    from panglot.corpus.identification.guessing import PanglotIdentifier, packaged_model

    letters = "bcdfghjklmnpqrstvwxyz"
    words = [" ".join("".join(random.Random(f"{n} {w}").choices(letters, k=6)) for w in range(12)) for n in range(200)]
    syllables = [
        " ".join(
            "".join(
                random.Random(f"{n} {w} {k}").choice("bdfgklmnprstvz") + random.Random(f"{k} {w} {n}").choice("aeiou")
                for k in range(3)
            )
            for w in range(12)
        )
        for n in range(200)
    ]
    model = packaged_model()
    full = PanglotIdentifier(model)
    found = {
        "consonants": float(np.mean(full.identify_batch(words).tags == "und")),
        "made-up words": float(np.mean(full.identify_batch(syllables).tags == "und")),
    }
    paragraphs: Set = collections.defaultdict(list)
    with gzip.open(data / "udhr" / "udhr.jsonl.gz", "rt", encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            if len(row["text"]) >= 100:
                paragraphs[row["iso"]].append(row["text"][:300])
    tags = collections.defaultdict(list)
    for tag in model.tags:
        tags[tag[:3]].append(tag)
    by = {tags[iso][0]: texts for iso, texts in paragraphs.items() if len(tags[iso]) == 1 and len(texts) >= 10}
    out = sorted(by, key=lambda tag: hashlib.sha256(tag.encode()).hexdigest())[:HELD_OUT]
    if out:
        less = PanglotIdentifier(model.without(set(out))).identify_batch([text for tag in out for text in by[tag]])
        owners = np.array([tag for tag in out for _ in by[tag]])
        found["languages left out"] = float(np.mean([np.mean(less.tags[owners == tag] == "und") for tag in out]))
        found["left out, called another with 0.9"] = float(
            np.mean([np.mean((less.tags[owners == tag] != "und") & (less.confidence[owners == tag] >= 0.9)) for tag in out])
        )
    for name, share in found.items():
        print(f"{name:35} {share:.3f}" + (" called und" if "another" not in name else ""))
    return found


def compared(
    name: str, sets: dict[str, Set], rows: list[tuple[str, str, str]], timed: list[str], ours: Any, said: argparse.Namespace
) -> dict[str, Any]:
    """A peer beside ours."""
    from panglot.corpus.identification import identifier
    from panglot.corpus.identification.back_ends import canonical

    rows = rows[:: SLOW.get(name, 1)]
    timed = timed[:: SLOW.get(name, 1)]
    texts = [text for _, _, text in rows]
    answer = peer(name, texts, said.cache)
    timing = peer(name, timed, said.cache)
    labels = [canonical(str(label)) for label, _ in answer["found"]]
    told = {same(each) for each in ([canonical(x) for x in answer["labels"]] if answer["labels"] else labels)}
    mine = {same(each) for each in ours.languages} & told
    limited = identifier(said.model, languages=[each for each in ours.languages if same(each) in mine])
    guesses = {"all": ours.identify_batch(texts).tags, "limited": limited.identify_batch(texts).tags, "peer": labels}
    line: dict[str, dict[str, float]] = {}
    for set_name in sets:
        at = [each for each, row in enumerate(rows) if row[0] == set_name and same(row[1]) in mine]
        if at:
            line[set_name] = {"languages": len({same(rows[each][1]) for each in at})}
            for who, tags in guesses.items():
                gold, found = judged(set_name, [rows[each][1] for each in at], [tags[each] for each in at])
                line[set_name][who] = float(np.mean(list(macro_f1(gold, found).values())))
    strange = [label == "und" for label, row in zip(labels, rows, strict=True) if same(row[1]) not in told]
    return {
        "sets": line,
        "documents_per_second": len(timed) / timing["seconds"],
        "memory_mb": timing["memory"],
        "languages_both_know": len(mine),
        "und_on_languages_it_does_not_know": float(np.mean(strange)) if strange else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("PANGLOT_SHARED", "../shared/data")))
    parser.add_argument("--model", default="panglot", help="back-end: panglot, or a folder")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--sets", default="")
    parser.add_argument("--half", default="untouched", choices=("untouched", "tuning", "all"))
    parser.add_argument("--limit", type=int, default=200, help="texts of each language of a set, before they are halved")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "panglot-benchmarks")
    said = parser.parse_args()
    said.cache.mkdir(parents=True, exist_ok=True)
    from panglot.corpus.identification import identifier

    ours = identifier(said.model)
    sets = {
        name: some
        for name, some in read_sets(said.data, said.limit, said.half).items()
        if not said.sets or name in said.sets.split(",")
    }
    rows = [(name, tag, text) for name, some in sets.items() for tag, texts in some.items() for text in texts]
    result = accuracy(sets, rows, ours.identify_batch([text for _, _, text in rows]), {same(each) for each in ours.languages})
    unknown = strangers(said.data)
    timed = [(" ".join(some))[at : at + 300] for some in sets.get("sib200", {}).values() for at in range(0, 6000, 300)]
    timed = [each for each in timed if len(each) == 300] or [text for _, _, text in rows][:1200]
    speed = rate(ours.identify_batch, timed)
    memory = own_memory(said.model, timed[:1000], said.cache)
    print(f"\nours: {speed:,.0f} documents/s of 300 characters on one core (CPU time), {memory:.0f} MB at most\n")
    peers = {}
    print("F1 on the languages that both know: ours among all its languages / ours limited to those / the peer")
    for name in filter(None, said.peers.split(",")):
        try:
            one = peers[name] = compared(name, sets, rows, timed, ours, said)
        except subprocess.CalledProcessError as error:
            print(f"{name}: {error}")
            continue
        there = one["documents_per_second"]
        print(
            f"{name}: {there:,.0f} documents/s (ours {speed / there:.2f} times as fast), {one['memory_mb']:.0f} MB, "
            f"{one['languages_both_know']} languages in common"
        )
        for set_name, each in one["sets"].items():
            ahead = "" if max(each["all"], each["limited"]) >= each["peer"] else "   behind"
            print(
                f"    {set_name:17} {each['languages']:3} {each['all']:7.4f} {each['limited']:7.4f} {each['peer']:7.4f}{ahead}",
                flush=True,
            )
    print(
        json.dumps(
            {
                "benchmark": "identify",
                "half": said.half,
                "ours": speed,
                "sets": result,
                "und": unknown,
                "memory_mb": memory,
                "peers": peers,
                "languages": len(ours.languages),
                "n": len(rows),
                "seconds": resource.getrusage(resource.RUSAGE_SELF).ru_utime,
            }
        )
    )


if __name__ == "__main__":
    main()
