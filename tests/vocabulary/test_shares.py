"""Shares of languages: sums, caps, order; and the documents that are drawn by them."""

import math
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from panglot.artifacts import InputError
from panglot.corpus.balance.shares import Fixed, Shares, Temperature, UniMax
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.vocabulary.drawing import draw

SIZES = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.floats(0.5, 1e12), min_size=1, max_size=40)


@given(SIZES, st.floats(0, 1))
def test_temperature_sums_and_keeps_the_order(sizes, alpha):
    found = Temperature(alpha=alpha).shares(sizes)
    assert math.isclose(math.fsum(found.values()), 1, rel_tol=1e-9)
    ordered = [found[each] for each in sorted(sizes, key=sizes.get)]
    assert all(a <= b * (1 + 1e-9) for a, b in pairwise(ordered))


@given(SIZES)
def test_temperature_one_changes_nothing_and_zero_makes_equal(sizes):
    total = sum(sizes.values())
    assert all(
        math.isclose(share, sizes[each] / total, rel_tol=1e-9) for each, share in Temperature(alpha=1).shares(sizes).items()
    )
    assert all(math.isclose(share, 1 / len(sizes), rel_tol=1e-9) for share in Temperature(alpha=0).shares(sizes).values())


@given(SIZES, st.floats(0.1, 20), st.none() | st.floats(1, 1e13))
def test_unimax_spends_the_budget_within_the_cap_and_keeps_the_order(sizes, epochs, budget):
    found = UniMax(epochs=epochs, budget=budget).amounts(sizes)
    wanted = math.fsum(sizes.values()) if budget is None else budget
    assert math.isclose(math.fsum(found.values()), min(wanted, epochs * math.fsum(sizes.values())), rel_tol=1e-9)
    assert all(amount <= epochs * sizes[each] * (1 + 1e-12) for each, amount in found.items())
    ordered = [found[each] for each in sorted(sizes, key=sizes.get)]
    assert all(a <= b * (1 + 1e-9) for a, b in pairwise(ordered))
    uncapped = [amount for each, amount in found.items() if amount < epochs * sizes[each] * (1 - 1e-9)]
    assert not uncapped or math.isclose(min(uncapped), max(uncapped), rel_tol=1e-6)


def test_unimax_by_hand():
    # L = 3, B = 90: a takes min(30, 2·5) = 10, then b min(40, 2·100) = 40, c the rest
    assert UniMax(epochs=2, budget=90).amounts({"c": 1000, "a": 5, "b": 100}) == {"c": 40, "a": 10, "b": 40}


def test_xlmr_by_hand():
    found = Temperature().shares({"eng": 300.8, "swh": 1.6})
    assert found["swh"] == pytest.approx(1 / (1 + (300.8 / 1.6) ** 0.3))


def test_fixed():
    assert Fixed(weights={"a": 1, "b": 3}).shares({"a": 7, "b": 7}) == {"a": 0.25, "b": 0.75}
    with pytest.raises(InputError, match="no weight is given for b"):
        Fixed(weights={"a": 1}).shares({"a": 1, "b": 1})
    with pytest.raises(InputError, match="there is no text of hsb_Latm"):
        Fixed(weights={"hsb_Latm": 1}).shares({"hsb_Latn": 1})
    with pytest.raises(InputError, match="all weights are 0"):
        Fixed(weights={"a": 0}).shares({"a": 1})


@pytest.mark.parametrize("rule", [Temperature(), UniMax(), Fixed(weights={"a": 1})])
@pytest.mark.parametrize("sizes", [{}, {"a": 0}, {"a": math.nan}, {"a": -1}])
def test_sizes_that_cannot_be(rule, sizes):
    with pytest.raises(InputError):
        rule.shares(sizes)


def test_said_by_name_or_with_parameters():
    read = TypeAdapter(Shares).validate_python
    assert read("unimax") == UniMax()
    assert read({"method": "temperature", "alpha": 0.5}) == Temperature(alpha=0.5)
    for wrong in (
        "uniform",
        {"method": "temperature", "alfa": 1},
        {"method": "temperature", "alpha": -1},
        {"method": "unimax", "epochs": 0},
    ):
        with pytest.raises(ValidationError):
            read(wrong)


def documents(folder, texts):
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for tag, text in texts:
            writer.document(text, tag, source="test")
    return Documents(folder)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(["tha_Thai", "hsb_Latn", "nqo_Nkoo"]), st.integers(1, 9)), min_size=1, max_size=60),
    st.sampled_from([0.0, 0.3, 1.0]),
)
def test_draw_meets_the_shares_to_within_a_document(tmp_path_factory, lengths, alpha):
    said = [(tag, f"{number}" + "ก" * size) for number, (tag, size) in enumerate(lengths)]
    text = documents(tmp_path_factory.mktemp("d"), said)
    found = draw(text, Temperature(alpha=alpha), seed=17)
    taken = dict.fromkeys(found.sizes, 0.0)
    for tag, each, drawn in found.documents():
        taken[tag] += len(each) * found.weights[tag] * drawn
    total = sum(taken.values())
    for tag, amount in taken.items():
        assert found.realised[tag] == pytest.approx(amount / total)
        # never less than asked, and more by less than the longest document
        asked = found.asked[tag] * sum(found.sizes.values())
        assert asked - 1e-6 <= amount < asked + 12
        assert found.weights[tag] >= 1
    if alpha == 1.0:
        assert all(drawn for _, _, drawn in found.documents())


def test_draw_depends_on_the_seed_and_not_on_the_order(tmp_path):
    said = [("tha_Thai", f"ก{n}") for n in range(200)] + [("hsb_Latn", f"a{n}") for n in range(20)]
    forth, back = documents(tmp_path / "a", said), documents(tmp_path / "b", said[::-1])

    def drawn(text, seed):
        return sorted(each for _, each, taken in draw(text, Temperature(alpha=0), seed).documents() if taken)

    assert drawn(forth, 1) == drawn(back, 1) != drawn(forth, 2)


def test_no_text(tmp_path):
    with pytest.raises(InputError, match="there is no text"):
        draw(documents(tmp_path, [("hsb_Latn", "")]), Temperature(), 17)
