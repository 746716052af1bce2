"""The recipe of `panglot adapt`: teach a model a language from sentence pairs, with a control, and measure what came of it."""

from dataclasses import dataclass, field
from pathlib import Path

from panglot.artifacts import InputError
from panglot.languages import Language
from panglot.recipes.recipe import Recipe, StepRecipe

DEFAULT_RETAINED = ("deu_Latn", "ces_Latn", "pol_Latn", "swh_Latn")
"""Measured where nothing else is asked: a large language, two of one family, and one far from them."""

DEFAULT_CONTROLS = ("deu_Latn", "fra_Latn", "spa_Latn")
CATALOGUES = "catalogues"


@dataclass(frozen=True)
class Adaptation:
    """What a person asks of `panglot adapt`.

    Attributes:
        language: the language to teach.
        model: a model's name or folder.
        pairs: files of sentence pairs; none: the gettext catalogues of the installed packages.
        pivot: the language on the other side of the pairs.
        retain: languages that must not get worse; their pairs come from the catalogues, or from `retain_pairs`.
        retain_pairs: files of pairs by language, for retained languages and the control.
        control: language of the control; None for no control.
        seeds: how many trainings with different seeds; the report gives their mean.
    """

    language: Language
    model: str = "embedded:e5-small"
    pairs: list[str] = field(default_factory=list)
    pivot: Language = field(default_factory=lambda: Language("eng_Latn"))
    retain: list[Language] = field(default_factory=list)
    retain_pairs: dict[Language, list[str]] = field(default_factory=dict)
    control: Language | None = None
    epochs: int = 5
    batch_size: int = 32
    learning_rate: float = 1e-4
    test: int = 120
    min_words: int = 3
    seed: int = 17
    seeds: int = 1

    @property
    def name(self) -> str:
        return f"add-{self.language.code}"


def adapt_recipe(wanted: Adaptation) -> Recipe:
    """Write the recipe that does what was asked; a person can read it, edit it and share it.

    Raises:
        InputError: the pivot given as the language, or a retained language that is the language itself.
    """
    _check(wanted)
    language, control = wanted.language, wanted.control
    others = sorted({*wanted.retain, *([control] if control else [])} - {language})
    steps: dict[str, StepRecipe] = {}
    sources = _sources(wanted, others, steps)
    if len(sources) == 1:
        pairs = sources[0]
    else:
        steps["pairs"] = StepRecipe("corpus.merge", {"of": sources})
        pairs = "$pairs"
    steps["clean"] = StepRecipe("corpus.clean", {"of": pairs, "min_words": wanted.min_words})
    steps["split"] = StepRecipe("corpus.split", {"of": "$clean", "test": wanted.test})
    steps["train"] = StepRecipe("corpus.select", {"of": "$split.train", "languages": [language.tag]})
    if control:
        selection = {"of": "$split.train", "languages": [control.tag], "match": "$train"}
        steps["control_train"] = StepRecipe("corpus.select", selection)
    steps["base"] = StepRecipe("models.load", {"name": wanted.model})
    steps["before"] = _measured("$base", "before")
    arms = {"tuned": ("$train", "after")} | ({"control": ("$control_train", "control")} if control else {})
    measured: dict[str, list[str]] = {condition: [] for _, condition in arms.values()}
    for number in range(wanted.seeds):
        suffix = "" if number == 0 else f"-{number + 1}"
        seed = None if number == 0 else wanted.seed + number
        for arm, (train, condition) in arms.items():
            model, result = f"{arm}{suffix}", f"{condition if arm == 'tuned' else 'control_after'}{suffix}"
            steps[model] = _trained(wanted, train, seed)
            steps[result] = _measured(f"${model}", condition)
            measured[condition].append(f"${result}")
    compared = {"before": "$before", "after": measured["after"]} | ({"control": measured["control"]} if control else {})
    steps["change"] = StepRecipe("evaluation.compare", compared)
    page = {"change": "$change", **compared, "model": "$tuned", "language": language.tag}
    page["retained"] = [each.tag for each in wanted.retain if each != language]
    if control:
        page["control_language"] = control.tag
    steps["report"] = StepRecipe("report.page", page)
    source = ", ".join(Path(each).name for each in wanted.pairs) or "gettext catalogues"
    against = f", and against the same training on {control.name}" if control else ""
    return Recipe(
        name=wanted.name,
        seed=wanted.seed,
        title=f"Add {language.name} to {wanted.model}",
        description=f"Sentence pairs {language.name}-{wanted.pivot.name} from {source}; contrastive fine-tuning; "
        f"measured before, after{against}.",
        steps=steps,
    )


def _check(wanted: Adaptation) -> None:
    if wanted.language == wanted.pivot:
        raise InputError(
            f"{wanted.language.name} is both the language and the pivot",
            fix="--language is the one to teach; --pivot is the one that its pairs are translated to",
        )
    for each in (*wanted.retain, *([wanted.control] if wanted.control else [])):
        if each == wanted.pivot:
            raise InputError(
                f"{each.name} is the pivot and can be neither retained nor the control: it has no pairs with itself"
            )
    if wanted.control == wanted.language:
        raise InputError(
            f"the control must be another language than {wanted.language.name}", fix="give --control deu, or --control none"
        )


def _sources(wanted: Adaptation, others: list[Language], steps: dict[str, StepRecipe]) -> list[str]:
    pivot = wanted.pivot.tag
    harvested = [each for each in others if each not in wanted.retain_pairs]
    if wanted.pairs:
        reading = {"files": wanted.pairs, "language": wanted.language.tag, "pivot": pivot}
        steps["own"] = StepRecipe("corpus.read_pairs", reading)
    else:
        harvested.insert(0, wanted.language)
    if harvested:
        languages = [each.tag for each in harvested]
        steps["harvest"] = StepRecipe("corpus.harvest_gettext", {"languages": languages, "pivot": pivot})
    for each in others:
        if each in wanted.retain_pairs:
            reading = {"files": wanted.retain_pairs[each], "language": each.tag, "pivot": pivot}
            steps[f"pairs-{each.code}"] = StepRecipe("corpus.read_pairs", reading)
    return [f"${name}" for name in steps]


def _measured(model: str, condition: str) -> StepRecipe:
    return StepRecipe("evaluation.bitext_retrieval", {"model": model, "pairs": "$split.test", "condition": condition})


def _trained(wanted: Adaptation, train: str, seed: int | None) -> StepRecipe:
    settings = {"epochs": wanted.epochs, "batch_size": wanted.batch_size, "learning_rate": wanted.learning_rate}
    return StepRecipe("alignment.contrastive", {"model": "$base", "pairs": train, **settings}, seed)
