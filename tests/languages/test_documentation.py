import doctest
from pathlib import Path

import pytest

from panglot.languages import Language

PAGE = Path(__file__).resolve().parents[2] / "docs" / "languages.md"


def test_the_examples_of_the_page_are_true():
    text = PAGE.read_text(encoding="utf-8").replace("```", "\n")
    examples = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(examples)
    assert result.attempted > 10
    assert result.failed == 0


@pytest.mark.parametrize(
    "fact", ["autonym", "scripts", "speakers", "endangerment", "family", "latitude", "countries", "resource_class"]
)
def test_the_counts_of_the_page_are_true(fact):
    text = PAGE.read_text(encoding="utf-8")
    line = next(each for each in text.splitlines() if each.startswith("|") and f"`{fact}`" in each)
    known = sum(getattr(each, fact) not in (None, ()) for each in Language.all())
    assert line.split("|")[3].strip() == f"{known:,}"
