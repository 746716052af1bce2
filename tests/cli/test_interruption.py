"""Whatever happens to a run, the same command completes it, to the same bytes."""

import hashlib
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ALONE = ("--model", "tiny:bert", "--retain", "none", "--control", "none", "--epochs", "1", "--test", "20", "--out", "run")
VOLATILE = ("manifest.json", ".lock", "report.html")

pytestmark = pytest.mark.slow


@pytest.fixture
def command(pairs_file: Path) -> list[str]:
    return [sys.executable, "-m", "panglot", "adapt", "--language", "hsb", "--pairs", str(pairs_file), *ALONE]


def tree(folder: Path) -> dict[str, str]:
    return {
        each.relative_to(folder).as_posix(): hashlib.sha256(each.read_bytes()).hexdigest()
        for each in sorted(folder.rglob("*"))
        if each.is_file() and each.name not in VOLATILE
    }


def test_ctrl_c_in_any_step(command: list[str], tmp_path: Path) -> None:
    interrupted, page, early = 0, tmp_path / "run" / "report.html", ""
    for name in ("own", "clean", "split", "train", "base", "before", "tuned", "after", "change", "report"):
        with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if f" {name} " in f"{line} ":
                    break
            time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            rest = process.stderr.read()
            code = process.wait()
        assert code in (0, 130), rest
        assert "Traceback" not in rest
        assert not list((tmp_path / "run").glob("**/.partial/*"))
        if code == 130:
            interrupted += 1
            assert "stopped" in rest
            if page.exists():
                # the last step was faster than the signal, so that its page has to be whole
                assert name == "report"
                early = page.read_text(encoding="utf-8")
    assert interrupted >= 5
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0
    assert page.is_file()
    assert not early or page.read_text(encoding="utf-8") == early


def test_ctrl_c_that_native_code_turned_into_another_error() -> None:
    program = """
import os, signal, sys
from panglot.cli import app
def command(**_):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        while True: pass
    except KeyboardInterrupt:
        raise ValueError("could not determine the shape") from None
app._complete = lambda: command
app.main()
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.returncode == 130
    assert "Traceback" not in ended.stderr
    assert "stopped" in ended.stderr


def test_killed_in_every_other_step(command: list[str], tmp_path: Path) -> None:
    """By SIGKILL, which nothing can heed: while a step begins, works, writes or is renamed."""
    for name in ("undisturbed", "killed"):
        (tmp_path / name).mkdir()
    subprocess.run(command, cwd=tmp_path / "undisturbed", check=True, capture_output=True)
    wanted = tree(tmp_path / "undisturbed" / "run")
    draw, killed = random.Random(17), 0
    for name in ("clean", "train", "before", "tuned", "change"):
        with subprocess.Popen(
            command, cwd=tmp_path / "killed", stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if f" {name} " in f"{line} ":
                    break
            time.sleep(draw.uniform(0, 0.3))
            process.kill()
            killed += process.wait() == -signal.SIGKILL
    assert killed >= 3
    subprocess.run(command, cwd=tmp_path / "killed", check=True, capture_output=True)
    assert tree(tmp_path / "killed" / "run") == wanted
