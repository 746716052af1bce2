"""Everything that a person can get wrong: one line that says what, where and what to do; exit code 2; nothing half-written."""

import gzip
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from calling import Outcome, Panglot

ALONE = ("--model", "tiny:bert", "--retain", "none", "--control", "none", "--epochs", "1", "--out", "run")


def refused(outcome: Outcome, *words: str) -> None:
    assert outcome.code == 2, outcome
    assert "Traceback" not in outcome.err
    assert outcome.last_error.startswith("panglot: ")
    for each in words:
        assert each.lower() in outcome.last_error.lower(), outcome.last_error
    assert not list(Path("run").glob("**/.partial"))
    assert not Path("run/report.html").exists()


def adapt(panglot: Panglot, file: object, *more: object) -> Outcome:
    return panglot("adapt", "--language", "hsb", "--pairs", file, *ALONE, *more)


def test_missing_file(panglot: Panglot) -> None:
    refused(adapt(panglot, "absent.tsv"), "absent.tsv")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("empty.tsv", b"", ["empty.tsv"]),
        ("header.tsv", b"hsb\ten\n", ["header.tsv"]),
        ("columns.tsv", b"a\tb\tc\nx\ty\tz\n", ["columns.tsv", "column"]),
        ("side.tsv", b"hsb\ten\n" + b"witaj swet\t\n" * 50, ["side.tsv"]),
        ("latin1.tsv", b"hsb\ten\n" + "dźěći na šuli\tchildren at school\n".encode("iso8859-2") * 50, ["utf-8"]),
        ("broken.po", b'msgid "a\nmsgstr oops"\n', ["broken.po"]),
        ("broken.tmx", b"<tmx><body><tu>", ["broken.tmx"]),
        ("broken.parquet", b"PAR1 nonsense", ["broken.parquet"]),
        ("broken.jsonl", b'{"hsb": "a"\n', ["broken.jsonl"]),
        ("kind.exe", b"MZ", ["kind.exe"]),
    ],
)
def test_files_that_cannot_be_used(panglot: Panglot, tmp_path: Path, name: str, data: bytes, words: list[str]) -> None:
    (tmp_path / name).write_bytes(data)
    refused(adapt(panglot, name), *words)


def test_truncated_gzip(panglot: Panglot, pairs_file: Path, tmp_path: Path) -> None:
    whole = gzip.compress(pairs_file.read_bytes() * 50)
    (tmp_path / "cut.tsv.gz").write_bytes(whole[: len(whole) // 2])
    refused(adapt(panglot, "cut.tsv.gz"), "cut.tsv.gz")


def test_billion_laughs(panglot: Panglot, tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    unit = '<tu><tuv xml:lang="hsb"><seg>&l9;</seg></tuv></tu>'
    text = f'<?xml version="1.0"?><!DOCTYPE tmx [<!ENTITY l0 "lol">{laughs}]><tmx><body>{unit}</body></tmx>'
    (tmp_path / "bomb.tmx").write_text(text)
    refused(adapt(panglot, "bomb.tmx"), "bomb.tmx")


def test_a_line_of_fifty_megabytes_is_set_aside(panglot: Panglot, pairs_file: Path, tmp_path: Path) -> None:
    with (tmp_path / "long.tsv").open("wb") as stream:
        stream.write(pairs_file.read_bytes())
        stream.write(b"a" * 50_000_000 + b"\tlong\n")
    recipe = tmp_path / "read.yaml"
    recipe.write_text("steps:\n  own: {use: corpus.read_pairs, files: [long.tsv], language: hsb_Latn}\n")
    assert panglot("run", recipe, "--out", "run").code == 0
    manifest = json.loads((tmp_path / "run" / "steps" / "own" / "manifest.json").read_text())
    assert sum(manifest["quarantined"].values()) == 1
    assert all(each["bytes"] < 1_000_000 for each in manifest["outputs"].values())


def test_no_pairs_left_after_cleaning(panglot: Panglot, tmp_path: Path) -> None:
    (tmp_path / "short.tsv").write_text("hsb\ten\n" + "".join(f"a{n}\tb{n}\n" for n in range(60)))
    refused(adapt(panglot, "short.tsv"), "clean")


def test_too_few_pairs(panglot: Panglot, pairs_file: Path, tmp_path: Path) -> None:
    (tmp_path / "few.tsv").write_text("".join(pairs_file.read_text().splitlines(keepends=True)[:9]))
    refused(adapt(panglot, "few.tsv"), "8")


@pytest.mark.parametrize(("language", "words"), [("klingonese", ["klingonese"]), ("uper sorbian", ["did you mean"]), ("", [])])
def test_unknown_language(panglot: Panglot, pairs_file: Path, language: str, words: list[str]) -> None:
    refused(panglot("adapt", "--language", language, "--pairs", pairs_file, *ALONE), *words)


def test_the_pivot_given_as_the_language(panglot: Panglot, pairs_file: Path) -> None:
    refused(panglot("adapt", "--language", "en", "--pairs", pairs_file, *ALONE), "pivot", "English")


def model_folder(tmp_path: Path) -> Path:
    from panglot.artifacts import step_folder
    from panglot.models.load import load

    with step_folder(tmp_path / "m") as step:
        source = load(name="tiny:bert", step=step).path
        shutil.copytree(source, tmp_path / "model")
    return tmp_path / "model"


def test_model_folder_without_tokenizer(panglot: Panglot, pairs_file: Path, tmp_path: Path) -> None:
    folder = model_folder(tmp_path)
    for each in folder.glob("*token*"):
        each.unlink()
    refused(adapt(panglot, pairs_file, "--model", folder), "tokenizer")


def test_weights_as_pickle(panglot: Panglot, pairs_file: Path, tmp_path: Path) -> None:
    folder = model_folder(tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    refused(adapt(panglot, pairs_file, "--model", folder), "safetensors")


def test_unknown_model(panglot: Panglot, pairs_file: Path) -> None:
    refused(adapt(panglot, pairs_file, "--model", "embedded:e5-smal"), "did you mean", "e5-small")


def test_unknown_recipe_and_key(panglot: Panglot, tmp_path: Path) -> None:
    refused(panglot("run", "add-uper-sorbian"), "did you mean 'add-upper-sorbian'")
    (tmp_path / "r.yaml").write_text("steps:\n  a: {use: corpus.split, off: $b}\n")
    refused(panglot("run", "r.yaml"), "'off'", "line 2", "did you mean 'of'")


def test_read_only_output_folder(panglot: Panglot, pairs_file: Path) -> None:
    refused(adapt(panglot, pairs_file, "--out", "/sys/panglot"), "cannot be written", "--out")


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="needs to mount a small disk")
def test_no_space_left(panglot: Panglot, pairs_file: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("this machine mounts no small disk")
    try:
        outcome = adapt(panglot, pairs_file, "--out", disk / "run")
        refused(outcome, "no space left")
        assert not list(disk.glob("**/.partial"))
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_a_run_folder_of_a_newer_version(panglot: Panglot, pairs_file: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text('{"format": 99}')
    refused(adapt(panglot, pairs_file), "newer", "upgrade")


@pytest.mark.parametrize("arguments", [["adapt"], ["adapt", "--langage", "hsb"], ["nonsense"], ["run"]])
def test_usage(panglot: Panglot, arguments: list[str]) -> None:
    outcome = panglot(*arguments)
    assert outcome.code == 2
    assert "Traceback" not in outcome.err
