"""Content digests: XXH3-128 in hexadecimal, for files, folders and JSON values.

They detect change and damage and are quick enough to run over models of several gigabytes (XXH3 is not a
cryptographic hash: a digest is no proof against a person who forges files on purpose).
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import xxhash

_CHUNK_BYTES = 1 << 22


def digest_bytes(data: bytes) -> str:
    """Digest of bytes."""
    return xxhash.xxh3_128_hexdigest(data)


def digest_value(value: Any) -> str:
    """Digest of a JSON value; the order of keys does not matter."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return digest_bytes(text.encode())


def digest_file(path: Path) -> str:
    """Digest of a file's bytes, read in chunks."""
    state = xxhash.xxh3_128()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            state.update(chunk)
    return state.hexdigest()


def files_under(folder: Path, *, without: Iterable[str] = ()) -> list[str]:
    """Relative POSIX paths of the files under a folder, sorted, less the names in `without`."""
    skipped = set(without)
    found = (each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file())
    return sorted(each for each in found if each not in skipped)


def digest_files(digests: Mapping[str, str]) -> str:
    """One digest for a set of files, from relative path to digest."""
    return digest_value(sorted(digests.items()))


def digest_folder(folder: Path, *, without: Iterable[str] = ()) -> str:
    """Digest of all the files under a folder: their relative paths and their bytes."""
    return digest_files({each: digest_file(folder / each) for each in files_under(folder, without=without)})
