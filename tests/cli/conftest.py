"""Calls the command line in this process: a test of bad input costs milliseconds, not an import of torch."""

import sys
from pathlib import Path

import pytest
from calling import Outcome, Panglot

from panglot.cli import main


@pytest.fixture
def panglot(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Panglot:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PANGLOT_CACHE", str(tmp_path / "cache"))

    def call(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["panglot", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


WORDS = (
    "witaj hornje delnje serbska rěč knihi wobchod dźěći šula město wjes strowy dźeń nóc slónco měsačk hwězda woda wino chlěb",
    "hello upper lower sorbian language book shop children school town village healthy day night sun moon star water wine food",
)


@pytest.fixture
def pairs_file(tmp_path: Path) -> Path:
    """80 pairs of made sentences in Upper Sorbian and English."""
    left, right = (each.split() for each in WORDS)
    lines = ["hsb\ten"]
    for number in range(80):
        picked = [(number * step + offset) % len(left) for step, offset in ((1, 0), (3, 1), (7, 2), (11, number // 20))]
        lines.append(" ".join(left[each] for each in picked) + "\t" + " ".join(right[each] for each in picked))
    path = tmp_path / "pairs.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
