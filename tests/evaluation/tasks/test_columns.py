"""Rows to items: labels in every writing, choices, answers in their context, ids."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.evaluation.tasks.columns import Columns
from panglot.evaluation.tasks.rows import Account, Row, items_of, value_at


def read(columns, *rows, labels=(), account=None):
    found = (Row(f"a.jsonl:{number}", values) for number, values in enumerate(rows, start=1))
    return list(items_of(found, Columns(**columns), language="swh_Latn", labels=labels, account=account or Account()))


@pytest.mark.parametrize(
    ("by", "said"),
    [("name", ["no", "yes", "yes"]), ("number", [0, 1, "1"]), ("number from 1", [1, 2, "2"]), ("number", [0.0, 1.0, 1])],
)
def test_a_label_by_name_and_by_number(by, said):
    columns = {"fields": {"text": "text"}, "label": {"column": "l", "by": by}}
    items = read(columns, *({"text": "x", "l": each} for each in said), labels=("no", "yes"))
    assert [each.label for each in items] == [0, 1, 1]
    assert [each.id for each in items] == ["0", "1", "2"]


def test_what_a_set_writes_may_differ_from_the_label():
    columns = {"fields": {"text": "t"}, "label": {"column": "l", "names": {"pos": "good"}}}
    assert read(columns, {"t": "a", "l": "pos"}, {"t": "b", "l": "bad"}, labels=("bad", "good"))[0].label == 1


def test_choices_from_a_list_an_object_and_columns_of_which_the_last_may_be_null():
    label = {"column": "answer", "by": "letter"}
    listed = read({"choices": "o", "label": label}, {"o": ["ሀ", "ለ"], "answer": "B"})
    keyed = read({"choices": "o", "label": label}, {"o": {"А": "x", "Б": "y", "В": "z"}, "answer": "В"})
    wide = {"choices": ["a", "b", "c"], "label": label}
    spread = read(wide, {"a": "1", "b": "2", "c": None, "answer": "B"})
    assert listed[0].choices == ("ሀ", "ለ") and listed[0].label == 1
    assert keyed[0].label == 2
    assert spread[0].choices == ("1", "2") and spread[0].label == 1


def test_the_answer_of_a_question_with_fewer_choices_cannot_be_the_missing_one():
    columns = {"choices": ["a", "b", "c"], "label": {"column": "answer", "by": "letter"}}
    with pytest.raises(InputError, match=r"the label 'C' is outside the set \(a.jsonl:1\): expected: A, B"):
        read(columns, {"a": "1", "b": "2", "c": None, "answer": "C"})


def test_a_label_outside_the_set_says_which_and_where():
    columns = {"fields": {"text": "t"}, "label": "l"}
    with pytest.raises(InputError, match=r"the label 'meh' is outside the set \(a.jsonl:2\): expected: good, bad"):
        read(columns, {"t": "a", "l": "good"}, {"t": "b", "l": "meh"}, labels=("good", "bad"))


@pytest.mark.parametrize("said", ["-1", 2, "1.5", True, None, "²"])
def test_numbers_that_are_no_label(said):
    with pytest.raises(InputError, match="outside the set"):
        read({"fields": {"t": "t"}, "label": {"column": "l", "by": "number"}}, {"t": "a", "l": said}, labels=("x", "y"))


def test_rows_that_are_no_item_are_counted_and_none_is_lost():
    account = Account()
    columns = {"fields": {"text": "t"}, "label": {"column": "l", "unknown": ("?",)}, "where": {"s": "test"}}
    rows = [
        {"t": "a", "l": "x", "s": "test"},
        {"t": "b", "l": "?", "s": "test"},
        {"t": None, "l": "x", "s": "test"},
        {"t": "c", "l": "x", "s": "train"},
    ]
    assert len(read(columns, *rows, labels=("x",), account=account)) == 1
    assert account.rows == 3
    assert account.left_out == {"no known answer": 1, "no text": 1}


def test_duplicated_ids_name_both_places():
    with pytest.raises(InputError, match=r"the id '7' stands twice, first at a.jsonl:1 \(a.jsonl:3\)"):
        read({"id": "id", "fields": {"t": "t"}}, {"id": 7, "t": "a"}, {"id": 8, "t": "b"}, {"id": "7", "t": "c"})


def test_columns_together_may_name_an_item():
    items = read({"id": ["a", "b"], "fields": {"t": "t"}}, {"a": 1, "b": 1, "t": "x"}, {"a": 1, "b": 2, "t": "y"})
    assert [each.id for each in items] == ["1.1", "1.2"]


SQUAD = {"fields": {"context": "c", "question": "q"}, "references": "a", "starts": "s"}


def test_an_answer_that_is_not_at_its_offset_is_searched_and_counted():
    account = Account()
    rows = [
        {"c": "የአባይ ወንዝ", "q": "?", "a": ["ወንዝ"], "s": [5]},
        {"c": "የአባይ ወንዝ", "q": "?", "a": ["ወንዝ"], "s": [2]},
        {"c": "የአባይ ወንዝ", "q": "?", "a": ["ባህር"], "s": [0]},
        {"c": None, "q": "?", "a": ["ወንዝ"], "s": []},
    ]
    items = read(SQUAD, *rows, account=account)
    assert [each.references for each in items] == [("ወንዝ",), ("ወንዝ",)]
    assert account.mended == {"the answer stands elsewhere than at its offset": 1}
    assert account.left_out == {"the answer is not in the context": 1, "no context": 1}


def test_tags_by_name_and_by_number_and_a_tag_outside_the_set():
    columns, tags = {"words": "w", "tags": "t"}, ("O", "B-PER")
    items = read(columns, {"w": ["a", "b"], "t": [0, 1]}, {"w": ["c"], "t": ["B-PER"]}, labels=tags)
    assert [each.tags for each in items] == [("O", "B-PER"), ("B-PER",)]
    with pytest.raises(InputError, match=r"the tag 'B-GPE' is outside the set \(a.jsonl:1\): expected: O, B-PER"):
        read(columns, {"w": ["a"], "t": ["B-GPE"]}, labels=tags)
    with pytest.raises(InputError, match="2 words and 1 tags"):
        read(columns, {"w": ["a", "b"], "t": [0]}, labels=tags)


def test_the_gap_is_found_by_walking_over_the_tokens():
    gap = {"sentence": "s", "tokens": "t", "span": "p"}
    columns = {"fields": {"pronoun": "w"}, "gap": gap}
    quoted = {
        "s": 'He said "no", he did.',
        "t": ["He", "said", "``", "no", "''", ",", "he", "did", "."],
        "p": [6, 7],
        "w": "he",
    }
    chinese = {
        "s": "律师问了证人，但是他拒绝。",
        "t": ["律师", "问了", "证人", "，但是", "他", "拒绝。"],
        "p": [4, 5],
        "w": "他",
    }
    items = read(columns, quoted, chinese)
    assert items[0].fields == {"pronoun": "he", "before": 'He said "no", ', "after": " did."}
    assert items[1].fields == {"pronoun": "他", "before": "律师问了证人，但是", "after": "拒绝。"}


def test_a_missing_column_says_what_there_is():
    with pytest.raises(InputError, match=r"there is no column 'txt' \(x:1\): did you mean 'text'"):
        value_at(Row("x:1", {"text": "a", "label": 1}), "txt")


def test_an_object_may_be_written_as_json_text():
    assert value_at(Row("x:1", {"turn": '{"role": "user", "content": "नमस्ते"}'}), "turn.content") == "नमस्ते"
    assert value_at(Row("x:1", {"turn": None}), "turn.content") is None


def test_what_should_be_a_list_and_is_not():
    for columns, row in (
        ({"choices": "c", "label": "l"}, {"c": "ab", "l": 0}),
        ({"words": "c", "tags": "l"}, {"c": "ab", "l": ["O", "O"]}),
        ({"words": "l", "tags": "c"}, {"c": None, "l": ["a"]}),
    ):
        with pytest.raises(InputError, match="the column 'c' holds no list"):
            read(columns, row, labels=("O",))


@pytest.mark.parametrize("said", [-0.1, 5.5, "nan", "x", None])
def test_a_score_outside_its_range(said):
    rows = iter([Row("a.tsv:2", {"s": said})])
    with pytest.raises(InputError, match=r"the score .* \(a.tsv:2\)"):
        list(items_of(rows, Columns(score="s"), language="eng_Latn", labels=(), account=Account(), bounds=(0, 5)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 5) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("AB"), inner, max_size=2),
    max_leaves=4,
)
KINDS = [
    {"fields": {"text": "a"}, "label": "b"},
    {"fields": {"text": "a"}, "label": {"column": "b", "by": "number"}, "id": "c"},
    {"choices": "a", "label": {"column": "b", "by": "letter"}},
    {"choices": ["a", "c"], "label": {"column": "b", "by": "number from 1"}},
    {"fields": {"context": "a", "question": "c"}, "references": "b", "starts": "c"},
    {"words": "a", "tags": "b"},
    {"fields": {"x": "a.A"}, "references": ["b", "c"], "where": {"c": "x*"}},
    {"score": "a"},
    {"slots": {"text": "a", "column": "b"}},
    {"fields": {"query": "a"}, "relevant": "b"},
    {"gap": {"sentence": "a", "tokens": "b", "span": "c"}},
]


@settings(max_examples=60)
@given(st.sampled_from(KINDS), st.lists(st.fixed_dictionaries({"a": JSON, "b": JSON, "c": JSON}), max_size=3))
def test_any_rows_give_items_or_one_clear_line_and_none_is_lost(columns, rows):
    account, where, items = Account(), "", None
    try:
        items = read(columns, *rows, labels=("O", "0", ""), account=account)
    except InputError as error:
        where = str(error.where)
    if items is None:
        assert "a.jsonl:" in where
    else:
        assert len(items) + account.left_out.total() == account.rows <= len(rows)


def test_a_list_is_written_line_by_line():
    columns = {"fields": {"text": "t", "tests": "l"}, "lines": "tests", "optional": "tests"}
    items = read(columns, {"t": "a", "l": ["ሀ == 1", "b"]}, {"t": "b", "l": []}, {"t": "c", "l": None})
    assert [each.fields.get("tests") for each in items] == ["ሀ == 1\nb", None, None]
    with pytest.raises(InputError, match="'l' holds no list"):
        read(columns, {"t": "a", "l": "one"})
    with pytest.raises(ValueError, match="lines names x, which is none of the fields"):
        Columns(fields={"text": "t"}, lines=("x",))
