"""Hidden words: the rank by brute force, what is hidden, in scripts without spaces too, and a model that knows the answer."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from panglot.artifacts import InputError, step_folder
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.evaluation import masked_words as measure
from panglot.evaluation.masked_words import masked_words, rank_of
from panglot.evaluation.results import Results
from panglot.models.load import load
from panglot.models.model import Model
from panglot.objectives import heads, labelled
from panglot.objectives.opening import open_language_model

TEXTS = {
    "tha_Thai": ["ภาษาไทยไม่มีการเว้นวรรคระหว่างคำ", "น้ำอยู่ในแก้วใบเล็ก"],
    "heb_Hebr": ["המים בבית הקטן!", "הילד קורא ספר ארוך 12345"],
    "hin_Deva": ["यह एक छोटा घर है ।", "बच्चा किताब पढ़ता है ।"],
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    found = {}
    for name in ("tiny:bert", "tiny:llama", "tiny:modernbert"):
        place = tmp_path_factory.mktemp("models") / name.partition(":")[2]
        with step_folder(place) as step:
            load(name=name, step=step)
        found[name] = Model.open(place)
    return found


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    place = tmp_path_factory.mktemp("text")
    with DocumentWriter(place / DOCUMENTS_FILE) as writer:
        for tag, lines in TEXTS.items():
            for each in lines:
                writer.document(each, tag, source="made")
    return Documents(place)


def run(place, **arguments):
    with step_folder(place, seed=17) as step:
        masked_words(step=step, **arguments)
    return Results.open(place)


@given(st.integers(1, 3), st.integers(2, 5), st.integers(1, 6), st.integers(0, 999))
def test_the_rank_is_that_of_all_sequences(places, vocabulary, top, seed):
    torch.manual_seed(seed)
    logs = torch.log_softmax(torch.randn(places, vocabulary), dim=-1)
    wanted = [seed % vocabulary] * places

    def total(sequence):
        return sum(float(logs[place, each].double()) for place, each in enumerate(sequence))

    better = sum(total(each) > total(wanted) for each in itertools.product(range(vocabulary), repeat=places))
    assert rank_of(logs, wanted, top) == min(better, top) + 1


def test_by_hand():
    # 0.6·0.7, 0.6·0.3, 0.4·0.7, 0.4·0.3: the third of four
    logs = torch.tensor([[0.6, 0.4], [0.7, 0.3]]).log()
    assert [rank_of(logs, wanted, 5) for wanted in ([0, 0], [1, 0], [0, 1], [1, 1])] == [1, 2, 3, 4]
    assert rank_of(logs, [1, 1], 2) == 3


def test_what_is_hidden_is_a_whole_word_and_nothing_else(models, text):
    opened = open_language_model(models["tiny:bert"], None, longest=48)
    rows = list(text.rows())
    found = list(
        measure._hidden(
            opened, [row["id"] for row in rows], [row["text"] for row in rows], [row["language"] for row in rows], 99, 3
        )
    )
    texts = {row["id"]: row["text"] for row in rows}
    for each in found:
        document, first = each.item.split(":")
        ids, spans = opened.located([texts[document]])[0]
        last = int(first) + len(each.wanted)
        word = texts[document][spans[int(first)][0] : spans[last - 1][1]]
        assert any(one.isalpha() for one in word)
        assert " " not in word.strip()
        assert [each.given[at] for at in each.places] == [opened.tokens.mask] * len(each.wanted)
        assert ids[int(first) : last] == each.wanted
        shown = [one for at, one in enumerate(each.given) if at not in each.places]
        assert opened.tokens.mask not in shown
        assert len(each.given) <= 48
    hebrew = [each for each in found if each.language == "heb_Hebr"]
    assert len(hebrew) == 7  # three and four words; the exclamation mark and the number are none


@pytest.mark.parametrize(("shift", "expected"), [(0, 1.0), (1, 0.0)])
def test_a_model_that_knows_and_one_that_is_always_wrong(models, text, tmp_path, monkeypatch, shift, expected):
    def knows(model, batch):
        # NO_LABEL is no id
        ids = (batch["labels"].clamp(min=0) + shift) % model.config.vocab_size
        return 20.0 * torch.nn.functional.one_hot(ids, model.config.vocab_size)

    monkeypatch.setattr(labelled, "hidden_states", knows)
    monkeypatch.setattr(heads, "head_of", lambda model: lambda states: states)
    found = run(tmp_path / "found", model=models["tiny:bert"], text=text, words=500)
    assert {row["value"] for row in found.table().to_pylist() if row["metric"] == "found_in_1"} == {expected}


@pytest.mark.parametrize("name", ["tiny:bert", "tiny:modernbert"])
def test_results(models, text, tmp_path, name):
    found = run(tmp_path / "one", model=models[name], text=text, words=3)
    table = {(row["language"], row["metric"]): row for row in found.table().to_pylist()}
    assert set(table) == {(tag, metric) for tag in TEXTS for metric in ("found_in_1", "found_in_5")}
    for tag in TEXTS:
        one, five = table[tag, "found_in_1"], table[tag, "found_in_5"]
        assert one["n"] == 3
        assert 0 <= one["value"] <= five["value"] <= 1
        assert five["ci_low"] <= five["value"] <= five["ci_high"]
    again = run(tmp_path / "two", model=models[name], text=text, words=3)
    assert again.table().equals(found.table())


def test_a_decoder_hides_nothing(models, text, tmp_path):
    with pytest.raises(InputError, match="no mask to hide words with"):
        run(tmp_path / "no", model=models["tiny:llama"], text=text)


def test_text_without_words(models, tmp_path):
    (tmp_path / "text").mkdir()
    with DocumentWriter(tmp_path / "text" / DOCUMENTS_FILE) as writer:
        writer.document("123 456 !!!", "eng_Latn", source="made")
    with pytest.raises(InputError, match="no word in this text"):
        run(tmp_path / "no", model=models["tiny:bert"], text=Documents(tmp_path / "text"))
