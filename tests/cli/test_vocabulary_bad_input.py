"""Every wrong input to the surgeries: one line that says what, where and what to do, code 2, and nothing half-written."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from calling import Panglot
from test_vocabulary_surgery import GOOD, extend, model_folder, refused, texts

assert texts  # the fixture that writes the texts, for every test here

AMHARIC = "ሰላም ለዓለም ሁሉ ይሁን ሰላም"


def edited(file: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    said = json.loads(file.read_bytes())
    change(said)
    file.write_text(json.dumps(said), encoding="utf-8")


def with_model(own: Path, model: dict[str, Any]) -> None:
    """Another tokenizer in place of a model's own, with as many special tokens as it needs."""

    def change(said: dict[str, Any]) -> None:
        said.update(model=model, added_tokens=[], post_processor=None, normalizer=None, decoder=None)
        said["pre_tokenizer"] = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}

    edited(own / "tokenizer.json", change)
    (own / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')


PIECES = [["<unk>", 0.0], ["▁", -2.0], *([letter, -3.0] for letter in "abcdefghijklmnopqrstuvwxyz")]


def test_text_that_the_tokenizer_cannot_represent(panglot: Panglot) -> None:
    own = model_folder(panglot)
    with_model(own, {"type": "Unigram", "unk_id": 0, "vocab": PIECES, "byte_fallback": False})
    Path("amh.txt").write_text(f"{AMHARIC}\n" * 5, encoding="utf-8")
    trim = ("vocabulary", "trim", "--model", "own", "--out", "run")
    refused(panglot(*trim, "--text", "amh.txt"), "cannot write this text", "unknown", "extend the tokenizer")
    assert extend(panglot, "--text", "amh.txt", "--add", 5, model="own", out="better").code == 0
    # nothing to stand for the unknown: the library gives up in the middle
    mute = shutil.copytree(own, "mute")
    with_model(Path(mute), {"type": "Unigram", "unk_id": None, "vocab": PIECES, "byte_fallback": False})
    trim = ("vocabulary", "trim", "--model", "mute", "--out", "run")
    refused(panglot(*trim, "--text", "amh.txt"), "cannot write this text", "no token for what is unknown", "mute")
    shutil.rmtree("run")
    refused(extend(panglot, "--text", "amh.txt", "--add", 5, model="mute"), "cannot write this text")


def test_extension_shows_what_was_unknown(panglot: Panglot) -> None:
    """More tokens than before is no loss where a word was one unknown token."""
    own = model_folder(panglot)
    with_model(own, {"type": "Unigram", "unk_id": 0, "vocab": PIECES, "byte_fallback": False})
    Path("amh.txt").write_text(f"{AMHARIC}\n" * 5, encoding="utf-8")
    outcome = extend(panglot, "--text", "amh=amh.txt", "--add", 9, model="own")
    assert outcome.code == 0, outcome.err
    assert "unknown tokens, amh_Ethi" in outcome.out and "9 new rows, made by subword_mean" in outcome.out


def test_text_smaller_than_the_pieces_asked_for(panglot: Panglot) -> None:
    Path("word.txt").write_text("ab\n", encoding="utf-8")
    refused(extend(panglot, "--text", "word.txt", "--add", 50), "no new piece", "more text", "minimum_count")
    shutil.rmtree("run")
    Path("word.txt").write_text("น้ำ\n", encoding="utf-8")
    refused(extend(panglot, "--text", "word.txt", "--add", 50), "supports 1 new piece and not 50", "add at most 1")


def test_text_of_no_letters(panglot: Panglot) -> None:
    Path("none.txt").write_text("2024 12 !? ...\n \u200b\n", encoding="utf-8")
    refused(extend(panglot, "--text", "none.txt", "--add", 5), "no new piece")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda said: said["model"].update(type="Sentencepieces"), ["'Sentencepieces' cannot be worked on", "WordPiece"]),
        (lambda said: said["model"]["vocab"].update({"ต้น": 5}), ["have the same id 5"]),
        (lambda said: said["added_tokens"].append(said["added_tokens"][0]), ["stands twice"]),
        (lambda said: said["model"]["merges"].append(["a", "ต้น"]), ["'ต้น'", "absent"]),
        (lambda said: said["model"]["vocab"].update({"\ud800": 260}), ["half a UTF-16 character"]),
        (lambda said: said.update(normalizer={"type": "Unheard"}), ["cannot be loaded"]),
        (
            lambda said: said.update(
                post_processor={
                    "type": "TemplateProcessing",
                    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
                    "special_tokens": {"<s>": {"id": "<s>", "ids": [9999], "tokens": ["<s>"]}},
                }
            ),
            ["id 9999", "no token has"],
        ),
    ],
    ids=[
        "unknown type",
        "id twice",
        "token twice",
        "merge of nothing",
        "half a character",
        "unknown rule",
        "template of nothing",
    ],
)
def test_damaged_tokenizers(panglot: Panglot, change: Callable[[dict[str, Any]], Any], words: list[str]) -> None:
    own = model_folder(panglot)
    edited(own / "tokenizer.json", change)
    refused(extend(panglot, *GOOD, model="own"), "tokenizer.json", *words)
    shutil.rmtree("run")
    refused(panglot("vocabulary", "trim", "--model", "own", "--size", 260, "--out", "run"), *words)
    shutil.rmtree("run")
    refused(panglot("vocabulary", "merge", "--model", "tiny:bert", "--with", "own", "--out", "run"), *words)


def test_a_piece_twice_in_a_table(panglot: Panglot) -> None:
    own = model_folder(panglot)
    path = own / "tokenizer.json"
    path.write_text(path.read_text().replace('"vocab": {', '"vocab": {"twice": 258, "twice": 259, ', 1))
    refused(extend(panglot, *GOOD, model="own"), "'twice' stands twice", "tokenizer.json")


