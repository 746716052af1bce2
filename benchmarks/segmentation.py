"""Words and sentences: speed and agreement with treebanks, against the tokenizers that datatrove uses for each language.

    python benchmarks/segmentation.py [--rounds 3] [--no-peer] [--cache FOLDER]

Speed is MB of UTF-8 a CPU second on one core: here code points, words and their hashes (and, beside it, words as strings),
there `word_tokenize` of the tokenizer that `load_word_tokenizer` gives, on the same documents (sib200, twelve sentences a
document). The peer, datatrove 0.10.1, gets an environment of its own under --cache.

Agreement is F1 of words: spans that both sides have, exactly, in the texts of treebanks (Universal Dependencies, and the Thai
texts of wisesight, cut by people). Tokens without a letter or digit are left out on both sides, and a multiword token counts as
it is written. F1 of sentences: their ends, when five gold sentences stand in one paragraph, without the end of the paragraph.
Back-ends that are installed beside Panglot are measured too.
"""

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

PEER = [
    "datatrove==0.10.1",
    "xxhash<4",
    "spacy==3.8.18",
    "fasttext-numpy2-wheel==0.9.2",
    "pythainlp==5.4.0",
    "jieba==0.42.1",
    "indic-nlp-library==0.92",
    "khmer-nltk==1.6",
    "regex",
]
SHARED = Path(os.environ.get("PANGLOT_SHARED", Path(__file__).resolve().parents[2] / "shared" / "data"))
SPEED = {
    "eng_Latn": "eng_Latn",
    "tur_Latn": "tur_Latn",
    "yor_Latn": "yor_Latn",
    "rus_Cyrl": "rus_Cyrl",
    "hin_Deva": "hin_Deva",
    "tel_Telu": "tel_Telu",
    "tha_Thai": "tha_Thai",
    "khm_Khmr": "khm_Khmr",
    "zho_Hans": "cmn_Hani",
}
GOALS = {"eng_Latn": 30, "tur_Latn": 30, "yor_Latn": 30}
GOAL = 20
# Treebank to the names under which datatrove knows the language.
TREEBANKS = {
    "ud_pud/eng": "eng_Latn",
    "ud_pud/deu": "deu_Latn",
    "ud_pud/tur": "tur_Latn",
    "ud_pud/ind": "ind_Latn",
    "ud_pud/arb": "arb_Arab",
    "ud_pud/hin": "hin_Deva",
    "ud_pud/tha": "tha_Thai",
    "ud_pud/zho_Hant": "cmn_Hani",
    "ud/amh_att.test": "amh_Ethi",
    "ud/gle_idt.test": "gle_Latn",
    "ud/hye_bsut.test": "hye_Armn",
    "ud/kat_glc.test": "kat_Geor",
    "ud/mar_ufal.test": "mar_Deva",
    "ud/mlt_mudt.test": "mlt_Latn",
    "ud/tam_ttb.test": "tam_Taml",
    "ud/wol_wtb.test": "wol_Latn",
    "ud/yor_ytb.test": "yor_Latn",
}
PARAGRAPH = 5
WARM_SECONDS = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each side, in turn; the median counts")
    parser.add_argument("--parts", default="speed,words,sentences", help="what to measure, parted by commas")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/panglot-benchmarks").expanduser())
    parser.add_argument("--peer", type=Path, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.peer:
        peer(json.loads(said.peer.read_text(encoding="utf-8")))
        return
    if not SHARED.is_dir():
        raise SystemExit(f"there is no data at {SHARED}; set PANGLOT_SHARED")
    python = None if said.no_peer else environment(said.cache / "environments")
    work = said.cache / "segmentation"
    work.mkdir(parents=True, exist_ok=True)
    parts = said.parts.split(",")
    line: dict[str, Any] = {"benchmark": "segmentation"}
    if "speed" in parts:
        ratios, ours = speed(said.rounds, python, work)
        line |= {"ours": round(statistics.geometric_mean(ours.values()), 1)}
        if ratios:
            line |= {"peer": round(statistics.geometric_mean(ours[each] / ratios[each] for each in ratios), 2)}
            line |= {"unit": "MB of text a CPU second", "ratio": round(statistics.geometric_mean(ratios.values()), 1)}
            line |= {"least_ratio": round(min(ratios.values()), 1)}
        line |= {"n": len(ours)}
    if "words" in parts:
        line["words_f1"] = words(python, work)
    if "sentences" in parts:
        line["sentences_f1"] = sentences(python, work)
    print(json.dumps(line))


# Speed


def documents(name: str) -> list[str]:
    with gzip.open(SHARED / "sib200" / f"{name}.tsv.gz", "rt", encoding="utf-8") as stream:
        lines = [line.rstrip("\n").split("\t")[3] for line in stream][1:]
    return ["\n".join(lines[at : at + 12]) for at in range(0, len(lines), 12)]


def speed(rounds: int, python: str | None, work: Path) -> tuple[dict[str, float], dict[str, float]]:
    print("MB of UTF-8 a CPU second")
    print("| language | words and hashes | words as strings | datatrove | ratio | goal |\n|---|---|---|---|---|---|")
    ratios, ours = {}, {}
    for name, theirs in SPEED.items():
        texts = documents(name)
        size = sum(len(each.encode()) for each in texts) / 1e6
        batch = texts * max(1, round(1_000_000 / sum(map(len, texts))))
        times = len(batch) // len(texts)
        runs: list[tuple[float, float, float]] = []
        for _ in range(rounds):
            hashed, listed = clocked(hashes, batch) / times, clocked(strings, batch) / times
            question = [{"kind": "speed", "language": theirs, "texts": texts}]
            runs.append((hashed, listed, ask(python, work, question)[0]["seconds"] if python else 0.0))
        mine = size / statistics.median(run[0] for run in runs)
        ours[name] = mine
        cells = [name, f"{mine:.1f}", f"{size / statistics.median(run[1] for run in runs):.1f}"]
        if python:
            ratios[name] = statistics.median(run[2] / run[0] for run in runs)
            cells += [f"{size / statistics.median(run[2] for run in runs):.2f}", f"{ratios[name]:.0f}"]
        else:
            cells += ["", ""]
        goal = GOALS.get(name, GOAL)
        print("| " + " | ".join([*cells, f"{goal}: {'met' if mine >= goal else 'missed'}"]) + " |", flush=True)
    return ratios, ours


def clocked(work: Callable[[list[str]], object], texts: list[str]) -> float:
    """CPU seconds of one run, the mean over a second of runs."""
    work(texts[:5])
    began, count = time.process_time(), 0
    while time.process_time() - began < WARM_SECONDS:
        work(texts)
        count += 1
    return (time.process_time() - began) / count


def hashes(texts: list[str]) -> object:
    from panglot.corpus.segmentation.words import find_words

    return find_words(texts).hashes()


def strings(texts: list[str]) -> object:
    from panglot.corpus.segmentation.words import find_words

    return find_words(texts).lists()


# Agreement


def treebank(name: str) -> tuple[list[str], list[list[str]]]:
    """Sentences, and their tokens as they are written."""
    texts, tokens = [], []
    with gzip.open(SHARED / f"{name}.conllu.gz", "rt", encoding="utf-8") as stream:
        for block in stream.read().split("\n\n"):
            lines = block.split("\n")
            text = next((line[9:] for line in lines if line.startswith("# text = ")), None)
            if text is None:
                continue
            said, until = [], 0
            for line in lines:
                cells = line.split("\t")
                first, _, last = cells[0].partition("-")
                if not first.isdigit() or int(first) <= until:
                    continue
                until = int(last) if last else until
                said.append(cells[1])
            texts.append(text)
            tokens.append(said)
    return texts, tokens


def wisesight() -> tuple[list[str], list[list[str]]]:
    with gzip.open(SHARED / "wisesight" / "tha.words.txt.gz", "rt", encoding="utf-8") as stream:
        tokens = [line.rstrip("\n").split("|") for line in stream]
    return ["".join(each) for each in tokens], tokens


def spans(text: str, pieces: Iterable[str]) -> set[tuple[int, int]]:
    """Where the pieces with a letter or digit stand."""
    found, place = set(), 0
    for piece in pieces:
        bare = piece.strip()
        here = text.find(bare, place) if bare else -1
        if here >= 0:
            place = here + len(bare)
            if any(each.isalnum() for each in bare):
                found.add((here, place))
    return found


def f1(gold: list[set[Any]], said: list[set[Any]]) -> float:
    both = sum(len(one & other) for one, other in zip(gold, said, strict=True))
    return 2 * both / max(sum(map(len, gold)) + sum(map(len, said)), 1)


def words(python: str | None, work: Path) -> dict[str, Any]:
    from panglot.artifacts import InputError
    from panglot.corpus.segmentation.back_ends import back_ends
    from panglot.corpus.segmentation.words import find_words

    print("\n| words of | ours | datatrove | back-ends |\n|---|---|---|---|")
    sources = {name: (language, *treebank(name)) for name, language in TREEBANKS.items()}
    sources["wisesight"] = ("tha_Thai", *wisesight())
    asked = [{"kind": "words", "language": language, "texts": texts} for language, texts, _ in sources.values()]
    answers = ask(python, work, asked) if python else [None] * len(asked)
    found = {}
    for (name, (language, texts, tokens)), answer in zip(sources.items(), answers, strict=True):
        gold = [spans(text, each) for text, each in zip(texts, tokens, strict=True)]
        mine = f1(gold, [spans(text, each) for text, each in zip(texts, find_words(texts).lists(), strict=True)])
        theirs = f1(gold, [spans(text, each) for text, each in zip(texts, answer["pieces"], strict=True)]) if answer else None
        found[name] = {"ours": round(mine, 3), "peer": None if theirs is None else round(theirs, 3)}
        for back_end, installed in back_ends(language).items():
            if installed:
                try:
                    pieces = find_words(texts, language=language, back_end=back_end).lists()
                except InputError as error:
                    print(error, file=sys.stderr)
                    continue
                found[name][back_end] = round(f1(gold, [spans(*each) for each in zip(texts, pieces, strict=True)]), 3)
        others = ", ".join(f"{key} {value}" for key, value in found[name].items() if key not in ("ours", "peer"))
        print(f"| {name} | {mine:.3f} | {'' if theirs is None else f'{theirs:.3f}'} | {others} |", flush=True)
    return found


def sentences(python: str | None, work: Path) -> dict[str, Any]:
    from panglot.corpus.segmentation.sentences import find_sentences

    print("\n| sentences of | ours | datatrove |\n|---|---|---|")
    found, asked, golds, paragraphs = {}, [], [], []
    for name, language in TREEBANKS.items():
        said, _ = treebank(name)
        joint = "" if language.endswith("Hani") else " "
        groups = [said[at : at + PARAGRAPH] for at in range(0, len(said), PARAGRAPH)]
        golds.append([ends([len(each) for each in group], len(joint)) for group in groups])
        paragraphs.append([joint.join(group) for group in groups])
        asked.append({"kind": "sentences", "language": language, "texts": paragraphs[-1]})
    answers = ask(python, work, asked) if python else [None] * len(asked)
    for name, gold, texts, answer in zip(TREEBANKS, golds, paragraphs, answers, strict=True):
        mine = f1(gold, [last_places(*each) for each in zip(texts, find_sentences(texts).lists(), strict=True)])
        theirs = f1(gold, [last_places(*each) for each in zip(texts, answer["pieces"], strict=True)]) if answer else None
        found[name] = {"ours": round(mine, 3), "peer": None if theirs is None else round(theirs, 3)}
        print(f"| {name} | {mine:.3f} | {'' if theirs is None else f'{theirs:.3f}'} |", flush=True)
    return found


def ends(lengths: list[int], gap: int) -> set[int]:
    found, place = set(), 0
    for length in lengths[:-1]:
        place += length
        found.add(place)
        place += gap
    return found


def last_places(text: str, pieces: list[str]) -> set[int]:
    found, place = set(), 0
    for piece in pieces:
        here = text.find(piece.strip(), place)
        if piece.strip() and here >= 0:
            place = here + len(piece.strip())
            found.add(place)
    return found - {len(text)}


# The peer: nothing of panglot may be imported there


def environment(folder: Path) -> str:
    python, ready = folder / "segmentation" / "bin" / "python", folder / "segmentation.ready"
    if not ready.is_file():
        print(f"making an environment with {', '.join(PEER)} …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder / "segmentation")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PEER], check=True, stderr=subprocess.DEVNULL)
        ready.touch()
    return str(python)


def ask(python: str, work: Path, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    question = work / "question.json"
    question.write_text(json.dumps(questions), encoding="utf-8")
    done = subprocess.run([python, __file__, "--peer", str(question)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the peer failed:\n{done.stderr[-3000:]}")
    found: list[dict[str, Any]] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def peer(questions: list[dict[str, Any]]) -> None:
    from datatrove.utils.word_tokenizers import load_word_tokenizer  # type: ignore[import-not-found]

    answers: list[dict[str, Any]] = []
    for each in questions:
        try:
            tokenizer = load_word_tokenizer(each["language"])
            work = tokenizer.sent_tokenize if each["kind"] == "sentences" else tokenizer.word_tokenize
            work(each["texts"][0])
        except ImportError:
            # Maltese needs stanza, which fetches a model.
            answers.append({})
            continue
        began = time.process_time()
        pieces = [work(text) for text in each["texts"]]
        seconds = time.process_time() - began
        answers.append({"seconds": seconds} if each["kind"] == "speed" else {"pieces": pieces})
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
