"""The bits of each document as a signal."""

import math

import numpy as np
import pyarrow.parquet as pq
import pytest

from panglot.artifacts import InputError, step_folder
from panglot.corpus.documents import DOCUMENTS_FILE, SHARDS_FOLDER, Documents, DocumentWriter
from panglot.corpus.filter import Bound
from panglot.corpus.filter import filter as filtered
from panglot.corpus.signals.component import Signals
from panglot.evaluation.document_bits import document_bits
from panglot.evaluation.text_bits import bits_of_texts
from panglot.models.load import load
from panglot.models.model import Model
from panglot.objectives.opening import open_language_model

TEXTS = ["Witajće k nam!", "ភាសាខ្មែរ", " ", "ދިވެހި", "word " * 30, "เด็กไทย"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    place = tmp_path_factory.mktemp("models") / "llama"
    with step_folder(place) as step:
        load(name="tiny:llama", step=step)
    return Model.open(place)


@pytest.fixture
def documents(tmp_path):
    for number, texts in enumerate((TEXTS[:2], TEXTS[2:])):
        with DocumentWriter(tmp_path / "d" / SHARDS_FOLDER / f"{number:05}.parquet") as writer:
            for each in texts:
                writer.document(each, "und", source="test")
    return Documents(tmp_path / "d")


def _measured(tmp_path, documents, model, **more):
    with step_folder(tmp_path / "bits", seed=17) as step:
        document_bits(of=documents, model=model, step=step, **more)
    return Signals(tmp_path / "bits")


def test_bits_by_byte_in_the_order_of_the_documents(tmp_path, documents, model):
    found = _measured(tmp_path, documents, model)
    table = found.table()
    assert table["id"].to_pylist() == [row["id"] for row in documents.rows()]
    values = table["bits_per_byte"].to_numpy()
    assert math.isnan(values[2])
    opened = open_language_model(model, None, longest=512)
    for place in (0, 1, 3, 4, 5):
        alone = bits_of_texts(opened, [TEXTS[place]], spaced=[True])
        assert values[place] == pytest.approx(alone.bits[0] / len(TEXTS[place].encode()), rel=1e-4)


def test_only_the_beginning_of_a_long_document_is_read(tmp_path, model):
    with DocumentWriter(tmp_path / "d" / DOCUMENTS_FILE) as writer:
        for each in ("word word word", "word word word" + " and more" * 99):
            writer.document(each, "eng_Latn", source="test")
    values = _measured(tmp_path, Documents(tmp_path / "d"), model, longest=14).table()["bits_per_byte"].to_numpy()
    assert values[0] == pytest.approx(values[1], rel=1e-5)


def test_a_filter_decides_over_them(tmp_path, documents, model):
    found = _measured(tmp_path, documents, model)
    values = found.table()["bits_per_byte"].to_numpy()
    bound = float(np.nanmedian(values))
    with step_folder(tmp_path / "kept") as step:
        filtered(of=documents, signals=found, rules=[], bounds={"bits_per_byte": Bound(max=bound)}, step=step)
    kept = Documents(tmp_path / "kept")
    wanted = [text for text, value in zip(TEXTS, values, strict=True) if not value > np.float32(bound)]
    assert [row["text"] for row in kept.rows()] == wanted
    assert " " in wanted and len(wanted) < len(TEXTS)
    reasons = {reason for shard in sorted((tmp_path / "kept" / "dropped").rglob("*.parquet"))
               for reason in pq.read_table(shard)["reason"].to_pylist()}  # fmt: skip
    assert reasons == {"bits_per_byte_high"}


def test_signals_without_it_are_refused(tmp_path, documents, model):
    _measured(tmp_path, documents, model)
    with step_folder(tmp_path / "kept") as step, pytest.raises(InputError, match="not measured: words"):
        filtered(of=documents, signals=Signals(tmp_path / "bits"), rules=[], bounds={"words": Bound(min=1)}, step=step)
