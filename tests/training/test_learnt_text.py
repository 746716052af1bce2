"""What a training learns from: pairs, replay, mixtures, teachers, derived settings."""

import json

import pytest
from pydantic import TypeAdapter

from panglot.artifacts import InputError, step_folder
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.corpus.pairs import PAIRS_FILE, Pairs, PairWriter
from panglot.models.load import load
from panglot.models.model import Model
from panglot.objectives.objective import Objective
from panglot.training.language_model import language_model
from panglot.training.learnt_text import LearntText

SENTENCES = {
    "tha_Thai": ["ภาษาไทยเป็นภาษาที่มีระดับเสียง", "ฉันไปตลาดทุกวัน", "วันนี้ฝนตกหนักมาก", "เขาอ่านหนังสือในห้องสมุด"],
    "arb_Arab": ["العربية لغة سامية", "ذهبت إلى السوق اليوم", "يقرأ الكتاب في المكتبة", "المطر غزير هذا الصباح"],
    "deu_Latn": [
        "Heute regnet es sehr stark",
        "Ich gehe jeden Tag zum Markt",
        "Er liest in der Bibliothek",
        "Die Katze schläft",
    ],
}


def _documents(folder, languages):
    with DocumentWriter(folder / DOCUMENTS_FILE) as writer:
        for tag in languages:
            for each in SENTENCES[tag]:
                writer.document(each, tag, source="test")
    return Documents(folder)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    found = {}
    for name in ("bert", "llama", "t5", "mbart"):
        place = tmp_path_factory.mktemp("models") / name
        with step_folder(place) as step:
            load(name=f"tiny:{name}", step=step)
        found[name] = Model.open(place)
    return found


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return _documents(tmp_path_factory.mktemp("text"), ["tha_Thai"])


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    return _documents(tmp_path_factory.mktemp("others"), ["arb_Arab", "deu_Latn"])


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    place = tmp_path_factory.mktemp("pairs")
    with PairWriter(place / PAIRS_FILE) as writer:
        for one, other in zip(SENTENCES["tha_Thai"], SENTENCES["deu_Latn"], strict=True):
            writer.pair(one, other, "tha_Thai", "deu_Latn", origin="test")
    return Pairs(place)


def _trained(place, objective=None, **given):
    if objective is not None:
        given["objective"] = TypeAdapter(Objective).validate_python(objective)
    with step_folder(place, seed=3) as step:
        language_model(**{"steps": 4, "batch_bytes": 400, "sequence_length": 64, **given}, step=step)
    return Model.open(place)


def test_replay_gets_its_share_of_every_step(models, text, others, tmp_path):
    shares = {"arb_Arab": 0.2, "deu_Latn": 0.1}
    given = {"model": models["llama"], "text": text, "replay": others, "replay_shares": shares, "steps": 40}
    found = _trained(tmp_path / "one", **given).manifest.figures["shares"]
    assert found["tha_Thai"]["asked"] == pytest.approx(0.7)
    for tag, share in {**shares, "tha_Thai": 0.7}.items():
        assert found[tag]["realised"] == pytest.approx(share, abs=0.01)


def test_a_quarter_is_replayed_where_nothing_is_said(models, text, others, tmp_path):
    found = _trained(tmp_path / "one", model=models["llama"], text=text, replay=others).manifest.figures["shares"]
    assert {tag: each["asked"] for tag, each in found.items()} == pytest.approx(
        {"arb_Arab": 0.125, "deu_Latn": 0.125, "tha_Thai": 0.75}
    )


def test_parts_of_a_mixture_get_their_passages(models, text, pairs, tmp_path):
    found = _trained(
        tmp_path / "one", model=models["bert"], text=text, pairs=pairs, objective="mlm:0.5,tlm:0.5", steps=20
    ).manifest.figures
    assert found["objective"] == "mixture"
    counts = {name: each["passages"] for name, each in found["shares"].items()}
    assert set(counts) == {"tha_Thai", "tha_Thai-deu_Latn"}
    assert abs(counts["tha_Thai"] - counts["tha_Thai-deu_Latn"]) <= 1


@pytest.mark.parametrize(
    ("name", "objective"),
    [
        ("t5", "span"),
        ("t5", "translation"),
        ("mbart", {"objective": "mbart", "language_tokens": "none"}),
        ("t5", "span,translation"),
        ("llama", "clm"),
    ],
)
def test_every_architecture_learns_and_is_saved(models, text, pairs, tmp_path, name, objective):
    model = _trained(
        tmp_path / "one", model=models[name], text=text, pairs=pairs, objective=objective, learning_rate=1e-3, steps=30
    )
    curve = json.loads((model.folder / "curve.json").read_text())
    assert sum(each["loss"] for each in curve[-5:]) < sum(each["loss"] for each in curve[:5])
    assert model.path.is_dir()


def test_a_teacher_is_listened_to_early_and_not_later(models, text, tmp_path):
    given = {"model": models["llama"], "text": text, "steps": 10}
    plain = _trained(tmp_path / "plain", **given)
    taught = {"objective": "salt", "weight": 0.5}
    early = _trained(tmp_path / "early", **given, objective={**taught, "until": 0.2}, teacher=models["llama"])
    never = _trained(tmp_path / "never", **given, objective={**taught, "until": 0.0}, teacher=models["llama"])
    curves = [[each["loss"] for each in json.loads((one.folder / "curve.json").read_text())] for one in (plain, early, never)]
    assert curves[2] == curves[0]
    assert curves[1][0] != curves[0][0]


def test_settings_follow_from_the_sizes(models, text, tmp_path):
    model = _trained(
        tmp_path / "one", model=models["llama"], text=text, derive=True, steps=None, batch_bytes=None, learning_rate=0.002
    )
    derived = model.manifest.figures["derived"]
    assert derived["steps"] == model.manifest.figures["steps"]
    assert derived["learning_rate"] == 0.002
    assert derived["overridden"] == ["learning_rate"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "learns from text"),
        ({"text": True, "objective": "translation"}, "learns from sentence pairs"),
        ({"text": True, "objective": "mlm"}, "is a decoder, and mlm trains encoders"),
        ({"text": True, "objective": "salt"}, "teacher"),
        ({"text": True, "replay_shares": {"deu_Latn": 0.5}}, "nothing to replay"),
        ({"text": True, "replay": True, "replay_shares": {"fra_Latn": 0.5}}, "there is no text of fra_Latn"),
        ({"text": True, "replay": True, "replay_shares": {"deu_Latn": 0.7, "arb_Arab": 0.7}}, "above 1"),
    ],
)
def test_what_cannot_be_learnt_is_said_in_a_line(models, text, others, tmp_path, given, says):
    chosen = {**given, **({"text": text} if "text" in given else {}), **({"replay": others} if "replay" in given else {})}
    with pytest.raises(InputError, match=says):
        _trained(tmp_path / "one", model=models["llama"], **chosen)
    assert not (tmp_path / "one").exists()


def test_text_and_pairs_are_counted_in_bytes(text, pairs):
    found = LearntText(text=(text,), pairs=(pairs,)).bytes
    sides = [*SENTENCES["tha_Thai"], *SENTENCES["tha_Thai"], *SENTENCES["deu_Latn"]]
    assert found == sum(len(each.encode()) for each in sides)
