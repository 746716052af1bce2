"""Encode throughput: panglot's Encoder against plain sentence-transformers, same texts, same vectors, float32, processor.

    python benchmarks/encode.py [--model embedded:e5-small] [--texts 600] [--rounds 3] [--threads 2]

The texts are sentences of SIB-200 in twenty languages and eleven scripts from ../shared/data, or, where that folder is
absent, translations from the gettext catalogues of installed packages. The runs alternate, and the ratio is the median of the
ratios within a round, because a shared machine is slower at one time than at another. The peer runs with its default batch
size of 32, and with 8, 16, 64 and 128, of which the best of each round counts.
"""

import argparse
import csv
import gzip
import json
import os
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import numpy as np

# fmt: off
LANGUAGES = (
    "amh_Ethi", "arb_Arab", "ben_Beng", "deu_Latn", "ell_Grek", "eng_Latn", "fra_Latn", "heb_Hebr",
    "hin_Deva", "jpn_Jpan", "khm_Khmr", "kor_Hang", "rus_Cyrl", "swh_Latn", "tam_Taml", "tha_Thai",
    "tur_Latn", "vie_Latn", "yor_Latn", "zho_Hans",
)
# fmt: on
BATCH_SIZES = (8, 16, 32, 64, 128)
DEFAULT = 32
OURS = 0


def sib200(folder: Path, count: int) -> list[str]:
    texts = []
    for language in LANGUAGES:
        with gzip.open(folder / f"{language}.tsv.gz", "rt", encoding="utf-8") as stream:
            rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
            found = dict.fromkeys(row["text"] for row in rows)
            texts += list(found)[: count // len(LANGUAGES)]
    return texts


def catalogues(count: int) -> list[str]:
    import polib

    found = find_spec("django")
    if found is None or found.origin is None:
        raise SystemExit("neither ../shared/data/sib200 nor Django's catalogues are here: pip install 'panglot[demo]'")
    texts: dict[str, None] = {}
    for path in sorted(Path(found.origin).parent.glob("conf/locale/*/LC_MESSAGES/django.po")):
        texts |= dict.fromkeys(each.msgstr for each in polib.pofile(str(path)) if len(each.msgstr) > 30)
    return list(texts)[:: max(1, len(texts) // count)][:count]


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="embedded:e5-small")
    parser.add_argument("--texts", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()

    import torch
    from sentence_transformers import SentenceTransformer

    from panglot.models import Encoder
    from panglot.models.embedded import embedded_folder

    torch.set_num_threads(given.threads)
    name = str(given.model)
    folder = embedded_folder(name) if name.startswith("embedded:") else Path(name)
    shared = Path(os.environ.get("PANGLOT_SHARED", Path(__file__).resolve().parents[2] / "shared" / "data")) / "sib200"
    texts = sib200(shared, given.texts) if shared.is_dir() else catalogues(given.texts)
    if len(set(texts)) != len(texts):
        raise AssertionError("the texts must be distinct: equal ones are computed once")
    ours, peer = Encoder(folder, device="cpu", precision="fp32"), SentenceTransformer(str(folder), device="cpu")
    source = "SIB-200" if shared.is_dir() else "gettext catalogues"
    print(f"{name}: {len(texts)} texts ({source}), {given.threads} threads, float32, torch {torch.__version__}")

    difference = float(np.abs(ours.encode(texts) - peer.encode(texts)).max())
    print(f"largest difference of a vector's component: {difference:.1e}")
    if difference > 1e-5:
        raise AssertionError("the vectors differ")
    rounds: list[dict[int, float]] = []
    for number in range(given.rounds):
        seconds = {OURS: timed(partial(ours.encode, texts))}
        for size in BATCH_SIZES:
            seconds[size] = timed(partial(peer.encode, texts, batch_size=size))
        rounds.append(seconds)
        speeds = ", ".join(f"batch {size} {len(texts) / seconds[size]:.1f}" for size in BATCH_SIZES)
        print(f"round {number + 1}: ours {len(texts) / seconds[OURS]:.1f}, {speeds} texts/s", flush=True)
    ratio = median(each[DEFAULT] / each[OURS] for each in rounds)
    ratio_best = median(min(each[size] for size in BATCH_SIZES) / each[OURS] for each in rounds)
    speed = {each: round(len(texts) / median(found[each] for found in rounds), 1) for each in rounds[0]}
    print(f"{ratio:.2f} times the default batch size, {ratio_best:.2f} times the round's best batch size")
    print(
        json.dumps(
            {
                "benchmark": "encode",
                "ours": speed[OURS],
                "peer": speed[DEFAULT],
                "peer_best_batch": max(speed[size] for size in BATCH_SIZES),
                "unit": "texts/s",
                "ratio": round(ratio, 2),
                "ratio_best_batch": round(ratio_best, 2),
                "n": len(texts),
            }
        )
    )


if __name__ == "__main__":
    main()
