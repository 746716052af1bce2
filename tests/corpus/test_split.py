import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.corpus.likeness import NEARLY, nearest_likeness
from panglot.corpus.merge import merge
from panglot.corpus.select import select
from panglot.corpus.split import NEAR_FILE, split
from panglot.corpus.text import key
from panglot.languages import Language

WORDS = ["strona", "kniha", "dom", "rěka", "hora", "puć", "město", "wjes", "pólo", "jězor"]
ENGLISH = ["page", "book", "house", "river", "mountain", "road", "town", "village", "field", "lake"]


def many(count, language="hsb_Latn", start=0):
    """Distinct pairs; the same number gives the same English string in every language."""

    def said(number, words):
        return " ".join(words[int(digit)] for digit in f"{number:04d}")

    mark = {"hsb_Latn": "to je", "khm_Khmr": "នេះ", "div_Thaa": "މީ"}[language]
    return [(f"{mark} {said(n, WORDS)}", f"this is {said(n, ENGLISH)}", language) for n in range(start, start + count)]


def sides(pairs):
    return {key(row[side]) for row in pairs.rows() for side in ("source_text", "target_text")}


def test_sizes_and_no_string_in_both(run, table):
    pairs = table(*many(300), *many(200, "khm_Khmr", 100), *many(150, "div_Thaa", 250))
    ran = run(split, of=pairs, test=50)
    train, test = ran.artifact.train, ran.artifact.test
    assert test.counts == {"hsb_Latn": 50, "khm_Khmr": 50, "div_Thaa": 50}
    assert not sides(train) & sides(test)
    figures = ran.step.figures
    assert {tag: figures["test"][tag] + figures["train"][tag] + figures["removed_from_train"][tag] for tag in pairs.counts} == (
        pairs.counts
    )


def test_languages_share_their_test_strings(run, table):
    ran = run(split, of=table(*many(200), *many(200, "khm_Khmr")), test=50)
    texts = {
        tag: {row["target_text"] for row in ran.artifact.test.rows() if row["source_language"] == tag}
        for tag in ("hsb_Latn", "khm_Khmr")
    }
    assert texts["hsb_Latn"] == texts["khm_Khmr"]
    assert ran.step.figures["removed_from_train"] == {"hsb_Latn": 0, "khm_Khmr": 0}


def test_test_does_not_depend_on_other_languages_or_on_order(run, table):
    alone = run(split, of=table(*many(200)), test=50).artifact.test
    together = run(split, of=table(*many(300, "div_Thaa", 50), *reversed(many(200))), test=50).artifact.test
    wanted = {row["id"] for row in together.rows() if row["source_language"] == "hsb_Latn"}
    assert {row["id"] for row in alone.rows()} == wanted


def test_seed_decides(run, table):
    pairs = table(*many(200))
    first, same, other = (run(split, of=pairs, test=50, seed=seed).artifact for seed in (1, 1, 2))
    assert first.test.path.read_bytes() == same.test.path.read_bytes()
    assert first.train.path.read_bytes() == same.train.path.read_bytes()
    assert first.test.path.read_bytes() != other.test.path.read_bytes()


def test_near_copies_do_not_leak(run, table):
    rows = many(100)
    copies = [(source.upper() + "!", f"<b>{target}</b> %(n)s", tag) for source, target, tag in rows]
    crossed = [(source, "another translation " + "x" * at, tag) for at, (source, _, tag) in enumerate(rows)]
    ran = run(split, of=table(*rows, *copies, *crossed), test=40)
    assert not sides(ran.artifact.train) & sides(ran.artifact.test)
    for side in ("source_text", "target_text"):
        keys = [key(row[side]) for row in ran.artifact.test.rows()]
        assert len(keys) == len(set(keys)) == 40


def test_nearly_equal_strings_are_listed(run, table):
    """The plural of a string in train may stand in test; the report can leave it out."""
    rows = many(60)
    pairs = table(*rows, *((f"{source} tež", f"{target} too", tag) for source, target, tag in rows))
    ran = run(split, of=pairs, test=30)
    near = json.loads((ran.artifact.folder / NEAR_FILE).read_text(encoding="utf-8"))["hsb_Latn"]
    train = [key(row["source_text"]) for row in ran.artifact.train.rows()]
    expected = [
        row["id"] for row in ran.artifact.test.rows() if nearest_likeness([key(row["source_text"])], train)[0] >= NEARLY
    ]
    assert near == expected
    assert len(near) > 15
    assert ran.step.figures["near_duplicates"] == {"hsb_Latn": len(near)}


