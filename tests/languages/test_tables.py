import gzip
import importlib.util
from importlib.metadata import version
from pathlib import Path

import pytest

from panglot.languages import tables
from panglot.languages.choices import DATA_SET_CODES, EXTRA_NAMES, MACROLANGUAGE_CHOICE, MACROLANGUAGE_TWIN
from panglot.languages.language import Language

FOLDER = Path(tables.__file__).with_name("tables")
ROOT = Path(__file__).resolve().parents[2]


def test_tables_are_small_and_carry_no_time():
    files = sorted(FOLDER.glob("*.tsv.gz"))
    assert len(files) == 9
    assert sum(each.stat().st_size for each in files) < 700_000
    for each in files:
        assert each.read_bytes()[4:8] == b"\0\0\0\0"


def test_sources_are_credited():
    credits = (FOLDER / "CREDITS").read_text(encoding="utf-8")
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for source in ("LinguaMeta", "Glottolog 5.1", "GlotScript", "Joshi", "Unicode", "IANA"):
        assert source in credits
        assert source in notice


def test_choices_name_known_languages():
    rows = tables.rows()
    for macro, member in MACROLANGUAGE_CHOICE.items():
        assert rows[macro][5] == "M"
        assert rows[member][6] == macro, (macro, member)
    assert all(macro in rows and member in rows for macro, member in MACROLANGUAGE_TWIN.items())
    assert all(code in rows for code in EXTRA_NAMES.values())
    assert all(Language(tag) for tag, _ in DATA_SET_CODES.values())


def test_aliases_lead_to_live_codes():
    for code, (kind, targets, _) in tables.aliases().items():
        assert code not in tables.rows()
        assert all(target in tables.rows() for target in targets)
        assert bool(targets) == (kind not in ("collection", "special", "withdrawn"))


def test_lineages_are_a_forest():
    for code in tables.rows():
        path = tables.path(code)
        assert len(path) == len(set(path)) < 40


@pytest.mark.slow
def test_the_packaged_tables_are_what_the_sources_give(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    credits = (FOLDER / "CREDITS").read_text(encoding="utf-8")
    for package in ("langcodes", "language_data"):
        if f"{package} {version(package)}" not in credits:
            pytest.skip(f"the tables were compiled with another {package}")
    spec = importlib.util.spec_from_file_location("build_language_tables", ROOT / "tools" / "build_language_tables.py")
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    monkeypatch.setattr(program, "TABLES", tmp_path)
    program.main(shared)
    built = {each.name: gzip.decompress(each.read_bytes()) for each in tmp_path.glob("*.gz")}
    assert built == {each.name: gzip.decompress(each.read_bytes()) for each in FOLDER.glob("*.gz")}
