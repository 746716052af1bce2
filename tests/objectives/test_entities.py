"""Marked spans from CoNLL-U and documents, and one hidden token in each."""

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.artifacts import InputError
from panglot.corpus.documents import Documents, DocumentWriter
from panglot.objectives.batch import NO_LABEL
from panglot.objectives.entities import EntityMasking
from panglot.objectives.example import Example, Materials, Tokens
from panglot.objectives.marks import Marks, Tagged, read_conllu, tagged_documents

TOKENS = Tokens(0, 1, 2, 3, 4, frozenset(range(5)), torch.arange(5, 200))
CONLLU = """# text = Jan Novák jede zum Wald.
1\tJan\tJan\tPROPN\t_\t_\t3\tnsubj\t_\tNER=B-PER
2\tNovák\tNovák\tPROPN\t_\t_\t1\tflat\t_\tNER=I-PER
3\tjede\tjet\tVERB\t_\t_\t0\troot\t_\t_
4-5\tzum\t_\t_\t_\t_\t_\t_\t_\t_
4\tzu\tzu\tADP\t_\t_\t6\tcase\t_\t_
5\tdem\tder\tDET\t_\t_\t6\tdet\t_\t_
5.1\tleer\tleer\tVERB\t_\t_\t_\t_\t_\t_
6\tWald\tWald\tNOUN\t_\t_\t3\tobl\t_\tSpaceAfter=No
7\t.\t.\tPUNCT\t_\t_\t3\tpunct\t_\t_

# text = ไปกิน
1\tไป\tไป\tVERB\t_\t_\t0\troot\t_\tSpaceAfter=No
2\tกิน\tกิน\tVERB\t_\t_\t1\tcompound\t_\t_
"""


def _generator(seed):
    return torch.Generator().manual_seed(seed)


def _materials(marked):
    return Materials(encode=lambda texts: [[] for _ in texts], marked=marked)


def test_conllu_by_hand(tmp_path):
    place = tmp_path / "a.conllu"
    place.write_text(CONLLU, encoding="utf-8")
    first, second = read_conllu(place, "deu_Latn")
    assert first.text == "Jan Novák jede zum Wald."
    assert [(first.text[start:end], kind) for start, end, kind in first.spans] == [
        ("Jan Novák", "NAME"),
        ("Jan", "PROPN"),
        ("Novák", "PROPN"),
        ("jede", "VERB"),
        ("Wald", "NOUN"),
    ]
    assert second.text == "ไปกิน"
    assert [second.text[start:end] for start, end, _ in second.spans] == ["ไป", "กิน"]


@pytest.mark.parametrize("line", ["1\tJan", "x" + "\t_" * 9])
def test_what_is_no_conllu(tmp_path, line):
    place = tmp_path / "a.conllu"
    place.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 1 is no line of CoNLL-U"):
        list(read_conllu(place, "deu_Latn"))


def test_tagged_documents(tmp_path):
    def write(name, meta):
        with DocumentWriter(tmp_path / name / "documents.parquet") as writer:
            writer.document("ދިވެހި ބަސް", "div_Thaa", source="x", meta=meta)
            writer.document("nothing here", "eng_Latn", source="x")
        return Documents(tmp_path / name)

    (found,) = tagged_documents(write("good", json.dumps({"spans": [[0, 6, "NAME"]]})))
    assert (found.language, found.text[0:6], list(found.spans)) == ("div_Thaa", "ދިވެހި", [(0, 6, "NAME")])
    for number, bad in enumerate([[3, 2, "NOUN"], [0, 99, "NOUN"], [0, 2], "x"]):
        with pytest.raises(InputError, match="has the span"):
            list(tagged_documents(write(str(number), json.dumps({"spans": [bad]}))))


def test_forms_that_were_mostly_marked_are_found_again():
    tagged = [
        Tagged("Wona dźe", "hsb_Latn", [(5, 8, "VERB")]),
        Tagged("dźe Jan", "hsb_Latn", [(4, 7, "NAME")]),
        Tagged("ภาษาไทย", "tha_Thai", [(0, 4, "NOUN")]),
        *[Tagged("Wona Wona", "hsb_Latn", []) for _ in range(3)],
    ]
    marks = Marks(tagged)
    assert marks("Wona dźe", "hsb_Latn") == [(5, 8)]
    # marked in one of the two texts that it was in
    assert marks("Jan dźe, Wona nic.", "hsb_Latn") == [(0, 3), (4, 7)]
    assert marks("รักภาษา", "tha_Thai") == [(3, 7)]
    assert marks("Jan", "deu_Latn") == []
    assert Marks(tagged, ["NAME"])("Jan dźe", "hsb_Latn") == [(0, 3)]
    with pytest.raises(InputError, match="nothing is marked"):
        Marks(tagged, ["ADJ"])


@given(
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=20),
    marked=st.lists(st.booleans(), min_size=20, max_size=20),
    share=st.floats(0.01, 1),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=150, deadline=None)
def test_one_token_of_each_span_and_nothing_else(sizes, marked, share, seed):
    spans, places, at = [], [], 0
    for size, said in zip(sizes, marked, strict=False):
        spans += [(at + number, at + number + 1) for number in range(size)]
        places += [(at, at + size)] if said else []
        at += size + 1
    text = "".join("a" * size + " " for size in sizes)
    example = Example(range(10, 10 + len(spans)), text, "hsb_Latn", spans=spans)
    objective = EntityMasking(share=share, masked=1, random=0).bound(_materials(lambda *_: places))
    row = objective.row(example, TOKENS, _generator(seed))
    hidden = [spans[at - 1] for at, label in enumerate(row.labels) if label != NO_LABEL]
    inside = [[start <= first < end for first, _ in hidden].count(True) for start, end in places]
    assert max(inside, default=0) <= 1
    assert sum(inside) == len(hidden) == min(len(places), max(1, round(share * len(spans))))
    assert all((each == TOKENS.mask) == (label != NO_LABEL) for each, label in zip(row.ids, row.labels, strict=True))


def test_every_token_of_a_span_and_every_span_has_its_turn():
    example = Example(range(10, 16), "aaa aaa", "hsb_Latn", spans=[(0, 1), (1, 2), (2, 3), (4, 5), (5, 6), (6, 7)])
    objective = EntityMasking(share=0.15).bound(_materials(lambda *_: [(0, 3), (4, 7), (0, 7)]))
    found = []
    for seed in range(300):
        row = objective.row(example, TOKENS, _generator(seed))
        found += [at for at, label in enumerate(row.labels) if label != NO_LABEL]
    assert len(found) == 300
    assert all(25 < found.count(at) < 80 for at in range(1, 7))


def test_overlapping_spans_have_one_token_together():
    example = Example(range(10, 16), "aaa aaa", "hsb_Latn", spans=[(0, 1), (1, 2), (2, 3), (4, 5), (5, 6), (6, 7)])
    objective = EntityMasking(share=1).bound(_materials(lambda *_: [(0, 5), (4, 7), (2, 6)]))
    counts = {sum(each != NO_LABEL for each in objective.row(example, TOKENS, _generator(seed)).labels) for seed in range(30)}
    assert counts == {1}


def test_no_tags():
    with pytest.raises(InputError, match="nothing says where they are"):
        EntityMasking().bound(_materials(None))
    row = (
        EntityMasking()
        .bound(_materials(lambda *_: []))
        .row(Example([10], "a", "hsb_Latn", spans=[(0, 1)]), TOKENS, _generator(1))
    )
    assert set(row.labels) == {NO_LABEL}
