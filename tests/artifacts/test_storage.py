import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from panglot.artifacts import (
    BusyError,
    InputError,
    PanglotError,
    StorageError,
    discard_partial,
    locked,
    staged_folder,
    write_file,
)
from panglot.artifacts.errors import did_you_mean
from panglot.artifacts.storage import PARTIAL, translated_storage_errors


def test_an_error_inside_leaves_the_old_folder_and_nothing_else(tmp_path: Path) -> None:
    place = tmp_path / "step"
    with staged_folder(place) as folder:
        (folder / "a").write_text("old")
    with pytest.raises(ValueError, match="boom"), staged_folder(place) as folder:
        (folder / "a").write_text("new")
        raise ValueError("boom")
    assert (place / "a").read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["step"]


def test_a_new_folder_takes_the_place_of_the_old_one_whole(tmp_path: Path) -> None:
    place = tmp_path / "step"
    for text, name in (("old", "a"), ("new", "b")):
        with staged_folder(place) as folder:
            (folder / name).write_text(text)
    assert [each.name for each in place.iterdir()] == ["b"]
    assert not (tmp_path / PARTIAL).exists()


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), staged_folder(tmp_path / "step") as folder:
        (folder / "a").write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_writer_left_is_discarded(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from panglot.artifacts import staged_folder\n"
        "with staged_folder(Path(sys.argv[1])) as folder:\n"
        "    (folder / 'a').write_text('half'); os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "step")])
    assert done.returncode == -9
    assert not (tmp_path / "step").exists()
    assert (tmp_path / PARTIAL).exists()
    discard_partial(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "no space left"), (errno.EROFS, "cannot be written")])
def test_storage_errors_are_for_people(tmp_path: Path, number: int, words: str) -> None:
    with pytest.raises(StorageError, match=words), translated_storage_errors(tmp_path / "x"):
        raise OSError(number, os.strerror(number), str(tmp_path / "x" / "file"))


def test_a_full_disk_reported_by_compiled_code_is_recognised(tmp_path: Path) -> None:
    class SafetensorError(Exception):
        pass

    with pytest.raises(StorageError, match="no space left"), translated_storage_errors(tmp_path):
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")


def test_other_operating_system_errors_pass_through(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), translated_storage_errors(tmp_path):
        (tmp_path / "absent").read_bytes()


def test_an_input_that_cannot_be_read_is_not_called_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), translated_storage_errors(tmp_path / "runs" / "step"):
        raise PermissionError(errno.EACCES, "Permission denied", "/elsewhere/pairs.tsv")


def test_write_file_replaces_whole(tmp_path: Path) -> None:
    write_file(tmp_path / "deep" / "a.txt", "vîtaj")
    write_file(tmp_path / "deep" / "a.txt", "ويتاج")
    assert (tmp_path / "deep" / "a.txt").read_text() == "ويتاج"
    assert [each.name for each in (tmp_path / "deep").iterdir()] == ["a.txt"]


def test_the_second_process_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from panglot.artifacts import locked\n"
        "with locked(Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match=rf"process {holder.pid}"), locked(tmp_path):
            pass
        holder.kill()
    with locked(tmp_path):
        pass


def test_errors_have_three_parts_and_exit_code_2() -> None:
    error = InputError("the file is empty", where=Path("a.tsv"), fix="give another")
    assert (error.what, error.where, error.fix) == ("the file is empty", "a.tsv", "give another")
    assert {each.exit_code for each in (PanglotError, InputError, BusyError, StorageError)} == {2}


def test_suggestions_only_when_near() -> None:
    assert did_you_mean("retreival", ["retrieval", "perplexity"]) == "did you mean 'retrieval'?"
    assert did_you_mean("zzz", ["retrieval"]) == ""
