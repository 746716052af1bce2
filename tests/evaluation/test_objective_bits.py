"""Bits of what an objective asks: equal to the loss, to a plain computation, and to what clm measures; drawn by document."""

import math

import pytest
import torch
from pydantic import TypeAdapter

from panglot.artifacts import InputError, step_folder
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.corpus.pairs import PAIRS_FILE, Pairs, PairWriter
from panglot.evaluation.bits_per_byte import bits_per_byte
from panglot.evaluation.compare import compare
from panglot.evaluation.objective_bits import METRIC, objective_bits
from panglot.evaluation.results import Results
from panglot.models.load import load
from panglot.models.model import Model
from panglot.objectives.objective import Objective

TEXTS = {
    "khm_Khmr": ["ទឹកនៅក្នុងកែវ", "ផ្ទះតូចនៅក្បែរផ្លូវ", "កុមារអានសៀវភៅ"],
    "heb_Hebr": ["המים בבית הקטן", "הילד קורא ספר ארוך"],
}
PAIRS = [("ផ្ទះតូច", "the small house"), ("ទឹក", "water"), ("កុមារអានសៀវភៅ", "the child reads a book")]
OBJECTIVE = TypeAdapter(Objective)


def documents(folder, texts):
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for tag, lines in texts.items():
            for each in lines:
                writer.document(each, tag, source="made")
    return Documents(folder)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    found = {}
    for name in ("tiny:bert", "tiny:llama", "tiny:t5"):
        place = tmp_path_factory.mktemp("models") / name.partition(":")[2]
        with step_folder(place) as step:
            load(name=name, step=step)
        found[name] = Model.open(place)
    return found


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return documents(tmp_path_factory.mktemp("text"), TEXTS)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    place = tmp_path_factory.mktemp("pairs")
    with PairWriter(place / PAIRS_FILE) as writer:
        for source, target in PAIRS:
            writer.pair(source, target, "khm_Khmr", "eng_Latn", origin="made")
    return Pairs(place)


def run(place, *, objective, seed=17, **arguments):
    with step_folder(place, seed=seed) as step:
        objective_bits(objective=OBJECTIVE.validate_python(objective), step=step, **arguments)
    return Results.open(place)


def items(results):
    return {row["item"]: row for row in results.items().to_pylist()}


def test_of_a_decoder_that_predicts_the_next_token_it_is_bits_per_byte(models, text, tmp_path):
    # whole texts in one row each: the same tokens, and the end mark, which only training predicts
    found = run(tmp_path / "own", model=models["tiny:llama"], text=text, objective="clm", context=128)
    with step_folder(tmp_path / "bits", seed=17) as step:
        bits_per_byte(model=models["tiny:llama"], text=text, context=128, step=step)
    theirs, mine = items(Results.open(tmp_path / "bits")), items(found)
    for key, row in mine.items():
        assert row["bytes"] == theirs[key]["bytes"]
        assert row["tokens"] - theirs[key]["tokens"] in (0, 1)
        ends = row["tokens"] - theirs[key]["tokens"]
        assert -1e-4 < row["bits"] - theirs[key]["bits"] < 24 * ends + 1e-4


def test_a_translation_by_hand(models, pairs, tmp_path):
    """-log2 p of the target and its end, by a plain pass of transformers."""
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    found = items(
        run(
            tmp_path / "own",
            model=models["tiny:t5"],
            pairs=pairs,
            objective={"objective": "translation", "direction": "forward"},
        )
    )
    network = AutoModelForSeq2SeqLM.from_pretrained(models["tiny:t5"].path).eval()
    tokenizer = AutoTokenizer.from_pretrained(models["tiny:t5"].path)
    expected = []
    for source, target in PAIRS:
        # this tokenizer knows a start, which the objective writes too
        read, written = (torch.tensor([[tokenizer.bos_token_id, *tokenizer(each)["input_ids"]]]) for each in (source, target))
        with torch.no_grad():
            loss = network(input_ids=read, labels=written).loss
        expected.append((float(loss) * written.shape[1] / math.log(2), written.shape[1], len(target.encode())))
    assert len(found) == len(PAIRS)
    mine = sorted((row["bits"], row["tokens"], row["bytes"]) for row in found.values())
    for ours, theirs in zip(mine, sorted(expected), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "objective"),
    [("tiny:t5", "span"), ("tiny:llama", "clm"), ("tiny:bert", "mlm"), ("tiny:t5", {"objective": "ul2", "modes": "none"})],
)
def test_the_draws_of_a_document_depend_on_nothing_but_the_seed(models, text, tmp_path, name, objective):
    one = items(run(tmp_path / "one", model=models[name], text=text, objective=objective))
    # fewer documents, in another order
    fewer = {tag: lines[::-1][:2] for tag, lines in reversed(TEXTS.items())}
    some = items(run(tmp_path / "some", model=models[name], text=documents(tmp_path, fewer), objective=objective))
    assert 0 < len(some) < len(one)
    for key, row in some.items():
        assert (row["tokens"], row["bytes"]) == (one[key]["tokens"], one[key]["bytes"])
        assert row["bits"] == pytest.approx(one[key]["bits"], rel=1e-4)


def test_more_draws_ask_more_and_other_seeds_ask_other_things(models, text, tmp_path):
    arguments = {"model": models["tiny:t5"], "text": text, "objective": "span"}
    one, again = (run(tmp_path / each, **arguments) for each in ("one", "again"))
    assert one.manifest.digest == again.manifest.digest
    three, other = run(tmp_path / "three", draws=3, **arguments), run(tmp_path / "other", seed=18, **arguments)
    assert all(row["tokens"] == 3 * items(one)[key]["tokens"] for key, row in items(three).items())
    assert any(abs(row["bits"] - items(one)[key]["bits"]) > 1e-3 for key, row in items(other).items())
    with pytest.raises(InputError, match="seed"), step_folder(tmp_path / "compared") as step:
        compare(before=one, after=other, step=step)


def test_the_value_of_a_language_is_that_of_all_its_documents(models, text, tmp_path):
    found = run(tmp_path / "own", model=models["tiny:t5"], text=text, objective="span")
    for row in found.table().to_pylist():
        own = [each for each in items(found).values() if each["language"] == row["language"]]
        assert row["metric"] == METRIC and row["n"] == len(own) == len(TEXTS[row["language"]])
        assert row["value"] == pytest.approx(sum(each["bits"] for each in own) / sum(each["bytes"] for each in own))
        assert sum(each["correct"] for each in own) / len(own) == pytest.approx(row["value"])


@pytest.mark.parametrize(
    ("name", "objective", "match"),
    [
        ("tiny:bert", "mlm:0.5,tlm:0.5", "not one prediction"),
        ("tiny:bert", "self_training", "not one prediction"),
        ("tiny:bert", "span", "cannot|takes|train"),
        ("tiny:t5", "translation", "reads pairs, and there is none"),
    ],
)
def test_what_cannot_be_measured_is_refused(models, text, tmp_path, name, objective, match):
    with pytest.raises(InputError, match=match):
        run(tmp_path / "out", model=models[name], text=text, objective=objective)
