"""The page of sources: what it says of a case by hand, how it marks cells, and what it refuses."""

from pathlib import Path

import pytest

from panglot.artifacts import InputError, step_folder
from panglot.evaluation.results import Measurement, Results, write_results
from panglot.evaluation.transfer.compare_sources import compare_sources
from panglot.report.overview import overview
from panglot.report.page import Page, read_facts
from panglot.report.sources_page import draw_sources, sources_page

GAIN = "accuracy_gain_over_english"
# the gain and its corrected p, by what was learnt and what is tested
SMALL = {
    "swh_Latn": {"tha_Thai": (0.2, 0.01), "urd_Arab": (-0.1, 0.2), "yor_Latn": (0.05, 0.5)},
    "yor_Latn": {"tha_Thai": (0.1, 0.3), "urd_Arab": (-0.3, 0.001), "swh_Latn": (-0.2, 0.04)},
}
LARGE = {
    "swh_Latn": {"tha_Thai": (0.0, 1.0), "urd_Arab": (-0.1, 0.2), "yor_Latn": (-0.05, 0.5)},
    "yor_Latn": {"tha_Thai": (-0.1, 0.3), "urd_Arab": (-0.3, 0.001), "swh_Latn": (-0.2, 0.04)},
}


def results(folder: Path, model: str, gains: dict[str, dict[str, tuple[float, float]]]) -> Results:
    rows = [
        Measurement(model, "t", "r", tag, f"train {source}", GAIN, value, 10, value - 0.1, value + 0.1, "task:t", p, p)
        for source, found in gains.items()
        for tag, (value, p) in found.items()
    ]
    with step_folder(folder, seed=17) as step:
        write_results(step.out, rows)
    return Results(folder)


def page(run: Path, *models: Results) -> Page:
    with step_folder(run / "steps" / "sources", seed=17) as step:
        compare_sources(results=list(models), step=step)
    comparison = Results(run / "steps" / "sources")
    with step_folder(run / "steps" / "page", seed=17, volatile=Page.volatile) as step:
        sources_page(comparison=comparison, results=list(models), step=step)
    return Page(run / "steps" / "page")


def test_a_case_by_hand(tmp_path: Path) -> None:
    steps = tmp_path / "run" / "steps"
    page(tmp_path / "run", results(steps / "one", "small", SMALL), results(steps / "two", "<large>", LARGE))
    facts = read_facts(steps / "page")
    assert facts["headline"]["sentence"] == (
        "With small English is the best language to learn t in for 2 of 4 languages, with <large> for 4."
    )
    assert facts["headline"]["more"] == [
        "With small another one is better beyond chance: Swahili for 1.",
        "With <large> no other one is better beyond chance.",
    ]
    small, large = facts["models"]
    place = {each["tag"]: at for at, each in enumerate(facts["languages"])}
    assert [small["best"][place[tag]]["name"] for tag in ("tha_Thai", "urd_Arab", "swh_Latn")] == [
        "Swahili",
        "English",
        "English",
    ]
    assert (small["shown_better"], small["shown_worse"], large["apart"]["value"]) == (1, 1, pytest.approx(-0.075))
    swahili = small["cells"][0]
    # nothing is tested in what was learnt; the best source is marked where it is above English
    assert swahili[place["swh_Latn"]] is None
    assert {tag: swahili[at]["best"] for tag, at in place.items() if swahili[at]} == {
        "tha_Thai": True, "urd_Arab": False, "yor_Latn": True,
    }  # fmt: skip
    html = (steps / "page" / "report.html").read_text(encoding="utf-8")
    assert "<large>" not in html and "&lt;large&gt;" in html
    # three differences beyond chance with the small model and two with the large one, in both layouts
    assert html.count('class="beyond-mark"') == 2 * (3 + 2)
    assert "Swahili → Thai: +0.200 (+0.100 to +0.300; p 0.010)" in html
    assert draw_sources(facts).count("of 4") == html.count("of 4") > 4
    assert "Sources and targets" in overview(tmp_path / "run")


def test_one_model_is_compared_with_no_other(tmp_path: Path) -> None:
    found = page(
        tmp_path / "run", results(tmp_path / "run" / "steps" / "one", "small", {"swh_Latn": {"tha_Thai": (0.2, 0.01)}})
    )
    facts = read_facts(found.folder)
    assert facts["over"] == "" and "Over the first" not in found.html.read_text(encoding="utf-8")
    assert facts["headline"]["sentence"] == "With small English is the best language to learn t in for 0 of 1 language."


def test_other_results_are_refused(tmp_path: Path) -> None:
    one, two = (results(tmp_path / name, name, SMALL) for name in ("one", "two"))
    with step_folder(tmp_path / "sources", seed=17) as step:
        compare_sources(results=[one], step=step)
    comparison = Results(tmp_path / "sources")
    for given, said in (
        ({"comparison": one, "results": [one]}, "no results of evaluation.compare_sources"),
        ({"comparison": comparison, "results": [one, two]}, "the results are of others"),
        ({"comparison": comparison, "results": [comparison]}, "the results are of others"),
    ):
        with pytest.raises(InputError, match=said), step_folder(tmp_path / "page", seed=17) as step:
            sources_page(**given, step=step)
