"""`panglot claims`: what is asked and not there, and the plan. Nothing is trained here."""

import json
from pathlib import Path

import pytest
from calling import Panglot

from panglot.recipes.claims import CLAIMS


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("vocabulry",), ("'vocabulry'", "did you mean 'vocabulary'")),
        (("astrology",), ("'astrology'", "there are corpus, vocabulary")),
        (("vocabulary", "--only", "focsu"), ("'focsu'", "--only", "did you mean 'focus'")),
        (("vocabulary", "--only", "focus", "--only", "subword_mean"), ("'subword_mean'", "did you mean 'subword-mean'")),
        (("vocabulary", "--only", "π"), ("'π'", "transmi", "trimming")),
    ],
)
def test_what_is_not_there_is_one_line_with_a_suggestion(
    panglot: Panglot, arguments: tuple[str, ...], words: tuple[str, ...], tmp_path: Path
) -> None:
    outcome = panglot("claims", *arguments)
    assert outcome.code == 2
    assert len(outcome.err.strip().splitlines()) == 1 and outcome.last_error.startswith("panglot: ")
    for each in words:
        assert each in outcome.last_error
    assert not outcome.out and not (tmp_path / "runs").exists()


def test_without_a_room_it_says_so(panglot: Panglot) -> None:
    outcome = panglot("claims")
    assert outcome.code == 2
    assert "room" in outcome.err.lower()


def test_a_negative_seed_is_refused(panglot: Panglot) -> None:
    assert panglot("claims", "vocabulary", "--seed", "-1", "--dry-run").code == 2


def test_the_plan_of_one_claim(panglot: Panglot, tmp_path: Path) -> None:
    outcome = panglot("claims", "vocabulary", "--only", "focus", "--dry-run")
    assert outcome.code == 0, outcome.err
    for each in ("claims-vocabulary", "compared-focus", "focus-17", "random-19", "evaluation.trial", "nothing was written"):
        assert each in outcome.out
    assert "wechsel-17" not in outcome.out
    assert not (tmp_path / "runs").exists()


def test_the_plan_as_an_object(panglot: Panglot, tmp_path: Path) -> None:
    outcome = panglot("claims", "vocabulary", "--dry-run", "--json", "--out", "elsewhere")
    assert outcome.code == 0, outcome.err
    said = json.loads(outcome.out)
    assert (said["recipe"], said["run"]) == ("claims-vocabulary", "elsewhere")
    names = [each["name"] for each in said["steps"]]
    assert len(names) == len(set(names)) > 40
    assert {"compared-subword-mean", "compared-extension", "compared-factorised", "romanised-transmi", "trimmed"} <= set(names)
    assert {each["state"] for each in said["steps"]} <= {"to run", "after a change"}
    assert not outcome.err and not (tmp_path / "elsewhere").exists()


def test_several_claims_are_one_plan_in_which_shared_steps_stand_once(panglot: Panglot) -> None:
    def steps(*only: str) -> set[str]:
        asked = [each for name in only for each in ("--only", name)]
        return {
            each["name"] for each in json.loads(panglot("claims", "vocabulary", *asked, "--dry-run", "--json").out)["steps"]
        }

    one, other, both = steps("focus"), steps("subword-mean"), steps("subword-mean", "focus")
    assert both == one | other and {"base", "random-17", "mean-18"} <= one & other


def test_help_says_what_it_does(panglot: Panglot) -> None:
    outcome = panglot("claims", "--help")
    assert outcome.code == 0
    assert "--only" in outcome.out and "null results" in outcome.out
    assert all(room in outcome.out for room in CLAIMS)
