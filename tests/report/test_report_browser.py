"""The page in a real browser: silent, within the window, readable in both schemes, whole in print."""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from headless import Browser, browser
from made_runs import make_run

from panglot.report.overview import compare_runs, overview
from panglot.report.page import Page


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.mark.browser
@pytest.mark.parametrize("name", ["sorbian", "kurdish", "null", "hostile"])
@pytest.mark.parametrize("width", [360, 390, 1280])
def test_no_complaints_and_no_sideways_scrolling(tab: Browser, request: pytest.FixtureRequest, name: str, width: int) -> None:
    page: Page = request.getfixturevalue(name)
    for scheme in ("light", "dark"):
        tab.open(page.html, width=width, scheme=scheme)
        tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert tab.complaints() == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") == (scheme == "light")


@pytest.mark.browser
def test_overview_and_comparison_fit_too(tab: Browser, tmp_path: Path, run_of: Path) -> None:
    make_run(tmp_path / "plain")
    pages = {"plain.html": overview(tmp_path / "plain"), "runs.html": compare_runs([run_of, run_of])}
    for name, html in pages.items():
        (tmp_path / name).write_text(html, encoding="utf-8")
        tab.open(tmp_path / name, width=390)
        assert tab.complaints() == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
def test_data_stays_text_and_right_to_left_text_is_laid_out_from_the_right(tab: Browser, hostile: Page, kurdish: Page) -> None:
    tab.open(hostile.html)
    assert tab.evaluate("document.scripts.length + document.images.length") == 0
    tab.open(kurdish.html, width=1280)
    cell = "[...document.querySelectorAll('.examples [dir=rtl]')].find(each => each.tagName != 'BDI')"
    box = f"(({cell}).getBoundingClientRect().right - ({cell}).querySelector('bdi').getBoundingClientRect().right)"
    assert tab.evaluate(f"getComputedStyle({cell}).direction") == "rtl"
    assert tab.evaluate(box) < 24


@pytest.mark.browser
def test_marks_of_the_plots_do_not_leave_the_picture(tab: Browser, sorbian: Page) -> None:
    for width in (360, 1280):
        tab.open(sorbian.html, width=width)
        outside = tab.evaluate(
            "[...document.querySelectorAll('figure svg text, figure svg circle')].filter(each => {"
            " const box = each.getBoundingClientRect(), svg = each.ownerSVGElement.getBoundingClientRect();"
            " return svg.width && (box.left < svg.left - 1 || box.right > svg.right + 1) }).map(each => each.textContent)"
        )
        assert outside == []


@pytest.mark.browser
def test_it_prints(tab: Browser, sorbian: Page, tmp_path: Path) -> None:
    tab.open(sorbian.html, media="print", scheme="dark")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    tab.pdf(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_aa_in_both_schemes() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    style = files("panglot.report").joinpath("templates", "style.css").read_text(encoding="utf-8")
    schemes = [dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{(.*?)\}", style, re.S)]
    light, dark = schemes[0], schemes[1]
    assert len(light) == len(dark) == 11
    for scheme in (light, dark):
        for name in ("ink", "soft", "before", "control", "relative", "after"):
            assert contrast(scheme[name], scheme["ground"]) >= 4.5, name
        for name in ("ink", "soft"):
            assert contrast(scheme[name], scheme["raised"]) >= 4.5, name
            assert contrast(scheme[name], scheme["band"]) >= 4.5, name
