"""Train the language identifier of the package: fetch the text, count, prune, correct, calibrate, write.

    python tools/train_identifier.py CACHE [--out FOLDER] [--without SOURCE ...]

Needs npm, apt-get and dpkg-deb for the first run (see `identifier_sources.py`); the same sources give the same bytes.
"""

import argparse
import random
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from identifier_sources import SOURCES, fetch, read, without_shared
from numpy.typing import NDArray

from panglot.corpus.identification.guessing import PACKAGED, QUICK
from panglot.corpus.identification.letters import find_letters, script_group, scripts
from panglot.corpus.identification.model import Model, pack
from panglot.corpus.identification.ngrams import BUCKETS, COLUMNS, find_ngrams
from panglot.corpus.identification.teaching import ORDER_WEIGHTS, QUOTA, SHARED, STRENGTH
from panglot.languages import Language

CAPS = {
    "udhr": 40_000,
    "cldr": 15_000,
    "mediawiki": 360_000,
    "firefox": 220_000,
    "chromium": 500_000,
    "home_assistant": 260_000,
    "openstreetmap": 15_000,
    "kolibri": 60_000,
    "wesnoth": 130_000,
    "iso_codes": 8_000,
}
"""Characters of each language taken from a source."""
NAMES_ONLY = {"cldr", "iso_codes", "openstreetmap"}
"""Lists of names: they add words, and do not decide what a language's text is like."""
LEFT_OUT = {
    "cnr_Latn",
    "isv_Latn",
    "hsn_Hans",
    "lki_Arab",
    "luz_Arab",
    "nit_Telu",
    "aeb_Latn",
    "ang_Latn",
    "frc_Latn",
    "azb_Latn",
}
"""Too little or too mixed text."""
SHADOWS = {"aln_Latn"}
"""Left out of the trained model: its text is not told from that of a larger language under another tag."""
RICHER = 2
RICH = 200_000
"""Trigrams counted from which on a language may keep twice as many n-grams: its relatives are told by rare ones."""
SPEAKERS = {"tgl_Latn": 28e6, "lat_Latn": 1e5, "epo_Latn": 1e5, "ina_Latn": 1e4}
LEAST, KNOWN = 0.2, 0.1
"""Confidence, and share of known n-grams, below which a text is `und`."""
Texts = dict[tuple[str, str], list[str]]


