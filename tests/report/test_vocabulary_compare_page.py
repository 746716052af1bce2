"""The page of a comparison of initialisations: true sentences, equal figures, data that stays text, and a silent browser."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from headless import Browser, browser
from hypothesis import given
from hypothesis import strategies as st
from test_report_escaping import REORDERING, Page_

from panglot.artifacts import InputError, step_folder
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.evaluation.compare_trials import compare_trials
from panglot.evaluation.results import Measurement, Results, write_results
from panglot.languages import Language
from panglot.report import wording
from panglot.report.page import Page
from panglot.report.trials_plot import trial_plot
from panglot.report.vocabulary_compare import compare_facts, vocabulary_compare

STEPS = (0, 50, 100)
SCRIPT = "<script>alert(1)</script>"
HOSTILE = "\"><img src=x onerror='alert(2)'>\u202e{{ 7 * 7 }} *b* [link](javascript:alert(3))"
ARMS = {
    "random": (3.4, 2.9, 2.6), "mean": (3.3, 2.9, 2.61), "subword_mean": (2.8, 2.6, 2.5), "focus": (2.9, 2.5, 2.4),
    "wechsel": (2.7, 2.5, 2.42), "ofa": (2.85, 2.6, 2.51), "align": (2.75, 2.6, 2.5), "none": (7.9, 7.2, 7.0),
}  # fmt: skip


def made_page(
    run: Path,
    arms: dict[str, tuple[float, float, float]],
    *,
    file: str = "khm.txt",
    model: str = "tiny",
    fresh: int = 0,
    seeds: tuple[int, ...] = (17, 18),
    **more: Any,
) -> Page:
    """A run of two languages and two seeds, its trials made up, its comparison computed."""
    rng = np.random.default_rng(1)
    steps = run / "steps"
    parameters = {"files": [f"khm={file}"]}
    with step_folder(steps / "text", component="corpus.read_text", parameters=parameters, seed=17) as step:
        with DocumentWriter(step.out / DOCUMENTS_FILE) as writer:
            writer.document("ទឹកនៅក្នុងកែវ", "khm_Khmr", source=file)
            writer.document("a little text", "eng_Latn", source=file)
        step.note(f"{file} says nothing of its language.")
    documents = {"khm_Khmr": rng.normal(0, 0.2, 24), "nqo_Nkoo": rng.normal(0, 0.2, 30)}
    trials = []
    for number, (arm, values) in enumerate(arms.items()):
        for seed in seeds:
            rows, tables = [], []
            for tag, noise in documents.items():
                for at, value in zip(STEPS, values, strict=True):
                    metric = f"bits_per_byte_{at}"
                    found = value + noise + (seed - 17.5) * 0.02 + rng.normal(0, 0.02, noise.size)
                    rows.append(
                        Measurement(
                            model, "bits-per-byte", "5a", tag, arm, metric, float(found.mean()), noise.size, None, None,
                            f"task:bits-per-byte|metric:{metric}",
                        )
                    )  # fmt: skip
                    said = {"task": "bits-per-byte", "language": tag, "metric": metric}
                    columns = {key: [each] * noise.size for key, each in said.items()}
                    tables.append(pa.table({**columns, "item": [f"d{each}" for each in range(noise.size)], "correct": found}))
            place = steps / f"trial{number}-{seed}"
            with step_folder(
                place, component="evaluation.trial", inputs={"$text": "1"}, parameters={"arm": arm}, seed=seed
            ) as step:
                write_results(step.out, rows, pa.concat_tables(tables))
                step.figures["drawn_at_random"] = fresh
            trials.append(Results.open(place))
    names = {f"${each.folder.name}": "1" for each in trials}
    with step_folder(steps / "compared", component="evaluation.compare_trials", inputs=names, seed=17) as step:
        compare_trials(trials=trials, controls=["random", "mean", "none"], step=step)
    with step_folder(steps / "report", component="report.vocabulary_compare", seed=17) as step:
        vocabulary_compare(
            compared=Results.open(steps / "compared"), trials=trials, text=Documents(steps / "text"), step=step,
            **{"title": f"Initialisations compared on {model}", **more},
        )  # fmt: skip
    return Page.open(steps / "report")


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return made_page(tmp_path_factory.mktemp("run"), ARMS)


@pytest.fixture(scope="module")
def spiteful(tmp_path_factory: pytest.TempPathFactory) -> Page:
    arms = {"random": ARMS["random"], SCRIPT: ARMS["focus"], HOSTILE: ARMS["ofa"], "x" * 300: ARMS["align"]}
    return made_page(tmp_path_factory.mktemp("run"), arms, file=f"{SCRIPT}.txt", model=f"./{SCRIPT}{HOSTILE}")


class Tables(HTMLParser):
    """The cells of the tables with figures; a line break is a new line."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self._inside = self._cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._inside = dict(attrs).get("class") == "figures"
            if self._inside:
                self.tables.append([])
        elif self._inside and tag == "tr":
            self.tables[-1].append([])
        elif self._inside and tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._cell = True
        elif tag == "br" and self._inside and self._cell:
            self.tables[-1][-1][-1] += "\n"

    def handle_endtag(self, tag: str) -> None:
        self._cell = self._cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._inside and self._cell:
            self.tables[-1][-1][-1] += data


