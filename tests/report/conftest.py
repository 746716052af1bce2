"""Made-up runs for the tests of the report."""

from pathlib import Path

import pytest
from made_runs import Made, make_page

from panglot.report.page import Page


@pytest.fixture(scope="session")
def sorbian(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The usual run: a control, four retained languages, one seed."""
    return make_page(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="session")
def kurdish(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """A right-to-left language with a control on a relative as well."""
    return make_page(tmp_path_factory.mktemp("run"), Made(language="ckb_Arab", relative=True))


@pytest.fixture(scope="session")
def null(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """An unspaced script, no gain, no control, nothing retained."""
    made = Made(language="khm_Khmr", control=False, values={"khm_Khmr": (0.5, 0.5, 0.52)}, half_width=0.05, p_adjusted=0.4)
    return make_page(tmp_path_factory.mktemp("run"), made)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """Data that would like to be markup."""
    return make_page(tmp_path_factory.mktemp("run"), Made(language="div_Thaa", hostile=True), title="<script>title</script>")


@pytest.fixture
def run_of(sorbian: Page) -> Path:
    """The run folder of the usual run."""
    return sorbian.folder.parent.parent
