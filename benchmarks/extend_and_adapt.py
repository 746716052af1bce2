"""Does a larger vocabulary help? Languages that e5-small writes badly or not at all, taught with and without new pieces.

    python benchmarks/extend_and_adapt.py [--only div,nqo] [--seeds 1] [--no-training] [--out FOLDER]

Two arms with equal pairs, steps and seeds: `panglot adapt` as it is, and the same after `vocabulary.extend` with pieces from
other text of the language (khm, amh, nqo) or from the train side of the pairs (div). Printed for each language:

- tokens a character of the held-out texts, before and after. An unknown token counts as many tokens as the characters that it
  hides: a tokenizer that hides whole words would otherwise look like the best of all. `unknown` is the share of hidden
  characters. Where texts hold zero-width spaces, also what comes of them without these, and how far tokens could fall with
  them if every word were one token (most tokenizers make a space of them);
- in which share of the sentences of languages that are not taught the tokens change (the worst of eight languages);
- retrieval on held-out pairs before training, and after it in both arms, with the paired difference of the arms.

div is taught from the gettext catalogues of installed packages. nqo, khm, amh and tir need `../shared/data`; tir has text and
no pairs, so that it is measured without training.
"""

import argparse
import csv
import gzip
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapt_languages import SHARED, Source, chosen_pairs, read, write
from vocabulary_surgery import public_text

from panglot.languages import Language

MODEL = "embedded:e5-small"
METRIC = "accuracy_cosine"
LONGEST = 150
"""Most characters of the sentences of SIB-200 that are taught: long ones take many minutes on a processor."""
UNTAUGHT = ("eng_Latn", "deu_Latn", "ces_Latn", "pol_Latn", "swh_Latn", "hin_Deva", "tha_Thai", "zho_Hans")
ADD = {"div": 400, "nqo": 2000, "khm": 4500, "amh": 4000, "tir": 8000}
PAIRS = {"khm": Source("libreoffice_help", "tur"), "amh": Source("mafand", "swh")}
MORE_TEXT = {"khm": ("sib200", "html_pages"), "amh": ("amqa", "masakhanews", "semrel", "sib200")}


