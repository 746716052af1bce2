"""Text laid out on disk: nothing lost, whole or absent, read at any place."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_tables import documents, pairs

from panglot.artifacts import InputError
from panglot.training.text_store import open_store
from panglot.training.text_stream import Passage, passages

TEXTS = ["ภาษาไทย " * 9, "", "ស្ត្រីខ្មែរ", "العَرَبِيَّة " * 5, "क्षत्रिय", "short", "क्षत्रिय"]
HERE = Path(__file__).parent


@given(st.lists(st.tuples(st.text("aé ไทยក្រុម👩\u200d", max_size=60), st.sampled_from(["tha_Thai", "khm_Khmr"])), max_size=20))
@settings(max_examples=40)
def test_nothing_is_lost_and_all_is_known(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("store")
    table = documents(folder / "text", rows)
    if not any(text for text, _ in rows):
        with pytest.raises(InputError, match="no text to learn from"):
            open_store({"text": table}, folder / "stores", longest=24)
        return
    store = open_store({"text": table}, folder / "stores", longest=24)
    expected = []
    for row, (text, tag) in enumerate(rows):
        cut = list(passages(text, 24))
        expected += [(Passage(each, at == len(cut) - 1, tag), row) for at, each in enumerate(cut)]
    found = [(store[at], store.document(at)[1]) for at in range(len(store))]
    assert found == expected
    assert [int(each) for each in store.sizes] == [len(each.text.encode()) for each, _ in found]
    assert len(set(store.ranks.tolist())) == len(store)
    assert sorted(store.members.tolist()) == list(range(len(store)))
    for cell in store.cells:
        own = [each for each, _ in found if each.language == cell.language]
        assert (cell.passages, cell.documents) == (len(own), sum(each.last for each in own))
        assert cell.bytes == sum(len(each.text.encode()) for each in own)
        assert cell.characters == sum(len(each.text) for each in own)
        members = store.members[cell.first : cell.first + cell.passages]
        assert {store[int(each)].language for each in members} == {cell.language}


def test_several_sources_and_pairs(tmp_path):
    text = documents(tmp_path / "text", TEXTS, "tha_Thai")
    bitext = pairs(
        tmp_path / "pairs",
        [("ភាសា", "language", "khm_Khmr", "eng_Latn"), ("", "x", "khm_Khmr", "eng_Latn"), ("a", "ก", "yor_Latn", "tha_Thai")],
    )
    store = open_store({"new": text, "bitext": bitext}, tmp_path / "stores", longest=64)
    assert [(each.source, each.kind, each.language, each.other_language, each.passages) for each in store.cells] == [
        ("new", "text", "tha_Thai", "und", 12),
        ("bitext", "pairs", "khm_Khmr", "eng_Latn", 1),
        ("bitext", "pairs", "yor_Latn", "tha_Thai", 1),
    ]
    assert store[12] == Passage("ភាសា", True, "khm_Khmr", 0, "language", "eng_Latn")
    assert store[13] == Passage("a", True, "yor_Latn", 0, "ก", "tha_Thai")
    assert store.document(13) == ("bitext", 2)
    assert pickle.loads(pickle.dumps(store))[13] == store[13]
    assert len(pickle.dumps(store)) < 1000


def test_a_store_is_found_again_and_another_input_makes_another(tmp_path):
    table = documents(tmp_path / "text", TEXTS)
    first = open_store({"text": table}, tmp_path / "stores", longest=64)
    times = {each.name: each.stat().st_mtime_ns for each in first.folder.iterdir()}
    again = open_store({"text": table}, tmp_path / "stores", longest=64)
    assert again.folder == first.folder
    assert {each.name: each.stat().st_mtime_ns for each in again.folder.iterdir()} == times
    others = [
        open_store({"text": table}, tmp_path / "stores", longest=32),
        open_store({"text": table}, tmp_path / "stores", longest=64, seed=1),
        open_store({"other": table}, tmp_path / "stores", longest=64),
        open_store({"text": documents(tmp_path / "more", [*TEXTS, "more"])}, tmp_path / "stores", longest=64),
    ]
    assert len({each.folder for each in [first, *others]}) == 5


_BUILD = """
import sys
from pathlib import Path
from panglot.corpus.documents import Documents
from panglot.training.text_store import open_store
print("ready", flush=True)
open_store({"text": Documents(Path(sys.argv[1]))}, Path(sys.argv[2]), longest=64)
print("done", flush=True)
"""


def _builder(*arguments):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
    return subprocess.Popen(
        [sys.executable, "-c", _BUILD, *map(str, arguments)], stdout=subprocess.PIPE, text=True, env=environment
    )


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return documents(tmp_path_factory.mktemp("large"), [f"{at} " + "ภาษาไทยไม่มี " * 12 for at in range(8000)])


def test_after_kill_9_at_any_moment_the_same_call_builds_the_same_store(large, tmp_path):
    whole = open_store({"text": large}, tmp_path / "whole", longest=64)
    folder, interrupted = tmp_path / "stores", 0
    for delay in (0.0, 0.1, 0.25, 0.4):
        process = _builder(large.folder, folder)
        assert process.stdout.readline() == "ready\n"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        found = [each for each in folder.glob("text-*") if each.is_dir()] if folder.is_dir() else []
        interrupted += not found
        assert all((each / "store.json").is_file() for each in found)
    assert interrupted
    store = open_store({"text": large}, folder, longest=64)
    files = sorted(each.name for each in whole.folder.iterdir())
    assert sorted(each.name for each in store.folder.iterdir()) == files
    assert all((store.folder / each).read_bytes() == (whole.folder / each).read_bytes() for each in files)
    assert not (folder / ".partial").exists()


def test_several_processes_build_one_store(large, tmp_path):
    running = [_builder(large.folder, tmp_path / "stores") for _ in range(3)]
    assert [each.communicate()[0] for each in running] == ["ready\ndone\n"] * 3
    assert [each.wait() for each in running] == [0, 0, 0]
    assert len(list((tmp_path / "stores").glob("text-*"))) == 1


_READ = """
import resource, sys
from pathlib import Path
from panglot.corpus.documents import Documents
from panglot.training.groups import Mix
from panglot.training.language_stream import LanguageStream
from panglot.training.text_store import open_store
import pyarrow, numpy
store = open_store({"text": Documents(Path(sys.argv[1]))}, Path(sys.argv[2]), longest=64)
def own():
    # without pages of files, which the kernel takes back when it needs them
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(each.split()[1]) for each in lines if each.startswith("RssAnon"))
before = own()
asked = {"steps": int(sys.argv[3]), "step_bytes": 4096, "seed": 1, "chunk_bytes": 1 << 18}
stream = LanguageStream(store, mix=Mix(strategy="temperature"), **asked)
stream.figures()
stream[len(stream) // 2]
print(own() - before, flush=True)
"""


def _kilobytes(large, folder, steps):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(large.folder), str(folder), str(steps)],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    return int(done.stdout)


def test_memory_does_not_grow_with_the_length_of_the_plan(large, tmp_path):
    open_store({"text": large}, tmp_path / "stores", longest=64)
    short, long = (_kilobytes(large, tmp_path / "stores", steps) for steps in (500, 10000))
    # 10,000 steps are about 700,000 draws; 16 bytes for each would be 11 MB
    assert long - short < 6000
