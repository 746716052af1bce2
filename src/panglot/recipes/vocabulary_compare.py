"""The recipe of `panglot vocabulary compare`: each initialisation on one model and text, before training and after it."""

from dataclasses import dataclass, field
from typing import Any, get_args

from panglot.artifacts import InputError, did_you_mean
from panglot.languages import Language
from panglot.recipes.recipe import Recipe, StepRecipe
from panglot.report.wording import count

NONE = "none"
CONTROLS = ("random", "mean", NONE)
_EXACTING = ("wechsel", "ofa")
"""Methods that refuse a text whose words are too rare, or that shares none with the old languages."""


@dataclass(frozen=True)
class Comparison:
    """What a person asks of `panglot vocabulary compare`.

    Attributes:
        model: a model's name or folder.
        texts: files of text of the new language.
        methods: names; none for all that need nothing but what is given.
        retain: files of text of languages that the model knows: measured too, and what WECHSEL and OFA compare with.
        dictionary: file of word pairs for WECHSEL.
        language: the language that the report is about, and that of texts that do not say theirs.
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
    """Names of the methods that can make rows for new pieces from nothing but text: WECHSEL only where there is text of the
    old languages; TransMI never, as its rows are for the pieces of a romanised tokenizer; none that has a parameter without a
    default.

    Example:
        >>> {"wechsel", "transmi", "omp"} & set(all_methods(with_old_text=False))
        set()
    """
    left_out = {"transmi"} if with_old_text else {"transmi", "wechsel"}
    return [name for name, needed in _methods().items() if not needed and name not in left_out]


def _methods() -> dict[str, list[str]]:
    """Every method, with its parameters that have no default."""
    from panglot.vocabulary.initialise.methods import Initialise

    found = {}
    for each in get_args(get_args(Initialise)[0]):
        fields = each.model_fields
        found[str(fields["method"].default)] = [name for name, one in fields.items() if one.is_required()]
    return found


def _refuse(name: str, known: list[str]) -> InputError:
    """Why a method cannot be compared."""
    if name == "transmi":
        what, fix = "TransMI makes rows for a romanised tokenizer, not for added pieces", "`vocabulary.transliterate_tokenizer`"
        return InputError(what, where="--methods", fix=f"write a recipe with {fix}")
    if needed := _methods().get(name):
        fix = f"write a recipe with {{method: {name}, {needed[0]}: …}}; this one can be had with --show-recipe"
        return InputError(f"{name} needs {', '.join(needed)}, which has no default", where="--methods", fix=fix)
    fix = did_you_mean(name, known) or f"there are {', '.join(known)}"
    return InputError(f"no method is called {name!r}", where="--methods", fix=fix)


def comparison_recipe(wanted: Comparison) -> Recipe:
    """Write the recipe that does what was asked.

    Raises:
        InputError: there is no such method, or what it needs is not given; `measure_after` names a step that is not one of the
            training.
    """
    known = all_methods(with_old_text=True)
    methods = list(dict.fromkeys(wanted.methods or all_methods(with_old_text=bool(wanted.retain))))
    for each in methods:
        if each not in known:
            raise _refuse(each, known)
    if "wechsel" in methods and not wanted.retain:
        raise InputError(
            "WECHSEL compares words with those of a language that the model knows", where="--methods", fix="give --retain"
        )
    if wanted.dictionary and "wechsel" not in methods:
        fix = "give --retain too" if not wanted.retain else "name it in --methods"
        raise InputError("a dictionary is for WECHSEL, which is not among the methods", where="--dictionary", fix=fix)
    outside = sorted(each for each in wanted.measure_after if not 0 <= each <= wanted.steps)
    if outside:
        raise InputError(
            f"there is no step {outside[0]} in a training of {wanted.steps}",
            where="--measure-after",
            fix=f"name steps from 1 to {wanted.steps}",
        )
    spoken = {"language": wanted.language.tag} if wanted.language else {}
    steps = {
        "base": StepRecipe("models.load", {"name": wanted.model}),
        "text": StepRecipe("corpus.read_text", {"files": wanted.texts, **spoken}),
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
        shared["measure_after"] = sorted(set(wanted.measure_after))
    extension: dict[str, Any] = {"tokenizer": "$tokenizer", "text": "$split.train", "add": wanted.add}
    if wanted.retain:
        steps["retained"] = StepRecipe("corpus.read_text", {"files": wanted.retain})
        steps["retained_split"] = StepRecipe("corpus.split_text", {"of": "$retained", "test": wanted.test})
        shared["heldout"] = ["$split.test", "$retained_split.test"]
        extension["retain"] = "$retained_split.test"
    steps["tokenizer"] = StepRecipe("vocabulary.load", {"name": wanted.model})
    steps["extended"] = StepRecipe("vocabulary.extend_tokenizer", extension)
    trials = []
    # those first that may refuse the text: better before the others are trained than after
    in_order = sorted(methods, key=lambda each: each not in _EXACTING)
    for arm in [*in_order, *([NONE] if wanted.extension else [])]:
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
    page: dict[str, Any] = {"compared": "$compared", "trials": trials, "text": "$split.train", **spoken}
    title = f"Initialisations compared on {wanted.model}"
    steps["report"] = StepRecipe("report.vocabulary_compare", {**page, "title": title})
    return Recipe(
        name="compare-vocabulary",
        seed=wanted.seed,
        title=title,
        description=f"{count(wanted.add, 'piece')} added for one text; {count(len(methods), 'initialisation')}, each measured "
        f"before training and after {count(wanted.steps, 'step')}, with {count(wanted.seeds, 'seed')}.",
        steps=steps,
    )


def _method(name: str, wanted: Comparison) -> Any:
    if name == "wechsel" and wanted.dictionary:
        return {"method": name, "dictionary": wanted.dictionary}
    return name
