"""Bits per byte: against plain loops, and against tokenizers that hide text."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from panglot.artifacts import InputError, step_folder
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.evaluation.bits_per_byte import METRIC, bits_per_byte
from panglot.evaluation.compare import compare
from panglot.evaluation.text_bits import bits_of_texts, causal_rows, hidden_bytes, masked_sets, measured_by, units_of
from panglot.models.load import load
from panglot.models.model import Model
from panglot.objectives.objective import parse_objectives
from panglot.objectives.opening import open_language_model

TEXTS = ["Witajće k nam!", "ދިވެހި ރާއްޖެ", "𞤀𞤣𞤤𞤢𞤥", "ពាក្យខ្មែរ", "เด็กไทย", "e\u0301 👩\u200d👩\u200d👧", "word " * 30]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    found = {}
    for name in ("tiny:bert", "tiny:llama", "embedded:minilm"):
        place = tmp_path_factory.mktemp("models") / name.partition(":")[2]
        with step_folder(place) as step:
            load(name=name, step=step)
        found[name] = Model.open(place)
    return found


@pytest.fixture
def opened(models):
    def make(name, **more):
        torch.manual_seed(3)
        found = open_language_model(models[name], None, **more)
        with torch.no_grad():
            for each in found.network.parameters():
                each.add_(torch.randn_like(each) * 0.1)
        return found

    return make


def _documents(folder, texts, language="und"):
    folder.mkdir()
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for each in texts:
            writer.document(each, language, source="test")
    return Documents(folder)


def _measure(folder, model, documents, **more):
    with step_folder(folder, seed=17) as step:
        bits_per_byte(model=model, text=documents, step=step, **more)
    from panglot.evaluation.results import Results

    return Results.open(folder)


def test_a_model_that_guesses_needs_the_logarithm_of_the_vocabulary(opened):
    model = opened("tiny:llama")
    with torch.no_grad():
        for each in model.network.parameters():
            each.zero_()
    found = bits_of_texts(model, TEXTS)
    rows = model.network.config.vocab_size
    # bytes are the tokens, so a text in NFC has as many tokens as bytes
    assert found.bits[:5] == pytest.approx([len(each.encode()) * math.log2(rows) for each in TEXTS[:5]], rel=1e-5)


def _chain(model, text, limit):
    ids = model.ids([text])[0]
    total = 0.0
    for at, wanted in enumerate(ids):
        # where the row of this token begins, in a plain loop over windows
        end = min(len(ids), limit)
        while at >= end:
            end = min(len(ids), end + limit // 2)
        before = [model.tokens.start, *ids[:at]][max(0, end - limit) :] if end > limit else [model.tokens.start, *ids[:at]]
        logits = model.network(input_ids=torch.tensor([before])).logits[0, -1]
        total -= float(torch.log_softmax(logits.double(), -1)[wanted]) / math.log(2)
    return total


@torch.no_grad()
@pytest.mark.parametrize("limit", [8, 16, 512])
def test_causal_bits_are_the_chain_rule(opened, limit):
    model = opened("tiny:llama", longest=limit)
    found = bits_of_texts(model, TEXTS[:3])
    assert found.bits == pytest.approx([_chain(model, each, limit) for each in TEXTS[:3]], rel=1e-4)


@torch.no_grad()
def test_masked_bits_are_those_of_single_rows(opened):
    model = opened("tiny:bert")
    text = "Dobry dźeń ދިވެހި"
    found = bits_of_texts(model, [text])
    encoded = model.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids = encoded["input_ids"]
    units = units_of(text, encoded["offset_mapping"], spaced=True)
    total = 0.0
    for hidden, predicted in masked_sets(units, 7):
        row = [
            model.tokens.start,
            *(model.tokens.mask if at in hidden else each for at, each in enumerate(ids)),
            model.tokens.end,
        ]
        logits = model.network(input_ids=torch.tensor([row])).logits[0].double().log_softmax(-1)
        total -= sum(float(logits[at + 1, ids[at]]) for at in predicted) / math.log(2)
    assert found.bits[0] == pytest.approx(total, rel=1e-4)
    assert found.tokens[0] == len(ids)


@pytest.mark.parametrize("name", ["tiny:bert", "tiny:llama"])
def test_batches_do_not_matter(opened, name):
    model = opened(name, longest=32)
    alone, together = bits_of_texts(model, TEXTS, batch_tokens=1), bits_of_texts(model, TEXTS, batch_tokens=9999)
    assert alone.bits == pytest.approx(together.bits, rel=1e-5)


@given(st.lists(st.integers(5, 99), max_size=90), st.integers(2, 20), st.sampled_from([None, 1]))
@settings(deadline=None)
def test_every_token_is_predicted_once_from_what_stands_before(ids, limit, start):
    seen = []
    for inputs, labels in causal_rows(ids, start, limit):
        assert len(inputs) == len(labels) <= limit
        place = len(seen) - sum(each == -100 for each in labels)
        stream = [start, *ids] if start is not None else ids
        assert inputs == stream[place : place + len(inputs)]
        seen += [each for each in labels if each != -100]
    assert seen == (ids if start is not None else ids[1:])


@given(st.lists(st.integers(0, 12), max_size=60).map(sorted), st.integers(1, 9))
@settings(deadline=None)
def test_every_token_is_hidden_and_predicted_once(units, groups):
    predicted_all = []
    for hidden, predicted in masked_sets(units, groups):
        assert set(predicted) <= set(hidden)
        predicted_all += predicted
        for at in predicted:
            # what follows it in its word is hidden too, up to the depth
            later = [each for each in range(at, len(units)) if units[each] == units[at]]
            assert later[0] in hidden
    assert sorted(predicted_all) == list(range(len(units)))


@given(st.text(max_size=30), st.booleans(), st.data())
@settings(deadline=None)
def test_units_rise_along_the_text(text, spaced, data):
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)) | {0, len(text)})
    units = units_of(text, list(pairwise(cuts)), spaced=spaced)
    assert units == sorted(units)


def test_tokenizers_that_cut_a_word_differently_hide_the_same_word():
    text = "jedna dwě"
    fine = units_of(text, [(at, at + 1) for at in range(len(text))], spaced=True)
    coarse = units_of(text, [(0, 5), (5, 9)], spaced=True)
    assert coarse == [0, 1]
    assert fine == [0, 0, 0, 0, 0, 1, 1, 1, 1]


def test_unspaced_text_is_hidden_a_few_characters_at_a_time():
    assert units_of("ភាសាខ្មែរ", [(at, at + 1) for at in range(9)], spaced=False) == [0, 0, 0, 0, 1, 1, 1, 1, 2]


def test_hidden_bytes():
    assert hidden_bytes("𞤀 a", [0, 9], [(0, 1), (1, 3)], unknown=0) == 4
    # a dropped mark costs its bytes, a dropped space nothing
    assert hidden_bytes("a\u0301 b", [8, 9], [(0, 1), (3, 4)], unknown=None) == 2


def test_a_tokenizer_gains_nothing_by_unknown_tokens(models, tmp_path):
    # this WordPiece vocabulary knows no Thaana: each word is one [UNK], which is very easy to predict
    dhivehi = _documents(tmp_path / "div", ["ދިވެހި ރާއްޖެ", "މާލެ ސިޓީ"], "div_Thaa")
    found = _measure(tmp_path / "out", models["embedded:minilm"], dhivehi).table().to_pylist()
    values = {row["metric"]: row["value"] for row in found}
    assert values["hidden_bytes"] > 0.9
    assert values[METRIC] >= 8 * values["hidden_bytes"]


def test_results_by_language_with_items_that_pair(models, tmp_path):
    folder = tmp_path / "text"
    folder.mkdir()
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for tag, texts in (("hsb_Latn", TEXTS[:1] * 2 + TEXTS[6:]), ("khm_Khmr", TEXTS[3:4]), ("div_Thaa", TEXTS[1:2])):
            for each in texts:
                writer.document(each, tag, source="test")
    one = _measure(tmp_path / "one", models["tiny:llama"], Documents(folder), condition="before")
    again = _measure(tmp_path / "again", models["tiny:llama"], Documents(folder), condition="before")
    assert one.digest == again.digest
    assert one.languages == ["div_Thaa", "hsb_Latn", "khm_Khmr"]
    items = one.items().to_pylist()
    # the text that stood there twice counts once
    assert len(items) == 4
    for tag in one.languages:
        rows = [row for row in items if row["language"] == tag]
        value = next(row["value"] for row in one.table().to_pylist() if row["language"] == tag and row["metric"] == METRIC)
        assert value == pytest.approx(sum(row["bits"] for row in rows) / sum(row["bytes"] for row in rows))
        assert value == pytest.approx(np.mean([row["correct"] for row in rows]))
    with step_folder(tmp_path / "change") as step:
        compare(before=one, after=again, step=step)
        assert step.figures["language"]["hsb_Latn"][METRIC]["change"]["value"] == 0


def test_no_text(models, tmp_path):
    with pytest.raises(InputError, match="no text to measure"):
        _measure(tmp_path / "out", models["tiny:llama"], _documents(tmp_path / "text", ["  "]))


@pytest.mark.parametrize(
    ("name", "trained", "measured"), [("tiny:bert", "mlm,tlm", "mlm"), ("tiny:llama", "clm,translation", "clm")]
)
def test_a_model_that_learns_something_else_is_measured_as_usual(models, name, trained, measured):
    torch.manual_seed(3)
    usual = open_language_model(models[name], None)
    torch.manual_seed(3)
    found = open_language_model(models[name], parse_objectives(trained))
    assert measured_by(found).objective == measured
    np.testing.assert_array_equal(bits_of_texts(found, TEXTS[:3]).bits, bits_of_texts(usual, TEXTS[:3]).bits)


def test_an_encoder_decoder_is_not_measured_so(tmp_path):
    with step_folder(tmp_path / "t5") as step:
        load(name="tiny:t5", step=step)
    with pytest.raises(InputError, match="this is an encoder-decoder"):
        bits_of_texts(open_language_model(Model.open(tmp_path / "t5"), None), TEXTS)
