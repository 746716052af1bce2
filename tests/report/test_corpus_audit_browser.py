"""The audit of a corpus in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from headless import Browser, browser
from made_corpus import TEXTS, hostile_run, make_run

from panglot.report.corpus_audit import audit_run, draw_audit

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    runs = {
        "one": make_run(folder / "one", ["tha_Thai"]),
        "six": make_run(folder / "six", list(TEXTS)),
        "hostile": hostile_run(folder / "hostile"),
    }
    found = {}
    for name, run in runs.items():
        found[name] = folder / f"{name}.html"
        found[name].write_text(draw_audit(*audit_run(run)), encoding="utf-8")
    return found


@pytest.mark.parametrize("name", ["one", "six", "hostile"])
@pytest.mark.parametrize("width", [360, 1280])
def test_silent_and_within_the_window(tab: Browser, pages: dict[str, Path], name: str, width: int) -> None:
    for scheme in ("light", "dark"):
        tab.open(pages[name], width=width, scheme=scheme)
        tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert tab.complaints() == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.evaluate("document.scripts.length + document.images.length") == 0


def test_a_name_leads_to_its_section_and_opens_it(tab: Browser, pages: dict[str, Path]) -> None:
    tab.open(pages["six"], width=1280)
    tab.evaluate("document.querySelector('a[href=\"#l-tha_Thai\"]').click()")
    assert tab.evaluate("document.getElementById('l-tha_Thai').closest('details').open")


def test_a_heading_orders_the_table_without_a_script(tab: Browser, pages: dict[str, Path]) -> None:
    tab.open(pages["six"], width=1280)
    shown = (
        "[...document.querySelectorAll('table.all tbody tr')]"
        ".sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)"
        ".map(each => each.querySelector('a').textContent)"
    )
    tab.evaluate("document.getElementById('o0').click()")
    names = tab.evaluate(shown)
    assert names == sorted(names)
