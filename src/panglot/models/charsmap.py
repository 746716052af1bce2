"""A SentencePiece character map as the bytes that `tokenizers.normalizers.Precompiled` reads.

The bytes hold a trie of UTF-8 keys as a double array (Aoe 1989, in the unit layout of Darts-clone) and the replacements,
each ended by a zero byte:

    u32 size of the trie in bytes | u32 units[] | replacement 0x00 replacement 0x00 ...

A unit holds its label in the low 8 bits, "a value lies below" in bit 8, and the exclusive-or that leads to its children's
block from bit 10 on. A value has bit 31 set, so that no label equals it.
"""

import struct
from collections.abc import Iterable, Mapping

_HAS_VALUE = 1 << 8
_OFFSET_SHIFT = 10
_OFFSET_LIMIT = 1 << 21
_VALUE = 1 << 31
_BLOCK = 256

_Trie = dict[int, "_Trie | int"]
_VALUE_LABEL = 0


def compile_charsmap(replacements: Mapping[str, str]) -> bytes:
    """Compile a map from strings to their replacements.

    Deviation from SentencePiece's own compiler: none in what a reader finds; the order of units may differ.

    Args:
        replacements: key to replacement; an empty replacement deletes. Keys and replacements may not hold U+0000.

    Returns:
        The bytes that `tokenizers.normalizers.Precompiled` takes.

    Raises:
        ValueError: a key is empty, or something holds U+0000.

    Example:
        >>> from tokenizers.normalizers import Precompiled
        >>> Precompiled(compile_charsmap({"ﬁ": "fi", "\\u200b": " "})).normalize_str("ﬁn\\u200bal")
        'fin al'
    """
    texts, positions = bytearray(), {}
    trie: _Trie = {}
    for key in sorted(replacements):
        value = replacements[key]
        if not key or "\0" in key or "\0" in value:
            raise ValueError("a character map cannot hold an empty key or U+0000")
        if value not in positions:
            positions[value] = len(texts)
            texts += value.encode() + b"\0"
        _insert(trie, key.encode(), positions[value])
    units = _double_array(trie)
    return struct.pack("<I", 4 * len(units)) + struct.pack(f"<{len(units)}I", *units) + bytes(texts)


def _insert(trie: _Trie, key: Iterable[int], value: int) -> None:
    node = trie
    for byte in key:
        child = node.setdefault(byte, {})
        if not isinstance(child, dict):
            raise TypeError("a value stands where a node belongs")
        node = child
    node[_VALUE_LABEL] = value


def _double_array(trie: _Trie) -> list[int]:
    units: list[int] = [0] * _BLOCK
    taken = [True] + [False] * (_BLOCK - 1)
    # Two nodes with one base would see each other's children.
    bases: set[int] = set()
    first_free = 1
    waiting: list[tuple[int, _Trie]] = [(0, trie)]
    while waiting:
        position, node = waiting.pop()
        labels = sorted(node)
        if not labels:  # only the root of an empty map
            continue
        while taken[first_free]:
            first_free += 1
            if first_free == len(units):
                _grow(units, taken)
        base = _place(labels, first_free, units, taken, bases)
        bases.add(base)
        offset = position ^ base
        if offset >= _OFFSET_LIMIT:
            raise ValueError("the character map is too large")
        units[position] |= offset << _OFFSET_SHIFT
        for label in labels:
            taken[base ^ label] = True
            child = node[label]
            if isinstance(child, dict):
                units[base ^ label] = label
                waiting.append((base ^ label, child))
            else:
                units[base] = _VALUE | child
                units[position] |= _HAS_VALUE
    return units


def _place(labels: list[int], first_free: int, units: list[int], taken: list[bool], bases: set[int]) -> int:
    slot = first_free
    while True:
        if slot == len(units):
            _grow(units, taken)
        if not taken[slot]:
            base = slot ^ labels[0]
            if base not in bases and not any(taken[base ^ label] for label in labels):
                return base
        slot += 1


def _grow(units: list[int], taken: list[bool]) -> None:
    units += [0] * _BLOCK
    taken += [False] * _BLOCK