def test_a_tokenizer_in_slow_python_only(panglot: Panglot) -> None:
    own = model_folder(panglot)
    (own / "tokenizer.json").unlink()
    tokens = ("<cls>", "<pad>", "<eos>", "<unk>", "A", "C", "<mask>")
    (own / "vocab.txt").write_text("".join(f"{each}\n" for each in tokens))
    (own / "tokenizer_config.json").write_text('{"tokenizer_class": "EsmTokenizer"}')
    refused(extend(panglot, *GOOD, model="own"), "EsmTokenizer", "slow Python only", "own")


def test_a_matrix_with_fewer_rows_than_tokens(panglot: Panglot) -> None:
    own = model_folder(panglot)
    edited(own / "config.json", lambda said: said.update(vocab_size=200))
    refused(extend(panglot, *GOOD, model="own"), "261 rows", "200", "model.safetensors")


@pytest.mark.parametrize(
    "spoiled", [b"", b"\x00" * 64, b"\xff" * 64, b"cut", b"header"], ids=["empty", "zero", "long", "cut", "json"]
)
def test_damaged_weights(panglot: Panglot, spoiled: bytes) -> None:
    own = model_folder(panglot)
    path = own / "model.safetensors"
    whole = path.read_bytes()
    header = b'{"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}'
    wrong = {b"cut": whole[: len(whole) // 2], b"header": len(header).to_bytes(8, "little") + header}
    path.write_bytes(wrong.get(spoiled, spoiled))
    refused(extend(panglot, *GOOD, model="own"), "weights are damaged", "model.safetensors", "copy or download")


def test_weights_as_a_pickle(panglot: Panglot) -> None:
    own = model_folder(panglot)
    (own / "model.safetensors").unlink()
    (own / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    refused(extend(panglot, *GOOD, model="own"), "pickle", "pytorch_model.bin", "safetensors")


def test_settings_that_no_model_can_have(panglot: Panglot) -> None:
    own = model_folder(panglot)
    edited(own / "config.json", lambda said: said.update(hidden_size="wide"))
    refused(extend(panglot, *GOOD, model="own"), "configuration", "hidden_size", "config.json")


def test_scripts_that_are_none_or_not_there(panglot: Panglot) -> None:
    own = model_folder(panglot)
    with_model(own, {"type": "Unigram", "unk_id": 0, "vocab": [*PIECES, ["1", -3.0], [".", -3.0]], "byte_fallback": False})
    trim = ("vocabulary", "trim", "--model", "own", "--out", "run", "--scripts")
    refused(panglot(*trim, "Thia"), "no script 'Thia'", "did you mean 'Thai'")
    shutil.rmtree("run")
    # digits and full stops stay in every script, and write no language
    refused(panglot(*trim, "Thai"), "no piece is written in Thai", "extend")


def test_text_of_a_language_that_no_file_is_said_to_be(panglot: Panglot) -> None:
    trim = ("vocabulary", "trim", "--model", "tiny:llama", "--out", "run", "--keep", "tha")
    refused(panglot(*trim, "--text", "thai.txt"), "no text of tha_Thai", "text of und", "tha=FILE")


def test_a_run_inside_the_models_folder(panglot: Panglot) -> None:
    model_folder(panglot)
    before = sorted(Path("own").rglob("*"))
    refused(extend(panglot, *GOOD, model="own", out="own/run"), "inside the model's folder", "--out")
    assert sorted(Path("own").rglob("*")) == before


def test_merging_with_a_tokenizer_that_adds_nothing_says_so(panglot: Panglot) -> None:
    outcome = panglot("vocabulary", "merge", "--model", "tiny:bert", "--with", "tiny:bert", "--out", "run", "--json")
    said = json.loads(outcome.out)
    assert said["figures"]["tokens"] == {"added": 0, "dropped": 0}
    assert "nothing was added" in " ".join(said["notes"])


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="needs to mount a small disk")
@pytest.mark.parametrize("kibibytes", [24, 160])
def test_no_space_left(panglot: Panglot, tmp_path: Path, kibibytes: int) -> None:
    """On a disk for nothing, and on one that the model fits on once but not twice; then room is made, and it goes on."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this machine mounts no small disk")
    try:
        outcome = extend(panglot, *GOOD, out=str(disk / "run"))
        refused(outcome, "no space left")
        assert not list(disk.glob("**/.partial")) and not (disk / "run" / "model").exists()
        subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
        assert extend(panglot, *GOOD, out=str(disk / "run")).code == 0
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
    assert extend(panglot, *GOOD).code == 0


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_stopped_in_any_step_and_the_same_command_again(panglot: Panglot, tmp_path: Path, stop: signal.Signals) -> None:
    assert extend(panglot, *GOOD, out="whole").code == 0
    command = [sys.executable, "-m", "panglot", "vocabulary", "extend", "--model", "tiny:bert", "--out", "run", *map(str, GOOD)]
    stopped = 0
    for name in ("base", "text", "extended"):
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if f" {name} " in f"{line} ":
                    break
            time.sleep(0.02)
            process.send_signal(stop)
            rest, code = process.stderr.read(), process.wait()
        assert code in (0, 130, -signal.SIGKILL) and "Traceback" not in rest, rest
        stopped += code != 0
        if stop == signal.SIGINT:
            assert not list(Path("run").glob("**/.partial/*"))
    assert stopped
    assert subprocess.run(command, capture_output=True).returncode == 0
    assert not list(Path("run").glob("**/.partial"))
    for each in ("model/model.safetensors", "model/tokenizer.json", "model/config.json"):
        assert Path("run", each).read_bytes() == Path("whole", each).read_bytes()