def test_the_table_says_what_the_facts_say(usual: Page) -> None:
    facts = json.loads((usual.folder / "facts.json").read_text(encoding="utf-8"))
    tables = Tables(usual.html.read_text(encoding="utf-8")).tables
    assert [each["tag"] for each in facts["languages"]] == ["khm_Khmr", "nqo_Nkoo"]
    assert len(tables) == 2
    for language, table in zip(facts["languages"], tables, strict=True):
        assert table[0] == ["Arm", "Before", "After 50", "After 100", "Over random", "Over mean", "Over no extension"]
        expected = []
        for arm in language["arms"]:
            row = [arm["label"]]
            for at in STEPS:
                point = arm["points"][str(at)]
                row.append(f"{wording.number(point['value'])}\n{wording.interval(*point['interval'], sign=False)}")
            for control in ("random", "mean", "none"):
                over = arm["points"]["100"]["over"].get(control)
                row.append(f"{wording.signed(over['value'])}\n{wording.interval(*over['interval'])}" if over else "–")
            expected.append(row)
        assert table[1:] == expected
        # from the lowest to the highest at the end
        ends = [arm["points"]["100"]["value"] for arm in language["arms"]]
        assert ends == sorted(ends)
        for arm in language["arms"]:
            assert len(arm["points"]["100"]["runs"]) == 2
            assert np.mean(arm["points"]["100"]["runs"]) == pytest.approx(arm["points"]["100"]["value"])
    assert facts["seeds"] == [17, 18]
    assert facts["headline"]["sentence"] in usual.html.read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")
    assert [row[0] for row in facts["summary"]["rows"]] == [each["label"] for each in facts["languages"][0]["arms"]]


def test_every_figure_of_the_comparison_is_in_the_facts(usual: Page) -> None:
    facts = usual.facts
    rows = Results.open(usual.folder.parent / "compared").table().to_pylist()
    for row in rows:
        name, _, control = row["condition"].partition(" over ")
        language = next(each for each in facts["languages"] if each["tag"] == row["language"])
        arm = next(each for each in language["arms"] if each["name"] == name)
        point = arm["points"][row["metric"].removeprefix("bits_per_byte_")]
        point = point["over"][control] if control else point
        assert (point["value"], *point["interval"]) == (row["value"], row["ci_low"], row["ci_high"])


