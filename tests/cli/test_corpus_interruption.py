"""Ctrl-C, and `kill -9` of a build and of its workers: no process is left, and the same command gives the same bytes."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_interruption import tree

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="reads /proc"),
]
SENTENCES = {
    "tha_Thai": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ",
    "yor_Latn": "Gbogbo ènìyàn ni a bí ní òmìnira; iyì àti ẹ̀tọ́ kọ̀ọ̀kan sì dọ́gba.",
}


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    raw = tmp_path / "raw"
    raw.mkdir()
    for tag, text in SENTENCES.items():
        lines = [f"{number} {text} {number * 7}" for number in range(1500)]
        (raw / f"{tag}.txt").write_text("\n".join(lines), encoding="utf-8")
    own = tmp_path / "own"
    own.mkdir()
    said = {"format": 2, "languages": {tag: {"rules": {}} for tag in SENTENCES}, "default": {}, "segmenter": ""}
    (own / "thresholds.json").write_text(json.dumps(said))
    few = ["--unit", "line", "--thresholds", str(own), "--workers", "2", "--out", "run"]
    return [sys.executable, "-m", "panglot", "corpus", "build", str(raw), *few]


def workers_of(process: int) -> list[int]:
    found = []
    for each in Path(f"/proc/{process}/task/{process}/children").read_text().split():
        try:
            if b"engine.worker" in Path(f"/proc/{each}/cmdline").read_bytes():
                found.append(int(each))
        except OSError:
            continue
    return found


def all_gone(processes: list[int]) -> bool:
    for _ in range(100):
        if not any(Path(f"/proc/{each}").exists() for each in processes):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("step", ["cleaned", "signals", "likenesses"])
def test_ctrl_c(command: list[str], tmp_path: Path, step: str) -> None:
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        workers: list[int] = []
        for line in process.stderr:
            if f" {step} " in line:
                break
        for _ in range(100):
            workers = workers_of(process.pid)
            if workers:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        code = process.wait()
    assert code in (0, 130), rest
    assert "Traceback" not in rest
    assert all_gone(workers)
    if code == 130:
        assert "stopped" in rest
        assert not (tmp_path / "run" / "documents").exists()
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0
    assert len(list((tmp_path / "run" / "documents").iterdir())) >= 1


def test_killed_with_its_workers(command: list[str], tmp_path: Path) -> None:
    for name in ("calm", "killed"):
        (tmp_path / name).mkdir()
    began = time.monotonic()
    subprocess.run(command, cwd=tmp_path / "calm", check=True, capture_output=True)
    duration = time.monotonic() - began
    draw, killed = random.Random(17), 0
    for number in range(5):
        with subprocess.Popen(
            command, cwd=tmp_path / "killed", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            time.sleep(draw.uniform(0.2, 0.8) * duration)
            workers = workers_of(process.pid) if process.poll() is None else []
            if workers and number % 2:
                os.kill(workers[0], signal.SIGKILL)
                time.sleep(0.3)
            process.kill()
            killed += process.wait() == -signal.SIGKILL
        assert all_gone(workers)
    assert killed
    subprocess.run(command, cwd=tmp_path / "killed", check=True, capture_output=True)
    assert tree(tmp_path / "killed" / "run") == tree(tmp_path / "calm" / "run")
