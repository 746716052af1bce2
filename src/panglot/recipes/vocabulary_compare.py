"""The recipe of `panglot vocabulary compare`: each initialisation on one model and text, before training and after it."""

from dataclasses import dataclass, field
from typing import Any, get_args

from panglot.artifacts import InputError, did_you_mean
from panglot.languages import Language
from panglot.recipes.recipe import Recipe, StepRecipe

NONE = "none"
CONTROLS = ("random", "mean", NONE)
UNFIT = {
    "transmi": "it needs a tokenizer with romanised pieces (vocabulary.transliterate_tokenizer)",
    "omp": "it needs a donor, a model that has the new pieces (vocabulary.initialise)",
}
"""Methods that have nothing to work with where pieces are learnt from text, and why."""


@dataclass(frozen=True)
class Comparison:
    """What a person asks of `panglot vocabulary compare`.

    Attributes:
        model: a model's name or folder.
        texts: files of text of the new language.
        methods: names; none for all that need nothing but what is given.
        retain: files of text of languages that the model knows: measured too, and what WECHSEL and OFA compare with.
        dictionary: file of word pairs for WECHSEL.
        language: the language that the report is about.
        add: pieces to add.
        steps: training steps.
        measure_after: further numbers of steps after which to measure.
        seeds: how many trainings of each arm.
        test: documents of each language held out.
        extension: whether the arm without extension is run too.
    """

    model: str
    texts: list[str]
    methods: list[str] = field(default_factory=list)
    retain: list[str] = field(default_factory=list)
    dictionary: str | None = None
    language: Language | None = None
    add: int = 1000
    steps: int = 100
    measure_after: list[int] = field(default_factory=list)
    seeds: int = 3
    test: float = 200
    batch_bytes: int = 16384
    sequence_length: int = 128
    learning_rate: float = 1e-4
    seed: int = 17
    extension: bool = True


def all_methods(*, with_old_text: bool) -> list[str]:
    """Names of the methods that need nothing but text: WECHSEL only where there is text of the old languages, `UNFIT` never."""
    from panglot.vocabulary.initialise.methods import Initialise

    found = []
    for each in get_args(get_args(Initialise)[0]):
        name = str(each.model_fields["method"].default)
        if name not in UNFIT and (name != "wechsel" or with_old_text):
            found.append(name)
    return found


def comparison_recipe(wanted: Comparison) -> Recipe:
    """Write the recipe that does what was asked.

    Raises:
        InputError: there is no such method, or it cannot be compared here; WECHSEL is asked for without text to compare with.
    """
    known = all_methods(with_old_text=True)
    methods = list(dict.fromkeys(wanted.methods or all_methods(with_old_text=bool(wanted.retain))))
    for each in methods:
        if each in UNFIT:
            raise InputError(f"{each} cannot be compared here: {UNFIT[each]}", where="--methods", fix="leave it out")
        if each == "wechsel" and not wanted.retain:
            raise InputError(
                "wechsel compares words of two languages, and there is text of one", where="--methods", fix="give --retain"
            )
        if each not in known:
            fix = did_you_mean(each, known) or f"there are {', '.join(known)}"
            raise InputError(f"no method is called {each!r}", where="--methods", fix=fix)
    steps = {
        "base": StepRecipe("models.load", {"name": wanted.model}),
        "text": StepRecipe("corpus.read_text", {"files": wanted.texts}),
        "split": StepRecipe("corpus.split_text", {"of": "$text", "test": wanted.test}),
    }
    shared: dict[str, Any] = {
        "text": "$split.train",
        "heldout": "$split.test",
        "steps": wanted.steps,
        "batch_bytes": wanted.batch_bytes,
        "sequence_length": wanted.sequence_length,
        "learning_rate": wanted.learning_rate,
    }
    if wanted.measure_after:
        shared["measure_after"] = wanted.measure_after
    extension: dict[str, Any] = {"tokenizer": "$tokenizer", "text": "$split.train", "add": wanted.add}
    if wanted.retain:
        steps["retained"] = StepRecipe("corpus.read_text", {"files": wanted.retain})
        steps["retained_split"] = StepRecipe("corpus.split_text", {"of": "$retained", "test": wanted.test})
        shared["heldout"] = ["$split.test", "$retained_split.test"]
        extension["retain"] = "$retained_split.test"
    steps["tokenizer"] = StepRecipe("vocabulary.load", {"name": wanted.model})
    steps["extended"] = StepRecipe("vocabulary.extend_tokenizer", extension)
    trials = []
    for arm in [*methods, *([NONE] if wanted.extension else [])]:
        for number in range(wanted.seeds):
            name = f"{arm}-{number + 1}"
            parameters = {"model": "$base", "arm": arm, **shared}
            if arm != NONE:
                parameters |= {"tokenizer": "$extended", "initialise": _method(arm, wanted)}
                if wanted.retain:
                    parameters["source"] = "$retained_split.train"
            steps[name] = StepRecipe("evaluation.trial", parameters, wanted.seed + number if number else None)
            trials.append(f"${name}")
    controls = [each for each in CONTROLS if each in methods or (each == NONE and wanted.extension)]
    steps["compared"] = StepRecipe("evaluation.compare_trials", {"trials": trials, "controls": controls})
    page: dict[str, Any] = {"compared": "$compared", "trials": trials, "text": "$split.train"}
    if wanted.language:
        page["language"] = wanted.language.tag
    title = f"Initialisations compared on {wanted.model}"
    steps["report"] = StepRecipe("report.vocabulary_compare", {**page, "title": title})
    return Recipe(
        name="compare-vocabulary",
        seed=wanted.seed,
        title=title,
        description=f"{wanted.add:,} pieces added for one text; {len(methods)} initialisations, each measured before training "
        f"and after {wanted.steps} steps, with {wanted.seeds} seeds.",
        steps=steps,
    )


def _method(name: str, wanted: Comparison) -> Any:
    if name == "wechsel" and wanted.dictionary:
        return {"method": name, "dictionary": wanted.dictionary}
    return name