def test_which_languages_were_taught(usual: Page, tmp_path: Path) -> None:
    assert [(each["tag"], each["taught"]) for each in usual.facts["languages"]] == [("khm_Khmr", True), ("nqo_Nkoo", False)]
    html = usual.html.read_text(encoding="utf-8")
    assert re.search(r">Khmer</h2>", html)
    assert re.search(r">N(&#39;|')Ko, which is not taught</h2>", html)
    rows = Results.open(usual.folder.parent / "compared").table().to_pylist()
    both = compare_facts(rows, "khm_Khmr", "", taught=["nqo_Nkoo", "khm_Khmr"])
    assert [each["taught"] for each in both["languages"]] == [True, True]
    other = made_page(tmp_path, {each: ARMS[each] for each in ("random", "mean")}, language=Language("nqo_Nkoo"))
    assert [(each["tag"], each["taught"]) for each in other.facts["languages"]] == [("nqo_Nkoo", False), ("khm_Khmr", True)]
    with pytest.raises(InputError, match=r"hsb_Latn was not measured .*khm_Khmr, nqo_Nkoo"):
        compare_facts(rows, "hsb_Latn", "")
    with pytest.raises(InputError, match="no rows"):
        compare_facts([], None, "")


def test_what_makes_the_figures_weaker_is_said(usual: Page, tmp_path: Path) -> None:
    assert usual.facts["fell_short"] == []
    arms = {each: ARMS[each] for each in ("random", "focus")}
    weak = made_page(tmp_path, arms, fresh=6, seeds=(17,))
    assert ["drawn at random" in each for each in weak.facts["fell_short"]] == [True, False]
    assert "one seed" in weak.facts["fell_short"][1]
    html = weak.html.read_text(encoding="utf-8")
    assert all(f"<li>{each}</li>" in html for each in weak.facts["fell_short"])


def test_data_stays_text(spiteful: Page) -> None:
    html = spiteful.html.read_text(encoding="utf-8")
    parsed = Page_(html)
    tags = {tag for tag, _ in parsed.tags}
    assert not tags & {"script", "img", "iframe", "object"}
    assert parsed.open == []
    assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]
    said = "".join(parsed.text)
    assert said.count(SCRIPT) >= 6
    assert "{{ 7 * 7 }}" in said
    assert f"{SCRIPT}.txt says nothing of its language." in said
    for path in (spiteful.html, spiteful.card):
        assert not set(path.read_text(encoding="utf-8")) & set(REORDERING)
    card = spiteful.card.read_text(encoding="utf-8")
    assert "<script" not in card and "<img" not in card
    assert not re.search(r"(?<!\\)\]\(javascript", card)


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.mark.browser
@pytest.mark.parametrize("name", ["usual", "spiteful"])
@pytest.mark.parametrize("width", [360, 400, 1280])
def test_a_browser_has_nothing_to_say_and_nothing_is_cut_off(
    tab: Browser, request: pytest.FixtureRequest, name: str, width: int
) -> None:
    page: Page = request.getfixturevalue(name)
    for scheme in ("light", "dark"):
        tab.open(page.html, width=width, scheme=scheme)
        tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert tab.complaints() == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.evaluate("document.scripts.length + document.images.length") == 0
        ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
    outside = tab.evaluate(
        "[...document.querySelectorAll('figure svg :is(text, circle, path, line)')].filter(each => {"
        " const box = each.getBoundingClientRect(), svg = each.ownerSVGElement.getBoundingClientRect();"
        " return svg.width && (box.left < svg.left - 1 || box.right > svg.right + 1 || box.bottom > svg.bottom + 1) })"
        ".map(each => each.outerHTML)"
    )
    assert outside == []
    crossing = tab.evaluate(
        "[...document.querySelectorAll('figure svg')].filter(svg => svg.getBoundingClientRect().width).flatMap(svg => {"
        " const boxes = [...svg.querySelectorAll('text')].map(each => each.getBoundingClientRect());"
        " return boxes.flatMap((one, at) => boxes.slice(at + 1).filter(other => one.left < other.right - 1 && other.left <"
        " one.right - 1 && one.top < other.bottom - 3 && other.top < one.bottom - 3).map(other => [one.left, other.left])) })"
    )
    assert crossing == []


