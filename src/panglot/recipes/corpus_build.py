"""The recipe of `panglot corpus build`: raw text to clean, deduplicated documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from panglot.artifacts import ERROR_BUDGET, InputError
from panglot.corpus.read_text import plan as readings_of
from panglot.languages import Language
from panglot.recipes.recipe import Recipe, StepRecipe

NAME = "corpus-build"


@dataclass(frozen=True)
class Build:
    """What a person asks of `panglot corpus build`.

    Attributes:
        files: files, folders and named data sets, each with its language in front where that is known: `hsb=notes.txt`.
        languages: keep these only; none keeps all.
        identify: find out the language of each document; None does where a file's name does not say it.
        unit: what a document is in a plain text file.
        personal: mask e-mail addresses, telephone numbers and their like.
        near: look for near duplicates, beside the exact ones.
        thresholds: a folder of estimated thresholds; without it those that come with Panglot.
        error_budget: share of the documents of a step that may be quarantined before the build stops.
    """

    files: Sequence[str]
    languages: Sequence[Language] = ()
    identify: bool | None = None
    unit: str = "paragraph"
    personal: bool = True
    near: bool = True
    thresholds: str | None = None
    error_budget: float = ERROR_BUDGET
    seed: int = 17


def build_recipe(asked: Build) -> Recipe:
    """The recipe that does what is asked.

    Raises:
        InputError: no file is given, or one of them cannot be used.
    """
    if not asked.files:
        raise InputError("no file is given", fix="name at least one file, folder or data set with text")
    steps: dict[str, StepRecipe] = {}
    last = ""

    def add(name: str, use: str, **parameters: Any) -> None:
        steps[name] = StepRecipe(use, parameters)

    def follow(name: str, use: str, **parameters: Any) -> None:
        nonlocal last
        add(name, use, **({"of": f"${last}"} if last else {}), **parameters)
        last = name

    follow("read", "corpus.read_text", files=list(asked.files), unit=asked.unit)
    if _must_identify(asked):
        add("labels", "corpus.identify", of="$read")
        follow("assigned", "corpus.assign", labels="$labels")
    if asked.languages:
        follow("chosen", "corpus.keep_languages", languages=[each.tag for each in asked.languages])
    follow("cleaned", "corpus.clean_text")
    add("copies", "corpus.exact_duplicates", of="$cleaned")
    follow("unique", "corpus.deduplicate", clusters="$copies")
    add("thresholds", "corpus.known_thresholds", **({} if asked.thresholds is None else {"folder": asked.thresholds}))
    add("signals", "corpus.signals", of="$unique", thresholds="$thresholds")
    follow("filtered", "corpus.filter", signals="$signals", thresholds="$thresholds")
    if asked.personal:
        follow("masked", "corpus.mask_personal")
    if asked.near:
        add("likenesses", "corpus.near_duplicates", of=f"${last}")
        follow("deduplicated", "corpus.deduplicate", clusters="$likenesses")
    return Recipe(name=NAME, title="Build a corpus", seed=asked.seed, steps=steps, error_budget=asked.error_budget)


def _must_identify(asked: Build) -> bool:
    if asked.identify is not None:
        return asked.identify
    return any(each.language is None for said in asked.files for each in readings_of(said))
