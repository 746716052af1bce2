"""Packed files of every kind: read whole, refused when they are damaged or unpack to far too much."""

import bz2
import gzip
import lzma

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.artifacts.memory import peak_memory_bytes, reset_peak_memory
from panglot.corpus.read_text import read_text
from panglot.corpus.reading import unpacking

PACK = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda content: pa.compress(content, codec="zstd", asbytes=True),
}
LINES = [f"ߒߞߏ {number} 𞤀𞤣 می\u200cروم ភាសា" for number in range(3000)]
TEXT = "".join(f"{line}\n" for line in LINES).encode()


def texts(ran):
    return [row["text"] for row in ran.artifact.rows()]


@pytest.mark.parametrize("packing", PACK)
def test_members_one_after_the_other(run, tmp_path, packing):
    path = tmp_path / f"a.txt.{packing}"
    path.write_bytes(PACK[packing](TEXT) + PACK[packing](TEXT))
    assert texts(run(read_text, files=[str(path)])) == LINES * 2


@pytest.mark.parametrize("packing", ["gz", "xz"])
def test_zeros_that_pad_a_file(run, tmp_path, packing):
    path = tmp_path / f"a.txt.{packing}"
    path.write_bytes(PACK[packing](TEXT) + b"\0" * 512)
    assert texts(run(read_text, files=[str(path)])) == LINES


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("share", [0.2, 0.7, 0.999])
def test_truncated(run, tmp_path, packing, share):
    path, good = tmp_path / f"a.txt.{packing}", tmp_path / "b.txt"
    content = PACK[packing](TEXT)
    path.write_bytes(content[: int(len(content) * share)])
    good.write_text("whole\n")
    with pytest.raises(InputError, match=f"the {unpacking.PACKINGS[packing]} file is (truncated|damaged)"):
        run(read_text, files=[str(path)])
    ran = run(read_text, files=[str(path), str(good)])
    *kept, last = texts(ran)
    assert last == "whole"
    # no line that was cut in two
    assert kept == LINES[: len(kept)]
    assert ran.step.quarantined.total() == 1


@pytest.mark.parametrize("packing", PACK)
def test_a_file_that_is_not_what_its_name_says(run, tmp_path, packing):
    path = tmp_path / f"a.txt.{packing}"
    path.write_bytes(TEXT)
    with pytest.raises(InputError, match=r"file is (damaged|truncated)"):
        run(read_text, files=[str(path)])


@settings(max_examples=40)
@given(st.sampled_from(sorted(PACK)), st.binary(min_size=1, max_size=200), st.integers(0, 2**31))
def test_any_damage_ends_in_an_error_or_in_text(tmp_path_factory, packing, noise, place):
    path = tmp_path_factory.mktemp("damage") / f"a.txt.{packing}"
    content = bytearray(PACK[packing](TEXT[:3000]))
    place %= len(content)
    content[place : place + len(noise)] = noise
    path.write_bytes(bytes(content))
    with path.open("rb") as stream:
        reader = unpacking.unpacked(stream, packing, path)
        try:
            while reader.read(1 << 16):
                pass
        except InputError:
            pass


@pytest.mark.parametrize("packing", PACK)
def test_a_bomb_stops_with_a_reason_and_in_little_memory(run, tmp_path, packing, monkeypatch):
    monkeypatch.setattr(unpacking, "RATIO_COUNTS_FROM", 1 << 20)
    path = tmp_path / f"a.txt.{packing}"
    content = PACK[packing](b"a" * (40 << 20))
    assert len(content) * 300 < 40 << 20
    path.write_bytes(content)
    if not reset_peak_memory():
        pytest.skip("the system cannot measure the peak")
    before = peak_memory_bytes()
    with pytest.raises(InputError, match="unpacks to more than .* which is refused"):
        run(read_text, files=[str(path)])
    assert peak_memory_bytes() - before < 64 << 20


def test_a_window_that_would_fill_the_memory(run, tmp_path):
    # a frame that asks for a window of 1 GiB
    path = tmp_path / "a.txt.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd\x00\xa0\x09\x00\x00aaaa" + b"\0" * 50)
    with pytest.raises(InputError, match="zstd file is damaged"):
        run(read_text, files=[str(path)])