def test_an_axis_has_ticks_and_an_arm_far_away_stands_at_its_edge(usual: Page) -> None:
    arms = usual.facts["languages"][0]["arms"]
    for narrow in (False, True):
        laid = trial_plot(arms, (0, 100), narrow=narrow)
        assert [each.title for each in laid.panels] == ["Before any step", "After 100 steps"]
        for panel in laid.panels:
            assert len(panel.ticks) >= 3
            assert all(panel.left <= tick.at <= panel.right for tick in panel.ticks)
            beyond = {row.label: row.mark.beyond for row in panel.rows if row.mark.beyond}
            assert beyond == {"No extension": 1}
            for row in panel.rows:
                assert panel.left - 10 <= row.mark.low <= row.mark.x <= row.mark.high <= panel.right + 10
    assert trial_plot([arms[0]], (0,), narrow=False).panels[0].rows[0].label == arms[0]["label"]
    one = [{**each, "points": {"1": each["points"]["50"]}} for each in arms]
    assert trial_plot(one, (1,), narrow=True).panels[0].title == "After 1 step"


LEADS, BEHIND, UNSHOWN = (-0.5, -0.6, -0.4, 0.001), (0.5, 0.4, 0.6, 0.001), (-0.1, -0.3, 0.1, 0.4)
UNCORRECTED = (-0.2, -0.3, -0.1, 0.2)


def rows_of(before: dict[str, Any], after: dict[str, Any], *, control: str = "random", **none: Any) -> list[dict[str, Any]]:
    """Rows of a comparison from differences to a control, (value, low, high, p); `none` is the best arm's over no extension."""
    found = []

    def row(at: int, name: str, value: float, low: float, high: float, p: float | None = None) -> None:
        found.append(
            {"language": "khm_Khmr", "metric": f"bits_per_byte_{at}", "condition": name, "value": value, "ci_low": low,
             "ci_high": high, "p_adjusted": p, "n": 40, "signature": "task:x"}
        )  # fmt: skip

    for at, said in ((0, before), (100, after)):
        row(at, control, 3.0, 2.9, 3.1)
        for name, (value, low, high, p) in said.items():
            row(at, name, 3.0 + value, 2.9 + value, 3.1 + value)
            row(at, f"{name} over {control}", value, low, high, p)
            for over in none.values():
                row(at, f"{name} over none", *over)
        for over in none.values():
            value = min(each[0] for each in said.values()) - over[0]
            row(at, "none", 3.0 + value, 2.9 + value, 3.1 + value)
    return found


def said_of(before: dict[str, Any], after: dict[str, Any], **more: Any) -> tuple[str, str]:
    facts = compare_facts(rows_of(before, after, **more), "khm_Khmr", "")
    return facts["headline"]["sentence"], " ".join(facts["headline"]["more"])


def test_a_clear_winner() -> None:
    half = (-0.25, -0.3, -0.2, 0.001)
    sentence, _ = said_of({"focus": LEADS, "ofa": UNSHOWN}, {"focus": half, "ofa": UNSHOWN})
    assert sentence == (
        "Before training FOCUS leads over random rows in Khmer (−0.500, 95 % interval −0.600 to −0.400); "
        "after 100 steps it still leads (−0.250, 95 % interval −0.300 to −0.200), by 50 % of what it was."
    )


def test_overlapping_intervals() -> None:
    sentence, _ = said_of({"focus": UNSHOWN, "ofa": (-0.05, -0.2, 0.1, 0.8)}, {"focus": UNCORRECTED, "ofa": UNSHOWN})
    assert sentence == (
        "Before training no method leads over random rows in Khmer "
        "(the lowest, FOCUS: −0.100, 95 % interval −0.300 to +0.100); after 100 steps no lead is shown either "
        "(the lowest, FOCUS: −0.200, 95 % interval −0.300 to −0.100, corrected p = 0.200)."
    )


def test_all_worse_than_random() -> None:
    sentence, _ = said_of({"focus": BEHIND, "ofa": BEHIND}, {"focus": BEHIND, "ofa": (0.3, 0.2, 0.4, 0.001)})
    assert "Before training no method leads over random rows" in sentence
    assert sentence.endswith("after 100 steps the lowest, OFA, is behind (+0.300, 95 % interval +0.200 to +0.400).")