@pytest.mark.parametrize(("count", "size"), [(20, 10), (24, 10), (40, 16), (299, 119), (300, 120), (1000, 120)])
def test_few_pairs_give_a_smaller_test_and_a_note(run, table, count, size):
    ran = run(split, of=table(*many(count)))
    assert ran.step.figures["test"] == {"hsb_Latn": size}
    assert len(ran.step.notes) == (size < 120)


def test_too_few_pairs(run, table):
    with pytest.raises(InputError, match=r"Upper Sorbian \(hsb_Latn\) has 19 pairs; a split needs at least 20"):
        run(split, of=table(*many(19)))


def test_too_many_repeats(run, table):
    rows = [(f"to je {WORDS[n % 5]} {n}", f"this is {ENGLISH[n % 5]} {n}") for n in range(40)]
    with pytest.raises(InputError, match="only 5 pairs whose strings differ"):
        run(split, of=table(*rows))


def test_nothing_left_to_learn_from(run, table):
    rows = many(10, "khm_Khmr")
    more = [(f"{source} ទៀត", target, tag) for source, target, tag in rows]
    with pytest.raises(InputError, match=r"no Khmer \(khm_Khmr\) pair is left to learn from: 10 share"):
        run(split, of=table(*rows, *more))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_never_a_leak(run, table, data):
    alphabet = st.sampled_from("កខabިއ! 1é")
    texts = st.lists(st.tuples(st.text(alphabet, max_size=4), st.text(alphabet, max_size=4)), max_size=40)
    extra = [(source, target, tag) for tag in ("hsb_Latn", "khm_Khmr") for source, target in data.draw(texts)]
    ran = run(split, of=table(*many(60), *many(60, "khm_Khmr", 30), *extra), test=20)
    test = sides(ran.artifact.test)
    assert "" not in test
    assert not (sides(ran.artifact.train) - {""}) & test


def test_select_matches_a_size_and_keeps_the_order(run, table):
    pairs = table(*many(50), *many(80, "khm_Khmr"))
    small = run(select, of=pairs, languages=[Language("hsb_Latn")], limit=20)
    control = run(select, of=pairs, languages=[Language("khm_Khmr")], match=small.artifact)
    assert small.artifact.counts == {"hsb_Latn": 20}
    assert control.artifact.counts == {"khm_Khmr": 20}
    order = [row["id"] for row in pairs.rows()]
    assert [row["id"] for row in control.artifact.rows()] == sorted(
        (row["id"] for row in control.artifact.rows()), key=order.index
    )
    assert run(select, of=pairs, languages=[Language("hsb_Latn")]).artifact.counts == {"hsb_Latn": 50}
    other = run(select, of=pairs, languages=[Language("hsb_Latn")], limit=20, seed=3)
    assert other.texts != small.texts


def test_select_shares_between_languages(run, table):
    pairs = table(*many(5), *many(80, "khm_Khmr"), *many(80, "div_Thaa"))
    ran = run(select, of=pairs, languages=[Language(tag) for tag in ("hsb_Latn", "khm_Khmr")], limit=30)
    assert ran.artifact.counts == {"hsb_Latn": 5, "khm_Khmr": 25}


def test_select_says_what_it_lacks(run, table):
    pairs = table(*many(20))
    with pytest.raises(InputError, match=r"no pairs of khm_Khmr; there are pairs of hsb_Latn"):
        run(select, of=pairs, languages=[Language("khm_Khmr")])
    assert (
        "20 pairs of hsb_Latn in place of 99" in run(select, of=pairs, languages=[Language("hsb_Latn")], limit=99).step.notes[0]
    )


def test_merge_keeps_the_first_of_equal_pairs(run, table):
    first, second = table(*many(20), origin="a"), table(*many(30, start=10), *many(3, "khm_Khmr"), origin="b")
    ran = run(merge, of=[first, second])
    assert ran.artifact.counts == {"hsb_Latn": 40, "khm_Khmr": 3}
    assert ran.step.figures["repeated"] == 10
    assert [row["origin"] for row in ran.artifact.rows()] == ["a"] * 20 + ["b"] * 23
    with pytest.raises(InputError, match="no table"):
        run(merge, of=[])
