import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers.normalizers import Precompiled

from panglot.models.charsmap import compile_charsmap

characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


@given(st.dictionaries(characters, st.text(characters, max_size=4), max_size=60), st.lists(characters, max_size=30))
def test_each_character_is_replaced_as_the_map_says(replacements, others):
    normaliser = Precompiled(compile_charsmap(replacements))
    for each in [*replacements, *others]:
        assert normaliser.normalize_str(each) == replacements.get(each, each)


def test_units_of_one_key_by_hand():
    data = compile_charsmap({"a": "xy"})
    (size,) = struct.unpack_from("<I", data)
    units = struct.unpack_from(f"<{size // 4}I", data, 4)
    base = units[0] >> 10
    child = base ^ ord("a")
    assert units[child] & 0xFF == ord("a")
    assert units[child] >> 8 & 1
    value = units[child ^ (units[child] >> 10)]
    assert value == 1 << 31
    assert data[4 + size :] == b"xy\0"


def test_an_empty_replacement_deletes():
    assert Precompiled(compile_charsmap({"\x01": "", "𝒳": "X"})).normalize_str("a\x01b𝒳") == "abX"


@pytest.mark.parametrize("replacements", [{"": "x"}, {"a\0": "x"}, {"a": "\0"}])
def test_what_cannot_be_written_is_refused(replacements):
    with pytest.raises(ValueError, match="empty key or U"):
        compile_charsmap(replacements)