def test_extension_worse_than_none_and_better() -> None:
    sentence, more = said_of({"focus": LEADS}, {"focus": LEADS}, none=(0.4, 0.3, 0.5, 0.001))
    assert "it still leads" in sentence
    assert more.startswith(
        "Extension hurts (FOCUS against the old vocabulary after the same text: +0.400, 95 % interval +0.300"
    )
    assert "Extension helps (" in said_of({"focus": LEADS}, {"focus": LEADS}, none=(-0.4, -0.5, -0.3, 0.001))[1]
    assert "Whether extension helps is not shown (" in said_of({"focus": LEADS}, {"focus": LEADS}, none=UNSHOWN)[1]


def test_a_lead_that_is_lost_to_another_and_one_that_no_mean_hides() -> None:
    sentence, _ = said_of({"focus": LEADS, "ofa": UNSHOWN}, {"focus": UNSHOWN, "ofa": LEADS})
    assert "its lead is not shown any more" in sentence
    assert sentence.endswith(", and OFA leads (−0.500, 95 % interval −0.600 to −0.400).")
    # the lowest mean is uncertain, but another method does lead
    wide = (-0.9, -2.0, 0.2, 0.3)
    sentence, _ = said_of({"focus": LEADS, "noisy_mean": wide}, {"focus": BEHIND, "noisy_mean": wide})
    assert sentence.startswith("Before training FOCUS leads over random rows")
    assert "after 100 steps it is behind (+0.500" in sentence


def test_without_random_the_mean_is_the_control_and_without_both_nothing_is_claimed() -> None:
    assert "over the mean of all rows in Khmer" in said_of({"focus": LEADS}, {"focus": LEADS}, control="mean")[0]
    rows = [each for each in rows_of({"focus": LEADS}, {"focus": LEADS}) if each["condition"] == "focus"]
    assert compare_facts(rows, None, "")["headline"]["sentence"] == "FOCUS ends lowest in Khmer, at 2.500 bits per byte."
    alone = rows_of({"mean": LEADS}, {"mean": LEADS}, none=(0.4, 0.3, 0.5, 0.001))
    headline = compare_facts(alone, None, "")["headline"]
    assert headline["sentence"] == "No extension ends lowest in Khmer, at 2.100 bits per byte."
    assert headline["more"][-1].startswith("Extension hurts (Mean of all rows against")


differences = st.sampled_from([LEADS, BEHIND, UNSHOWN, UNCORRECTED, (-0.4, -0.5, -0.3, 0.01), (-0.9, -2.0, 0.2, 0.3)])
four = st.fixed_dictionaries(dict.fromkeys(("focus", "ofa", "wechsel", "align"), differences))


@given(four, four)
def test_no_sentence_says_more_than_is_shown(before: dict[str, Any], after: dict[str, Any]) -> None:
    labels = {"focus": "FOCUS", "ofa": "OFA", "wechsel": "WECHSEL", "align": "Align"}
    sentence, _ = said_of(before, after)
    first, second = sentence.split("; ")
    leading = {labels[name] for name, (_, _, high, p) in before.items() if high < 0 and p < 0.05}
    ends = {labels[name]: wording.Difference(*each).verdict for name, each in after.items()}
    if not leading:
        assert first.startswith("Before training no method leads")
        assert ("no lead is shown either" in second) <= ("fell" not in ends.values())
        named = re.search(r"steps (\w+) leads", second)
        assert bool(named) == ("fell" in ends.values())
        assert named is None or ends[named[1]] == "fell"
    else:
        named = re.match(r"Before training (\w+) leads over random rows", first)
        assert named is not None and named[1] in leading
        end = ends[named[1]]
        assert ("it still leads" in second) == (end == "fell")
        assert ("it is behind" in second) == (end == "rose")
        assert ("is not shown any more" in second) == (end == "not shown")
        other = re.search(r", and (\w+) leads", second)
        assert bool(other) == (end != "fell" and "fell" in ends.values())
        assert other is None or ends[other[1]] == "fell"
