"""One dial: the count it promises, over families, sizes and vocabularies; and what it says when it cannot."""

import re

import pytest

from panglot.artifacts import InputError
from panglot.training.families import FAMILIES, Architecture, count_parameters, family_of
from panglot.training.shape import shape_of
from panglot.training.size import parse_size, show_size

KINDS = ("encoder", "decoder", "seq2seq")


@pytest.mark.parametrize(
    ("text", "value"),
    [("6M", 6_000_000), ("0.5B", 500_000_000), ("1.5b", 1_500_000_000), ("250k", 250_000), ("6000000", 6_000_000)],
)
def test_sizes_as_people_write_them(text, value):
    assert parse_size(text) == value


@pytest.mark.parametrize(
    "text", ["", "6 M", "6MB", "M", "-6M", "6,000,000", "1e6", "٦M", "6.M", "half", "6M\n", "0.5", "12", "99999B"]
)
def test_sizes_that_are_none(text):
    with pytest.raises(InputError, match="was expected, not"):
        parse_size(text)


@pytest.mark.parametrize("value", [1_000, 999_499, 6_000_000, 123_456_789, 70_000_000_000])
def test_a_shown_size_is_understood_again(value):
    assert parse_size(show_size(value)) == pytest.approx(value, rel=0.005)


def test_the_names_are_the_families():
    names = set(Architecture.__args__)
    assert names == {*KINDS, *FAMILIES}
    assert {FAMILIES[family_of(each)].kind for each in KINDS} == set(KINDS)


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("vocabulary", [300, 4_000, 8_000, 64_000, 250_000])
@pytest.mark.parametrize("size", ["1M", "6M", "60M", "0.5B"])
def test_the_count_is_that_of_the_dial_or_the_vocabulary_is_refused(family, vocabulary, size):
    wanted = parse_size(size)
    if vocabulary * 32 > 0.95 * wanted:
        with pytest.raises(InputError, match="leave too little") as caught:
            shape_of(family, vocabulary, size=wanted)
        # what is advised is true
        room = int(re.search(r"at most ([\d,]+) tokens", caught.value.fix).group(1).replace(",", ""))
        assert abs(shape_of(family, room, size=wanted).parameters / wanted - 1) <= 0.05
        return
    found = shape_of(family, vocabulary, size=wanted)
    assert abs(found.parameters / wanted - 1) <= (0.03 if FAMILIES[family].feed_forward else 0.05)
    assert found.width % found.heads == 0 and found.width // found.heads % 2 == 0
    assert found.layers >= 2


@pytest.mark.parametrize("family", ["modernbert", "llama", "t5"])
def test_a_larger_vocabulary_leaves_smaller_layers(family):
    shapes = [shape_of(family, each, size=6_000_000) for each in (2_000, 4_000, 8_000, 16_000, 32_000)]
    bodies = [each.parameters - each.embeddings for each in shapes]
    assert bodies == sorted(bodies, reverse=True)
    assert bodies[0] > 2 * bodies[-1]


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_larger_dial_is_neither_shallower_nor_narrower(family):
    shapes = [shape_of(family, 16_000, size=each) for each in (3_000_000, 20_000_000, 150_000_000, 1_000_000_000)]
    assert [each.layers for each in shapes] == sorted(each.layers for each in shapes)
    assert [each.width for each in shapes] == sorted(each.width for each in shapes)


@pytest.mark.parametrize(
    "given", [{"layers": 4}, {"width": 128}, {"heads": 4}, {"feed_forward": 512}, {"layers": 5, "width": 256}]
)
@pytest.mark.parametrize("family", ["modernbert", "llama", "umt5"])
def test_what_is_given_stays_and_the_rest_follows(family, given):
    size = 12_000_000 if family == "umt5" else 6_000_000
    found = shape_of(family, 8_000, size=size, **given)
    assert {name: getattr(found, name) for name in given} == given
    assert found.parameters == pytest.approx(size, rel=0.05)


def test_what_is_given_can_make_the_dial_impossible():
    with pytest.raises(InputError, match=r"no llama .* comes to 6M parameters: the nearest has .* \(2 layers of width 256\)"):
        shape_of("llama", 2_000, size=6_000_000, layers=2, width=256)
    with pytest.raises(InputError, match="leave too little"):
        shape_of("llama", 20_000, size=6_000_000, width=256)
    with pytest.raises(InputError, match="too few for a llama with 200 layers of width 512, whatever"):
        shape_of("llama", 8_000, size=6_000_000, layers=200, width=512)


def test_untied_matrices_are_counted_twice():
    tied, untied = (shape_of("llama", 8_000, layers=4, width=128, tied=each) for each in (True, False))
    assert untied.parameters - tied.parameters == 8_000 * 128
    assert untied.embeddings == 2 * tied.embeddings
    assert tied.computing == tied.parameters and untied.computing == untied.parameters - 8_000 * 128
    with pytest.raises(InputError, match="transformers always shares the matrix of a t5"):
        shape_of("t5", 8_000, layers=4, width=128, tied=False)


def test_a_llama_by_hand():
    # rows 100 x 32; 2 layers of 4 x 32² + 3 x 32 x 88 + 2 x 32 of norms; a norm at the end
    by_hand = 100 * 32 + 2 * (4 * 32 * 32 + 3 * 32 * 88 + 2 * 32) + 32
    assert shape_of("llama", 100, layers=2, width=32, heads=2).parameters == by_hand
    sizes = {"vocabulary": 100, "layers": 2, "width": 32, "heads": 2, "feed_forward": 88, "tied": True, "positions": 64}
    assert count_parameters("llama", **sizes) == by_hand


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "it is not said how large"),
        ({"layers": 2}, "it is not said how large"),
        ({"width": 30, "layers": 2, "heads": 4}, "cannot be divided among 4 heads"),
        ({"size": 6_000_000, "width": 30, "heads": 4}, "cannot be divided among 4 heads"),
        ({"width": 33, "layers": 2}, "cannot be divided among heads evenly"),
    ],
)
def test_what_cannot_be_understood(given, message):
    with pytest.raises(InputError, match=message):
        shape_of("llama", 1_000, **given)


def test_what_a_family_does_not_have():
    with pytest.raises(InputError, match="no limit of positions"):
        shape_of("t5", 1_000, layers=2, width=32, positions=128)
    with pytest.raises(InputError, match="four times as wide"):
        shape_of("bloom", 1_000, layers=2, width=32, feed_forward=100)
