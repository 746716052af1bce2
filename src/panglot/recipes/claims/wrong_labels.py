"""Claims: the corpus filters CF1 and CF2 of Glot500 find corpora under a wrong label, and accuse no right one.

The right corpora are Django's catalogues. What is planted beside them comes from the other packages of the extra `demo`, so
that a wrong corpus and the right one of its true language share no text.
"""

from panglot.artifacts import Artifact
from panglot.corpus.checks.corpora import CorpusCheck
from panglot.corpus.checks.plant_labels import PlantedLabels
from panglot.evaluation.statistics import wilson
from panglot.recipes.adapt import DEMO_PACKAGES
from panglot.recipes.claims.claim import Artifacts, Claim, Finding, outcome_below
from panglot.recipes.recipe import StepRecipe


def _tags(**codes: str) -> tuple[str, ...]:
    return tuple(sorted(f"{code}_{script}" for script, found in codes.items() for code in found.split()))


RIGHT = _tags(
    Latn="afr als azj bos bre cat ces cym dan deu dsb est eus fin fra gla gle glg hrv hsb hun ind isl ita lit "
    "lvs nld nno nob pol por ron slk slv spa srp swe swh tuk tur uzn vie zsm",
    Cyrl="bel bul kaz khk kir mkd oss rus srp tat tgk ukr",
    Arab="arb ckb pes uig urd",
    Deva="hin mar npi",
    Armn="hye",
    Beng="ben",
    Geor="kat",
    Grek="ell",
    Hang="kor",
    Hans="zho",
    Hant="zho",
    Hebr="heb",
    Jpan="jpn",
    Mlym="mal",
    Thai="tha",
)
"""Natural languages of which Django has at least 8,000 characters."""
PLANTED = _tags(
    Latn="als azj cat ces cym dan deu est eus fin fra glg hrv hun ind isl ita lit lvs nld nob pol por ron slk "
    "slv spa srp swe tur uzn",
    Cyrl="bel bul khk kir rus srp ukr",
    Arab="arb pes uig",
    Deva="hin",
    Geor="kat",
    Grek="ell",
    Hang="kor",
    Hans="zho",
    Hant="zho",
    Hebr="heb",
    Jpan="jpn",
    Thai="tha",
)
"""Those of them of which the other packages have as many."""
FOUND, ACCUSED = 0.9, 0.1
SCRIPT = ("script",)
LANGUAGE = ("outside_family", "same_language")
_MEASURE = (
    f"Share of planted corpora that are flagged (claimed: above {FOUND:.0%}), and of {len(RIGHT)} right corpora in 15 "
    f"scripts that are flagged where none is planted (claimed: below {ACCUSED:.0%}); Wilson intervals."
)


def _steps(*kinds: str) -> dict[str, StepRecipe]:
    harvest = "corpus.harvest_gettext"
    steps = {
        "label_right_pairs": StepRecipe(harvest, {"languages": list(RIGHT), "packages": list(DEMO_PACKAGES[:1])}),
        "label_other_pairs": StepRecipe(harvest, {"languages": list(PLANTED), "packages": list(DEMO_PACKAGES[1:])}),
        "label_right": StepRecipe("corpus.side", {"of": "$label_right_pairs", "side": "source"}),
        "label_other": StepRecipe("corpus.side", {"of": "$label_other_pairs", "side": "source"}),
        "label_checked": StepRecipe("corpus.check_corpora", {"of": "$label_right"}),
    }
    for kind in kinds:
        planted = {"of": "$label_right", "text": "$label_other", "kind": kind}
        steps[f"label_{kind}"] = StepRecipe("corpus.plant_labels", planted)
        steps[f"label_{kind}_checked"] = StepRecipe("corpus.check_corpora", {"of": f"$label_{kind}"})
    return steps


def _flagged(check: Artifact, flags: tuple[str, ...], corpora: set[str] | None = None) -> tuple[int, int]:
    """Of some corpora, or of all, how many have one of the flags, and how many there are."""
    assert isinstance(check, CorpusCheck)
    rows = [row for row in check.rows if corpora is None or row["corpus"] in corpora]
    return sum(not set(flags).isdisjoint(row["flags"]) for row in rows), len(rows)


def _found(artifacts: Artifacts, kind: str, flags: tuple[str, ...], *, counts: bool = True) -> Finding:
    """How many corpora planted so are flagged; beside it, how many of the right ones then are."""
    planted, check = artifacts[f"label_{kind}"], artifacts[f"label_{kind}_checked"]
    assert isinstance(planted, PlantedLabels)
    assert isinstance(check, CorpusCheck)
    found, there = _flagged(check, flags, set(planted.planted))
    accused, right = _flagged(check, flags, {row["corpus"] for row in check.rows} - set(planted.planted))
    interval = wilson(found, there)
    outcome = outcome_below(-interval.high, -interval.low, bound=-FOUND)
    arms = {"planted": found / there, "right ones beside": accused / right}
    what = f"{kind.replace('_', ' ')}: flagged of {there} planted"
    return Finding(what, found / there, interval.low, interval.high, arms, outcome, counts)


def _accused(artifacts: Artifacts, flags: tuple[str, ...]) -> Finding:
    found, there = _flagged(artifacts["label_checked"], flags)
    low, high = wilson(found, there)
    outcome = outcome_below(low, high, bound=ACCUSED)
    return Finding(f"flagged of {there} right corpora", found / there, low, high, {"right": found / there}, outcome)


def _control(artifacts: Artifacts) -> Finding:
    """Glot500's rule as it stands: inspect each corpus whose nearest one is outside the family."""
    check = artifacts["label_checked"]
    assert isinstance(check, CorpusCheck)
    found = sum(row["groups_shared"] == 0 for row in check.rows)
    low, high = wilson(found, len(check.rows))
    share = found / len(check.rows)
    what = f"nearest corpus outside the family, without the ratio: of {len(check.rows)} right corpora"
    return Finding(what, share, low, high, {"right": share}, outcome_below(low, high, bound=ACCUSED), False)


WRONG_SCRIPTS = Claim(
    "wrong-scripts",
    "A corpus most of whose letters are not of the label's script is found, and no right one is accused (CF1).",
    "ImaniGooghari et al. 2023, Glot500",
    f"{_MEASURE} A language of another script is the label; in brackets, half of the text is right.",
    lambda: _steps("other_script", "half_other_script"),
    lambda artifacts: [
        _found(artifacts, "other_script", SCRIPT),
        _accused(artifacts, SCRIPT),
        _found(artifacts, "half_other_script", SCRIPT, counts=False),
    ],
)
WRONG_LANGUAGES = Claim(
    "wrong-languages",
    "Divergence of perplexity finds a corpus in another language than its label's, in the same script, and accuses no right "
    "one (CF2).",
    "ImaniGooghari et al. 2023, Glot500",
    f"{_MEASURE} The label is an unrelated language or a relative that is no sibling; in brackets, a sibling, and corpora of "
    "which half is right.",
    lambda: _steps("unrelated", "related", "sibling", "half_unrelated"),
    lambda artifacts: [
        _found(artifacts, "unrelated", LANGUAGE),
        _found(artifacts, "related", LANGUAGE),
        _accused(artifacts, LANGUAGE),
        _found(artifacts, "sibling", LANGUAGE, counts=False),
        _found(artifacts, "half_unrelated", LANGUAGE, counts=False),
        _control(artifacts),
    ],
)
