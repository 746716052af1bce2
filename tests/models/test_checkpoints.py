"""Short names of checkpoints: each has a tiny model of its family, and is understood wherever a model is named."""

import re
from pathlib import Path

import pytest

from panglot.artifacts import InputError, step_folder
from panglot.models import hub
from panglot.models.checkpoints import CHECKPOINTS, understood
from panglot.models.load import load
from panglot.models.model import Model
from panglot.models.tiny import PREFIX, write_tiny
from panglot.models.tiny_families import TINY_FAMILIES
from panglot.vocabulary.load import load as load_tokenizer


@pytest.mark.parametrize("name", sorted(CHECKPOINTS))
def test_an_entry_is_whole(name):
    found = CHECKPOINTS[name]
    assert re.fullmatch(r"[a-z0-9.-]+", name)
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", found.identifier)
    assert TINY_FAMILIES[found.tiny.removeprefix(PREFIX)].kind == found.kind
    assert re.fullmatch(r"(\d+(\.\d+)?[MB])?", found.parameters)
    assert found.what


def test_no_checkpoint_has_two_names():
    identifiers = [each.identifier for each in CHECKPOINTS.values()]
    assert len(identifiers) == len(set(identifiers))


@pytest.fixture
def fetched(monkeypatch, tmp_path):
    """The hub's answer is a tiny model; what was asked for is written down."""
    write_tiny("tiny:xlm-roberta", tmp_path / "hub" / "a1b2c3")
    asked = []

    def folder(identifier, revision=None):
        asked.append(identifier)
        return tmp_path / "hub" / "a1b2c3"

    monkeypatch.setattr(hub, "hub_folder", folder)
    return asked


@pytest.mark.parametrize("name", ["hub:xlm-r", "hub:XLM-R", "hub:FacebookAI/xlm-roberta-base", "FacebookAI/xlm-roberta-base"])
def test_a_short_name_and_the_hubs_own_are_one_model(fetched, tmp_path, name):
    with step_folder(tmp_path / "out") as step:
        load(name=name, step=step)
        said = [each for each in step.notes if each.startswith("hub:xlm-r is FacebookAI/xlm-roberta-base")]
    assert fetched == ["FacebookAI/xlm-roberta-base"]
    assert bool(said) == ("/" not in name)
    model = Model.open(tmp_path / "out")
    assert model.name == "FacebookAI/xlm-roberta-base" == model.facts["reference"]


def test_tokenizers_are_named_alike(fetched, tmp_path):
    with step_folder(tmp_path / "out") as step:
        load_tokenizer(name="hub:xlm-r", step=step)
        assert any(each.startswith("hub:xlm-r is") for each in step.notes)
    assert fetched == ["FacebookAI/xlm-roberta-base"]


def test_a_short_name_without_its_prefix_is_suggested(tmp_path):
    with step_folder(tmp_path / "out") as step, pytest.raises(InputError, match="did you mean 'hub:xlm-r'"):
        load(name="xlm-r", step=step)


def test_other_names_stay_as_they_are():
    for name in ("intfloat/multilingual-e5-small", "some-model", "Org/gpt2", ""):
        assert understood(name) == (name, "")


def test_the_documentation_lists_them_all():
    page = (Path(__file__).resolve().parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
    for name, each in CHECKPOINTS.items():
        cells = (f"`hub:{name}`", f"`{each.identifier}`", each.kind, each.parameters, each.licence, each.what, f"`{each.tiny}`")
        assert f"| {' | '.join(cells)} |" in page