def collected(cache: Path, without: set[str]) -> tuple[Texts, Texts]:
    """Text to count, and text to correct the weights with."""
    rows = []
    for origin in SOURCES:
        place = cache / f"rows-{origin.name}.tsv"
        if not place.exists():
            fetch(cache)
            found = list(read(cache, {origin.name}))
            place.write_text("".join(f"{tag}\t{name}\t{text}\n" for tag, name, text in found), encoding="utf-8")
        rows += [tuple(line.split("\t", 2)) for line in place.read_text(encoding="utf-8").split("\n") if line]
    by: Texts = defaultdict(list)
    for tag, source, text in without_shared([row for row in rows if len(row) == 3], most=3):
        if source not in without:
            by[tag, source].append(text)
    size: dict[str, int] = defaultdict(int)
    taken: Texts = {}
    for (tag, source), texts in sorted(by.items()):
        random.Random(f"{tag} {source}").shuffle(texts)
        total, count = 0, 0
        for text in texts:
            if total >= CAPS[source]:
                break
            total, count = total + len(text), count + 1
        taken[tag, source] = texts[:count]
        if source not in NAMES_ONLY:
            size[tag] += total
    declared = {tag for tag, source in by if source == "udhr"}
    known = {tag for tag, count in size.items() if count >= (5000 if tag in declared else 20_000)} - LEFT_OUT
    train: Texts = {}
    held: Texts = {}
    for (tag, source), texts in taken.items():
        if tag in known:
            aside = 0 if source in NAMES_ONLY else max(1, len(texts) // 10)
            train[tag, source] = texts[aside:]
            if source not in NAMES_ONLY:
                held[tag, source] = texts[:aside] + by[tag, source][len(texts) : len(texts) + 3000]
    return train, held


def counted(train: Texts) -> tuple[tuple[str, ...], list[sp.csr_matrix]]:
    """How often each n-gram stands in each language: one matrix [tags, BUCKETS] an order."""
    tags = tuple(sorted({tag for tag, source in train if source not in NAMES_ONLY}))
    found: list[list[tuple[NDArray[np.int64], NDArray[np.int64]]]] = []
    for tag in tags:
        texts = [text for (each, _), some in sorted(train.items()) if each == tag for text in some]
        grams = np.concatenate([find_ngrams(find_letters(texts[at : at + 512])) for at in range(0, len(texts), 512)])
        found.append([np.unique(grams[:, c][grams[:, c] < BUCKETS], return_counts=True) for c in range(COLUMNS)])
    matrices = []
    for column in range(COLUMNS):
        bounds = np.cumsum([0, *(len(each[column][0]) for each in found)])
        places = np.concatenate([each[column][0] for each in found])
        values = np.concatenate([each[column][1] for each in found]).astype(np.float64)
        matrices.append(sp.csr_matrix((values, places, bounds), shape=(len(tags), BUCKETS)))
    return tags, matrices


def pruned(
    tags: tuple[str, ...], counts: list[sp.csr_matrix]
) -> tuple[sp.csr_matrix, NDArray[np.float32], NDArray[np.float64], NDArray[np.int64]]:
    """Weights [BUCKETS, tags] of the n-grams that say most about each language, backing-off weights, p0, scripts of tags."""
    groups = np.array([scripts().index(script_group(tag[4:])) for tag in tags])
    count = len(tags)
    usual: list[NDArray[np.float64]] = []
    background = np.zeros(BUCKETS)
    for matrix in counts:
        total = np.asarray(matrix.sum(1)).ravel() + 1e-9
        own = np.zeros(matrix.nnz)
        for group in np.unique(groups):
            members = np.flatnonzero(groups == group)
            p0 = np.zeros(BUCKETS)
            for one in members:
                at = slice(matrix.indptr[one], matrix.indptr[one + 1])
                p0[matrix.indices[at]] += matrix.data[at] / total[one]
            # a script of one language keeps room for strangers
            p0 /= max(len(members), 2)
            background = np.maximum(background, p0)
            for one in members:
                at = slice(matrix.indptr[one], matrix.indptr[one + 1])
                own[at] = p0[matrix.indices[at]]
        usual.append(own)
    kept = [np.zeros(matrix.nnz, bool) for matrix in counts]
    for one in np.arange(count):
        use = []
        for column, matrix in enumerate(counts):
            at = slice(matrix.indptr[one], matrix.indptr[one + 1])
            seen = matrix.data[at]
            use.append(seen / (seen.sum() + 1e-9) * np.log1p(seen / (STRENGTH[column] * usual[column][at])))
        every = np.concatenate(use)
        quota = int(QUOTA * RICHER) if counts[2][one].sum() > RICH else QUOTA
        least = np.partition(every, len(every) - quota)[len(every) - quota] if len(every) > quota else -1.0
        for column, matrix in enumerate(counts):
            kept[column][matrix.indptr[one] : matrix.indptr[one + 1]] = use[column] > least
    weights = sp.csr_matrix((count, BUCKETS), dtype=np.float32)
    backing_off = np.zeros((COLUMNS, count), np.float32)
    for column, matrix in enumerate(counts):
        rows = np.repeat(np.arange(count), np.diff(matrix.indptr))
        total = np.asarray(matrix.sum(1)).ravel()
        # what is not stored goes to the background, so that probabilities still sum to one
        spilt = STRENGTH[column] + np.bincount(rows, matrix.data * ~kept[column], count)
        backing_off[column] = ORDER_WEIGHTS[column] * np.log(spilt / (total + STRENGTH[column]))
        value = ORDER_WEIGHTS[column] * np.log((matrix.data + STRENGTH[column] * usual[column]) / (spilt[rows] * usual[column]))
        use = kept[column] & (value > 0)
        weights = weights + sp.csr_matrix((value[use], (rows[use], matrix.indices[use])), shape=weights.shape, dtype=np.float32)
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        backing_off[:, members] += SHARED * (backing_off[:, members].mean(1, keepdims=True) - backing_off[:, members])
    found = weights.T.tocsr()
    found.sort_indices()
    return found, backing_off, background, groups


def snippets(held: Texts, each: int, seed: int) -> tuple[list[str], list[str]]:
    """Pieces of 20 to 240 characters, the sources of a language in equal parts, in a shuffled order."""
    chance = random.Random(seed)
    by: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for (tag, source), texts in sorted(held.items()):
        by[tag][source] = texts
    pairs: list[tuple[str, str]] = []
    for tag, sources in sorted(by.items()):
        got: list[str] = []
        for _, texts in sorted(sources.items()):
            order = sorted(texts, key=lambda _: chance.random())
            part: list[str] = []
            for text in order:
                while len(text) > 15 and len(part) < each // len(sources) + 1:
                    size = int(20 * 2 ** (chance.random() * 3.6))
                    start = chance.randrange(max(1, len(text) - size + 1))
                    if start:
                        space = text.find(" ", start, start + 25)
                        start = space + 1 if space >= 0 else start
                    part.append(text[start : start + size])
                    if len(text) < 3 * size:
                        break
            got += part
        pairs += [(tag, text) for text in got[: each + len(sources)]]
    chance.shuffle(pairs)
    return [text for _, text in pairs], [tag for tag, _ in pairs]


def features(texts: list[str], columns: slice = slice(None)) -> tuple[sp.csr_matrix, NDArray[np.float32], NDArray[np.int64]]:
    """N-grams [texts, BUCKETS + 1], their number by order, script of each text."""
    places, ends, amounts, script = [], [np.zeros(1, np.int64)], [], []
    offset = 0
    for at in range(0, len(texts), 256):
        letters = find_letters(texts[at : at + 256])
        grams = find_ngrams(letters)[:, columns]
        real = grams < BUCKETS
        sums = np.concatenate([np.zeros((1, real.shape[1])), np.cumsum(real, 0)])
        amount = sums[letters.bounds[1:]] - sums[letters.bounds[:-1]]
        places.append(grams[real])
        ends.append(np.cumsum(amount.sum(1)).astype(np.int64) + offset)
        offset = int(ends[-1][-1])
        amounts.append(amount)
        script.append(letters.scripts[:, 1:].argmax(1) + 1)
    every = np.concatenate(places)
    matrix = sp.csr_matrix((np.ones(len(every), np.float32), every, np.concatenate(ends)), shape=(len(texts), BUCKETS + 1))
    return matrix, np.concatenate(amounts).astype(np.float32), np.concatenate(script)


def trained(cache: Path, without: set[str], *, rounds: int, rate: float) -> Model:
    """The model."""
    began = time.process_time()

    def say(what: str) -> None:
        print(f"{time.process_time() - began:7.1f} s  {what}", flush=True)

    train, held = collected(cache, without)
    say("text read")
    tags, counts = counted(train)
    say(f"{len(tags)} languages counted")
    weights, backing_off, background, groups = pruned(tags, counts)
    say(f"{weights.nnz:,} weights kept")
    speakers = np.array([SPEAKERS.get(tag) or Language(tag).speakers or 5e3 for tag in tags], float)
    amount = np.asarray(counts[2].sum(1)).ravel()
    # what people write and translate much is met more often than its speakers tell
    kinds = np.array([sum(tag == one and source not in NAMES_ONLY for one, source in train) for tag in tags])
    prior = (6 * np.log10(np.maximum(speakers, 3e3)) + 2 * np.log(amount) + kinds).astype(np.float32)
    prior -= prior.mean()
    size = len(tags)
    width = sp.vstack([weights, sp.csr_matrix((1, size), dtype=np.float32)]).tocsr()
    width.sort_indices()
    number = {tag: place for place, tag in enumerate(tags)}
    texts, gold = snippets({key: some for key, some in held.items() if key[0] in number}, 260, seed=1)
    right = np.array([number[tag] for tag in gold])
    found, orders, script = features(texts)
    usable = np.flatnonzero(groups[right] == script)
    aside, learn = usable[: len(usable) // 8], usable[len(usable) // 8 :]

    def scored(some: NDArray[np.int64]) -> NDArray[np.float32]:
        values: NDArray[np.float32] = (found[some] @ width).toarray() + orders[some] @ backing_off
        values[groups[None, :] != script[some][:, None]] = -1e9
        return values

    keys = np.repeat(np.arange(width.shape[0], dtype=np.int64), np.diff(width.indptr)) * size + width.indices
    past = np.ones(width.nnz, np.float32)
    past_orders = np.full(backing_off.shape, 100, np.float32)
    for turn in range(rounds):
        step = rate * (1 - turn / rounds)
        hits = 0
        order = np.random.default_rng(turn).permutation(learn)
        for at in range(0, len(order), 6000):
            some = order[at : at + 6000]
            values = scored(some)
            hits += int((values.argmax(1) == right[some]).sum())
            heat = 4.0 * np.sqrt(np.maximum(orders[some].sum(1), 20) / 100)[:, None]
            error = np.exp((values - values.max(1, keepdims=True)) / heat)
            error /= error.sum(1, keepdims=True)
            error[np.arange(len(some)), right[some]] -= 1
            error[np.abs(error) < 0.02] = 0
            slope = (found[some].T.tocsr() @ sp.csr_matrix(error.astype(np.float32))).tocsr()
            slope.sort_indices()
            wanted = np.repeat(np.arange(slope.shape[0], dtype=np.int64), np.diff(slope.indptr)) * size + slope.indices
            place = np.searchsorted(keys, wanted)
            place[place == len(keys)] = 0
            hit = keys[place] == wanted
            place, change = place[hit], slope.data[hit]
            past[place] += change * change
            width.data[place] -= step * change / np.sqrt(past[place])
            by_order = orders[some].T @ error
            past_orders += by_order * by_order
            backing_off -= (0.02 * step * by_order / np.sqrt(past_orders)).astype(np.float32)
        say(f"round {turn + 1}: {hits / len(order):.4f} right")
    # languages are learned as if all were equally likely; how likely they are comes on top
    calibration = calibrated(scored(aside) + prior, right[aside], orders[aside].sum(1), kinds[right[aside]])
    words, number_of_words, _ = features([texts[each] for each in aside], slice(COLUMNS - 1, None))
    values = (words @ width).toarray() + number_of_words @ backing_off[-1:] + prior
    values[groups[None, :] != script[aside][:, None]] = -1e9
    enough = number_of_words.sum(1) >= QUICK.words
    by_words = calibrated(values[enough], right[aside][enough], number_of_words.sum(1)[enough], kinds[right[aside][enough]])
    calibration |= {f"words_{name}": each for name, each in by_words.items()}
    calibration |= {"least": LEAST, "known": KNOWN}
    say(f"calibrated: {calibration}")
    whole = width[:BUCKETS].tocoo()
    return pack(
        tags, whole.row.astype(np.int64), whole.col.astype(np.int64), whole.data, backing_off, prior, background, calibration
    )


def calibrated(
    values: NDArray[np.float32], right: NDArray[np.int64], amount: NDArray[np.float32], often: NDArray[np.int64]
) -> dict[str, float]:
    """Temperature and length exponent of the greatest likelihood; the stranger from texts without their language.

    Languages count by how many kinds of text there are of them, which goes with how often they are met. Some snippets are in
    another language than they say: messages left in English, names. How many is one more unknown, so that they do not
    make the rest look unsure.
    """
    best = (np.inf, 1.0, 0.5)
    rows = np.arange(len(right))
    own_value = values[rows, right]
    few = np.partition(values, values.shape[1] - 16, axis=1)[:, -16:]
    top = few.max(1)
    for length in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0):
        for temperature in np.geomspace(1, 120, 32):
            heat = temperature * np.maximum(amount / 100, 0.02) ** length
            share = np.exp((own_value - top) / heat) / np.exp((few - top[:, None]) / heat[:, None]).sum(1)
            for wrong in (0.0, 0.01, 0.02, 0.03, 0.04, 0.06):
                loss = -float(np.average(np.log((1 - wrong) * share + wrong / 100 + 1e-30), weights=often))
                best = min(best, (loss, float(temperature), length))
    struck = values.copy()
    struck[rows, right] = -1e9
    known, strange = values[rows, right], struck.max(1)
    long = amount > np.quantile(amount, 0.6)
    # languages that have no close relative: half of all, by how far the runner-up is behind
    rate = strange[long] / amount[long]
    own = known[long] / amount[long]
    limit = float(min(np.quantile(own, 0.004), np.quantile(rate, 0.6)))
    return {
        "temperature": best[1],
        "length": best[2],
        "stranger": -10.0,
        "stranger_rate": round(limit, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the identifier of the package.")
    parser.add_argument("cache", type=Path)
    parser.add_argument("--out", type=Path, default=PACKAGED)
    parser.add_argument(
        "--without",
        nargs="*",
        default=["iso_codes", "wesnoth"],
        help="sources to leave out, for an evaluation on text of their kind (default: the copyleft ones: not shipped)",
    )
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--rate", type=float, default=0.03)
    said = parser.parse_args()
    model = trained(said.cache, set(said.without), rounds=said.rounds, rate=said.rate)
    model = model.without(SHADOWS)
    model.write(said.out)
    print(f"{said.out}: {len(model.tags)} languages, {(said.out / 'model.npz').stat().st_size / 1e6:.1f} MB", file=sys.stderr)


if __name__ == "__main__":
    main()
