"""Bits per byte of a language model against xz and 5-gram models of the same training text, by language.

    python benchmarks/embedded_models.py CORPUS                       # the baselines
    python benchmarks/embedded_models.py CORPUS --model FOLDER…       # and models on the same documents

CORPUS is what `tools/build_embedded_corpus.py` wrote: `train` and `test`. Each figure is Σ bits / Σ bytes over the held-out
documents of a language; `xz+` is xz that has read the training text, and `chars`, `bytes` and `tokens` are interpolated 5-gram
models with modified Kneser-Ney smoothing. What is measured is kept under CORPUS/measured, by its inputs, and not measured
again. The last line is JSON.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from panglot.artifacts import Step, digest_file, digest_value, step_folder
from panglot.corpus.documents import Documents
from panglot.evaluation.results import Results

Table = dict[str, dict[str, float]]


def measured(place: Path, name: str, inputs: Any, measure: Callable[[Step], Results]) -> dict[str, float]:
    """Bits per byte by language, measured once for equal inputs."""
    folder = place / f"{name}-{digest_value(inputs)[:12]}"
    if not folder.is_dir():
        with step_folder(folder, seed=17) as step:
            measure(step)
    rows = Results.open(folder).table().to_pylist()
    return {row["language"]: row["value"] for row in rows if row["metric"] == "bits_per_byte"}


def digest(of: Documents) -> str:
    """What documents hold, by their ids."""
    return digest_value(sorted(row["id"] for row in of.rows()))


def baselines(train: Documents, test: Documents, place: Path, tokenizer: Path | None) -> Table:
    """xz without and with the training text, and 5-gram models of characters, of bytes and of a tokenizer's tokens."""
    from panglot.evaluation.compressed_bits import compressed_bits
    from panglot.evaluation.ngram_bits import ngram_bits
    from panglot.vocabulary.tokenizer import Tokenizer

    key = [digest(train), digest(test)]
    found = {
        "xz": measured(place, "xz", key[1:], lambda step: compressed_bits(text=test, step=step)),
        "chars": measured(place, "chars", key, lambda step: ngram_bits(train=train, text=test, step=step)),
        "xz+": measured(place, "xz-after", key, lambda step: compressed_bits(text=test, train=train, step=step)),
        "bytes": measured(place, "bytes", key, lambda step: ngram_bits(train=train, text=test, unit="byte", step=step)),
    }
    if tokenizer is not None:
        cut = Tokenizer(tokenizer)
        found["tokens"] = measured(
            place,
            "tokens",
            [*key, digest_file(cut.path / "tokenizer.json")],
            lambda step: ngram_bits(train=train, text=test, unit="token", tokenizer=cut, step=step),
        )
    return found


def model(folder: str, test: Documents, place: Path) -> dict[str, float]:
    """Bits per byte of a model."""
    from panglot.evaluation.bits_per_byte import bits_per_byte
    from panglot.models.load import load

    with step_folder(place / "models" / digest_value(str(Path(folder).resolve()))[:12], seed=17) as step:
        loaded = load(name=folder, step=step)
    inputs = [loaded.digest, digest(test)]
    return measured(place, "model", inputs, lambda step: bits_per_byte(model=loaded, text=test, step=step))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--model", nargs="*", default=[], help="model folders")
    parser.add_argument("--tokenizer", type=Path, help="step folder of a tokenizer: 5-grams of its tokens too")
    given = parser.parse_args()
    train, test = (Documents.open(given.corpus / each) for each in ("train", "test"))
    place = given.corpus / "measured"
    found = baselines(train, test, place, given.tokenizer)
    for each in given.model:
        found[Path(each).name] = model(each, test, place)
    names = list(found)
    print(f"{'language':10} " + " ".join(f"{name[:12]:>12}" for name in names))
    for tag in sorted(test.counts):
        print(f"{tag:10} " + " ".join(f"{found[name].get(tag, float('nan')):12.3f}" for name in names))
    worse = {
        name: sorted(tag for tag in test.counts if found[name][tag] >= min(found[each][tag] for each in ("xz", "xz+", "chars")))
        for name in names
        if name in {Path(each).name for each in given.model}
    }
    for name, tags in worse.items():
        print(f"{name}: worse than xz or the 5-gram model of characters in {', '.join(tags) or 'no language'}")
    print(json.dumps({"bits_per_byte": found, "worse": worse}))


if __name__ == "__main__":
    main()
