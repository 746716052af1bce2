"""The recipe of `panglot adapt`: teach a model a language from sentence pairs, with a control, and measure what came of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from panglot.artifacts import InputError
from panglot.languages import Language
from panglot.recipes.recipe import Recipe, StepRecipe

DEFAULT_RETAINED = ("deu_Latn", "ces_Latn", "pol_Latn", "swh_Latn")
"""Measured where nothing else is asked: a large language, two of one family, and one far from them."""

DEFAULT_CONTROLS = ("deu_Latn", "fra_Latn", "spa_Latn")
RETAINED_PAIRS = 400
"""Pairs of retained text to hold still, over all retained languages: enough for a new handful in every step."""

DEMO_PACKAGES = ("django", "wagtail", "django-allauth", "djangorestframework", "sphinx")
"""Packages of the extra `demo`: naming them keeps the harvest the same whatever else is installed."""


@dataclass(frozen=True)
class Adaptation:
    """What a person asks of `panglot adapt`.

    Attributes:
        language: the language to teach.
        model: a model's name or folder.
        pairs: files of sentence pairs; none: the gettext catalogues of the installed packages.
        packages: whose catalogues to read; none: those of every installed package.
        pivot: the language on the other side of the pairs.
        retain: languages that must not get worse; their pairs come from the catalogues, or from `retain_pairs`.
        retain_pairs: files of pairs by language, for retained languages and the control.
        retention_weight: above 0, training also holds the vectors of retained text where they were, in every arm alike. The
            languages of the controls are left out of it: holding them still would weaken their control.
        control: language of the control; None for no control.
        relative: language of a second control, a relative of the language: what it gains is kinship; None for none.
        seeds: how many trainings with different seeds; the report gives their mean.
    """

    language: Language
    model: str = "embedded:e5-small"
    pairs: list[str] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    pivot: Language = field(default_factory=lambda: Language("eng_Latn"))
    retain: list[Language] = field(default_factory=list)
    retain_pairs: dict[Language, list[str]] = field(default_factory=dict)
    control: Language | None = None
    relative: Language | None = None
    epochs: int = 5
    batch_size: int = 32
    learning_rate: float = 1e-4
    retention_weight: float = 0.0
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
    language = wanted.language
    controls = {name: each for name, each in (("control", wanted.control), ("relative", wanted.relative)) if each}
    others = sorted({*wanted.retain, *controls.values()} - {language})
    steps: dict[str, StepRecipe] = {}
    sources = _sources(wanted, others, steps)
    pairs = sources[0]
    if len(sources) > 1:
        steps["pairs"] = StepRecipe("corpus.merge", {"of": sources})
        pairs = "$pairs"
    steps["clean"] = StepRecipe("corpus.clean", {"of": pairs, "min_words": wanted.min_words})
    steps["split"] = StepRecipe("corpus.split", {"of": "$clean", "test": wanted.test})
    steps["train"] = StepRecipe("corpus.select", {"of": "$split.train", "languages": [language.tag]})
    for arm, each in controls.items():
        selection = {"of": "$split.train", "languages": [each.tag], "match": "$train"}
        steps[f"{arm}_train"] = StepRecipe("corpus.select", selection)
    if held := _held(wanted):
        steps["retained_train"] = StepRecipe(
            "corpus.select", {"of": "$split.train", "languages": held, "limit": RETAINED_PAIRS}
        )
    steps["base"] = StepRecipe("models.load", {"name": wanted.model})
    steps["before"] = _measured("$base", "before")
    after = _arm(wanted, "tuned", "$train", "after", steps)
    measured = {arm: _arm(wanted, arm, f"${arm}_train", f"{arm}_after", steps) for arm in controls}
    compared: dict[str, Any] = {"before": "$before", "after": after}
    with_control = {"control": measured["control"]} if "control" in measured else {}
    steps["change"] = StepRecipe("evaluation.compare", {**compared, **with_control})
    page: dict[str, Any] = {"change": "$change", **compared, **with_control, "model": "$tuned", "language": language.tag}
    page["retained"] = [each.tag for each in wanted.retain if each != language]
    if wanted.control:
        page["control_language"] = wanted.control.tag
    if wanted.relative:
        steps["relative_change"] = StepRecipe("evaluation.compare", {**compared, "control": measured["relative"]})
        page |= {
            "relative": measured["relative"],
            "relative_language": wanted.relative.tag,
            "relative_change": "$relative_change",
        }
    steps["report"] = StepRecipe("report.page", page)
    source = ", ".join(Path(each).name for each in wanted.pairs) or "gettext catalogues"
    against = "".join(f", and against the same training on {each.name}" for each in controls.values())
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
    for each in (*wanted.retain, wanted.control, wanted.relative):
        if each is not None and each == wanted.pivot:
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
        harvest: dict[str, Any] = {"languages": [each.tag for each in harvested], "pivot": pivot}
        if wanted.packages:
            harvest["packages"] = wanted.packages
        steps["harvest"] = StepRecipe("corpus.harvest_gettext", harvest)
    for each in others:
        if each in wanted.retain_pairs:
            reading = {"files": wanted.retain_pairs[each], "language": each.tag, "pivot": pivot}
            steps[f"pairs-{each.code}"] = StepRecipe("corpus.read_pairs", reading)
    return [f"${name}" for name in steps]


def _arm(wanted: Adaptation, arm: str, train: str, result: str, steps: dict[str, StepRecipe]) -> str | list[str]:
    """A training and its measurement for each seed; gives the reference of the measurement, or one for each seed."""
    found = []
    for number in range(wanted.seeds):
        suffix = f"-{number + 1}" if number else ""
        steps[f"{arm}{suffix}"] = _trained(wanted, train, wanted.seed + number if number else None)
        steps[f"{result}{suffix}"] = _measured(f"${arm}{suffix}", result)
        found.append(f"${result}{suffix}")
    return found if len(found) > 1 else found[0]


def _measured(model: str, condition: str) -> StepRecipe:
    return StepRecipe("evaluation.bitext_retrieval", {"model": model, "pairs": "$split.test", "condition": condition})


def _held(wanted: Adaptation) -> list[str]:
    """Tags of the languages whose vectors training holds still."""
    if wanted.retention_weight <= 0:
        return []
    return [each.tag for each in wanted.retain if each not in (wanted.language, wanted.control, wanted.relative)]


def _trained(wanted: Adaptation, train: str, seed: int | None) -> StepRecipe:
    settings: dict[str, Any] = {"epochs": wanted.epochs, "batch_size": wanted.batch_size, "learning_rate": wanted.learning_rate}
    if _held(wanted):
        settings |= {"retain": "$retained_train", "retention_weight": wanted.retention_weight}
    return StepRecipe("alignment.contrastive", {"model": "$base", "pairs": train, **settings}, seed)