def parallel_sib200(language: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Pairs of SIB-200, which says the same in every language: the shorter ones, and the texts of the others."""
    english = {row["index_id"]: row["text"] for row in read(SHARED / "sib200" / "eng_Latn.tsv.gz")}
    path = next((SHARED / "sib200").glob(f"{language}_*.tsv.gz"))
    rows = [(row["text"], english[row["index_id"]]) for row in read(path)]
    short = [pair for pair in rows if max(map(len, pair)) <= LONGEST]
    return short, [text for text, other in rows if (text, other) not in set(short)]


def text_file(language: str, place: Path) -> Path | None:
    """Text of the language beside its pairs."""
    if language == "tir":
        lines = [each for part in ("dev", "test") for each in json_texts(SHARED / "masakhanews" / f"tir.{part}.jsonl.gz")]
    elif language == "nqo":
        lines = parallel_sib200(language)[1]
    elif language in MORE_TEXT:
        lines = public_text(SHARED, language, MORE_TEXT[language])
        if language in PAIRS:
            taken = {text for text, _ in chosen_pairs(PAIRS[language], language)}
            lines += [text for text, _ in PAIRS[language].pairs(language) if text not in taken]
    else:
        return None
    path = place / f"{language}.txt"
    path.write_text("\n".join(" ".join(each.split()) for each in lines) + "\n", encoding="utf-8")
    return path


def json_texts(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        yield from (json.loads(line)["text"] for line in stream)


def untaught_texts(place: Path) -> list[str]:
    """Files of the languages that are not taught: SIB-200, or nothing where it is absent."""
    found = []
    for tag in UNTAUGHT:
        source = SHARED / "sib200" / f"{tag}.tsv.gz"
        if source.is_file():
            path = place / f"{tag}.txt"
            path.write_text("\n".join(row["text"] for row in read(source)) + "\n", encoding="utf-8")
            found.append(f"{tag}={path}")
    return found


def recipe_of(language: str, place: Path, seeds: int) -> Any:
    """The recipe of `adapt`, with a second arm that starts from the extended model."""
    from panglot.recipes.adapt import Adaptation, adapt_recipe
    from panglot.recipes.recipe import Recipe, StepRecipe

    steps: dict[str, StepRecipe] = {}
    text = text_file(language, place)
    untaught = untaught_texts(place)
    if untaught:
        steps["untaught"] = StepRecipe("corpus.read_text", {"files": untaught})
    if text:
        steps["more"] = StepRecipe("corpus.read_text", {"files": [f"{language}={text}"]})
    extension: dict[str, Any] = {"model": "$base", "add": ADD[language]}
    if untaught:
        extension["retain"] = "$untaught"
    if language == "tir":
        steps["base"] = StepRecipe("models.load", {"name": MODEL})
        steps["held"] = StepRecipe("corpus.split_text", {"of": "$more", "test": 100})
        steps["extended"] = StepRecipe("vocabulary.extend", {**extension, "text": "$held.train"})
        return Recipe(name="extend-tir", seed=17, title="Extend e5-small for Tigrinya", steps=steps)
    pairs = []
    if language == "nqo":
        path = place / "sib200.tsv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, delimiter="\t").writerows([(language, "eng"), *parallel_sib200(language)[0]])
        pairs = [str(path)]
    elif language in PAIRS:
        pairs = [str(write(PAIRS[language], language, place))]
    wanted = Adaptation(Language.parse(language), pairs=pairs, retain=[Language(each) for each in UNTAUGHT[1:3]], seeds=seeds)
    plain = adapt_recipe(wanted)
    # read first, so that what follows can name it
    steps = {**steps, **{name: each for name, each in plain.steps.items() if name not in ("change", "report")}}
    steps["side"] = StepRecipe("corpus.side", {"of": "$train", "side": "source"})
    steps["extended"] = StepRecipe("vocabulary.extend", {**extension, "text": "$more" if text else "$side"})
    arms: dict[str, list[str]] = {"plain": [], "extended": []}
    for number in range(seeds):
        suffix = f"-{number + 1}" if number else ""
        tuned = plain.steps[f"tuned{suffix}"]
        steps[f"extended-tuned{suffix}"] = StepRecipe(tuned.use, {**tuned.parameters, "model": "$extended"}, tuned.seed)
        measured = plain.steps[f"after{suffix}"]
        steps[f"extended-after{suffix}"] = StepRecipe(
            measured.use, {**measured.parameters, "model": f"$extended-tuned{suffix}"}
        )
        arms["plain"].append(f"$after{suffix}")
        arms["extended"].append(f"$extended-after{suffix}")
    steps["change"] = StepRecipe(
        "evaluation.compare", {"before": "$before", "after": arms["extended"], "control": arms["plain"]}
    )
    return Recipe(name=f"extend-{language}", seed=17, title=f"Add {language} with and without new pieces", steps=steps)


def untrained(recipe: Any) -> Any:
    """The recipe without its trainings and measurements of models."""
    kept = ("corpus.", "models.", "vocabulary.")
    return replace(recipe, steps={name: each for name, each in recipe.steps.items() if each.use.startswith(kept)})


def visible_cost(vocabulary: Any, texts: list[str]) -> tuple[float, float]:
    """Tokens a character, hidden characters counted one by one, and the share of hidden characters."""
    from panglot.vocabulary.surface import surfaces, unknown_id

    unknown, spoken = unknown_id(vocabulary), surfaces(vocabulary)
    tokens, hidden, characters = 0, 0, 0
    for text, ids in zip(texts, vocabulary.encode(texts), strict=True):
        size = len("".join(text.split()))
        shown = sum(len((spoken[each] or b"").decode("utf-8", "ignore").strip()) for each in ids if each != unknown)
        lost = max(0, size - shown) if unknown in ids else 0
        tokens += sum(each != unknown for each in ids) + lost
        hidden, characters = hidden + lost, characters + size
    return tokens / characters, hidden / characters


def measured(language: str, outcome: Any, seeds: int) -> dict[str, Any]:
    from panglot.models.folder import inspect_folder
    from panglot.vocabulary.reading import read_vocabulary
    from panglot.vocabulary.word_counts import word_counts

    made = outcome.artifacts
    if language == "tir":
        texts = list(made["held"].test.texts())
    else:
        texts = [row["source_text"] for row in made["split"].test.rows() if row["source_language"].startswith(language)]
    before, after = (read_vocabulary(inspect_folder(made[each].path).network) for each in ("base", "extended"))
    costs = [visible_cost(each, texts) for each in (before, after)]
    joined = [each.replace("\u200b", "") for each in texts]
    figures = next(each.manifest.figures for each in outcome.steps if each.name == "extended")
    changed = {tag: each["changed"] for tag, each in figures.get("retained", {}).items()}
    found: dict[str, Any] = {
        "language": language,
        "added": figures["tokens"]["added"],
        "tokens_a_character": [round(each[0], 3) for each in costs],
        "fertility_change": round(costs[1][0] / costs[0][0] - 1, 3),
        "unknown": [round(each[1], 3) for each in costs],
        "untaught_changed": max(changed.values(), default=None),
    }
    if joined != texts:
        running = [visible_cost(each, joined)[0] for each in (before, after)]
        found["without_zero_width_spaces"] = round(running[1] / running[0] - 1, 3)
        found["one_token_a_word"] = round(sum(word_counts(before, texts).values()) / sum(map(len, before.encode(texts))) - 1, 3)
    if "change" in made:
        rows = [each for each in made["change"].table().to_pylist() if each["metric"] == METRIC]
        rows = [each for each in rows if each["language"].startswith(language)]
        over = next(each for each in rows if each["condition"] == "over control")
        values = {
            name: [value_of(made[f"{step}{f'-{number + 1}' if number else ''}"], language) for number in range(seeds)]
            for name, step in (("plain", "after"), ("extended", "extended-after"))
        }
        found |= {
            "pairs": len(made["train"]),
            "test": over["n"],
            "before": round(value_of(made["before"], language), 3),
            **{name: round(sum(each) / seeds, 3) for name, each in values.items()},
            "difference": [round(over[each], 3) for each in ("value", "ci_low", "ci_high")],
        }
    return found


def value_of(results: Any, language: str) -> float:
    rows = results.table().to_pylist()
    return float(next(r["value"] for r in rows if r["metric"] == METRIC and r["language"].startswith(language)))


def main() -> None:
    from panglot.recipes.runner import run

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(ADD))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--no-training", action="store_true", help="only what extension does to the text")
    parser.add_argument("--out", type=Path)
    said = parser.parse_args()
    out = said.out or Path(tempfile.mkdtemp(prefix="panglot-extend-"))
    found = []
    for language in said.only.split(","):
        if language != "div" and not SHARED.is_dir():
            print(f"{language} is left out: {SHARED} is not here", file=sys.stderr)
            continue
        place = out / f"inputs-{language}"
        place.mkdir(parents=True, exist_ok=True)
        recipe = recipe_of(language, place, said.seeds)
        if said.no_training:
            recipe = untrained(recipe)
        outcome = run(recipe, out / language)
        found.append(measured(language, outcome, said.seeds))
        print(json.dumps(found[-1]), flush=True)
    trained = [each for each in found if "plain" in each]
    if trained:
        ours, peer = (sum(each[name] for each in trained) / len(trained) for name in ("extended", "plain"))
        print(
            json.dumps(
                {
                    "benchmark": "extend_and_adapt",
                    "ours": round(ours, 3),
                    "peer": round(peer, 3),
                    "unit": "mean retrieval accuracy, with and without new pieces",
                    "ratio": round(ours / peer, 3),
                    "n": len(trained),
                    "seeds": said.seeds,
                }
            )
        )


if __name__ == "__main__":
    main()
