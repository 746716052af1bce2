"""The page of a tokenizer in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from headless import Browser, browser
from made_measures import hostile_page, make_vocabulary_page, pair_page
from shapes import byt5

from panglot.report.page import Page

pytestmark = pytest.mark.browser
OUTSIDE = (
    "[...document.querySelectorAll('figure svg text, figure svg circle, svg.map text')].filter(each => {"
    " const box = each.getBoundingClientRect(), svg = each.ownerSVGElement.getBoundingClientRect();"
    " return svg.width && (box.left < svg.left - 1 || box.right > svg.right + 1 || box.top < svg.top - 1"
    " || box.bottom > svg.bottom + 1) }).map(each => each.textContent)"
)


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    folder = tmp_path_factory.mktemp("pages")
    plain = make_vocabulary_page(folder, {"und": ["Dobry dźeń"], "khm_Khmr": ["ទឹកនៅក្នុងកែវ"]}, {"bytes": byt5()})
    return {"pair": pair_page(folder), "hostile": hostile_page(folder), "plain": plain}


@pytest.mark.parametrize("name", ["pair", "hostile", "plain"])
@pytest.mark.parametrize("width", [360, 400, 1280])
def test_silent_and_within_the_window(tab: Browser, pages: dict[str, Page], name: str, width: int) -> None:
    for scheme in ("light", "dark"):
        tab.open(pages[name].html, width=width, scheme=scheme)
        tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert tab.complaints() == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.evaluate(OUTSIDE) == []
        ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
        assert tab.evaluate("document.scripts.length + document.images.length") == 0


def test_the_table_of_changes_and_of_prices_fit_a_wide_window(tab: Browser, pages: dict[str, Page]) -> None:
    tab.open(pages["pair"].html, width=1280)
    wide = "document.querySelector('{} .scroll')"
    for section in ("#change", "#price"):
        place = wide.format(section)
        assert tab.evaluate(f"{place}.scrollWidth - {place}.clientWidth") <= 0


def test_a_heading_orders_the_table_without_a_script(tab: Browser, pages: dict[str, Page]) -> None:
    tab.open(pages["pair"].html, width=1280)
    shown = (
        "[...document.querySelectorAll('table.t0 tbody tr')].sort((a, b) => a.getBoundingClientRect().top"
        " - b.getBoundingClientRect().top).map(each => each.querySelector('th').firstChild.textContent.trim())"
    )
    by_premium = tab.evaluate(shown)
    tab.evaluate("document.querySelector('#t0-o0').click()")
    by_name = tab.evaluate(shown)
    assert by_name == sorted(by_name) and by_name != by_premium and sorted(by_premium) == by_name


def test_right_to_left_cuts_start_at_the_right(tab: Browser, pages: dict[str, Page]) -> None:
    tab.open(pages["pair"].html, width=1280)
    cut = "document.querySelector('.cut[dir=rtl]')"
    assert tab.evaluate(f"getComputedStyle({cut}).direction") == "rtl"
    gap = tab.evaluate(f"{cut}.getBoundingClientRect().right - {cut}.querySelector('.p').getBoundingClientRect().right")
    assert gap < 24


def test_it_prints(tab: Browser, pages: dict[str, Page], tmp_path: Path) -> None:
    tab.open(pages["pair"].html, media="print", scheme="dark")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    tab.pdf(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
