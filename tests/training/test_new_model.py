"""New models: the sizes asked for, a tokenizer that comes along, equal bytes."""

import math

import pytest
import torch

from panglot.artifacts import InputError, step_folder
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter
from panglot.evaluation.bits_per_byte import bits_per_byte
from panglot.evaluation.results import Results
from panglot.models.model import Model
from panglot.training.families import FAMILIES
from panglot.training.language_model import language_model
from panglot.training.new_model import new_model
from panglot.vocabulary.load import load
from panglot.vocabulary.tokenizer import TOKENIZER_FOLDER, Tokenizer

LINES = ["ދިވެހި ރާއްޖެ", "𞤀𞤣𞤤𞤢𞤥 𞤨𞤵𞤤𞤢𞤪", "ពាក្យខ្មែរ", "e\u0301 👩\u200d👩\u200d👧", "Dobry dźeń"]
LOADERS = {"bert": "AutoModelForMaskedLM", "llama": "AutoModelForCausalLM"}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    place = tmp_path_factory.mktemp("tokenizer") / "bytes"
    with step_folder(place) as step:
        load(name="tiny:bert", step=step)
    return Tokenizer.open(place)


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A tokenizer without mask, padding, start or end."""
    from tokenizers import Tokenizer as Backend
    from tokenizers import models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    place = tmp_path_factory.mktemp("tokenizer") / "bare"
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Backend(models.BPE(vocab={each: at for at, each in enumerate(alphabet)}, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    with step_folder(place) as step:
        PreTrainedTokenizerFast(tokenizer_object=backend).save_pretrained(step.out / TOKENIZER_FOLDER)
    return Tokenizer.open(place)


def make(place, tokenizer, *, seed=17, **more):
    with step_folder(place, seed=seed) as step:
        new_model(tokenizer=tokenizer, step=step, **({"width": 16, "heads": 2, "layers": 1} | more))
    return Model.open(place)


@pytest.mark.parametrize("kind", ["bert", "llama"])
@pytest.mark.parametrize("tied", [True, False])
def test_it_loads_without_panglot_with_the_sizes_asked_for(tokenizer, tmp_path, kind, tied):
    import transformers

    model = make(tmp_path / "model", tokenizer, architecture=kind, tied=tied, layers=3, width=24, heads=3, dropout=0.25)
    network, facts = getattr(transformers, LOADERS[kind]).from_pretrained(model.path, output_loading_info=True)
    assert not facts["missing_keys"] and not facts["unexpected_keys"] and not facts["mismatched_keys"]
    config = network.config
    assert (config.num_hidden_layers, config.hidden_size, config.num_attention_heads) == (3, 24, 3)
    embeddings, head = network.get_input_embeddings().weight, network.get_output_embeddings().weight
    assert embeddings.shape == (tokenizer.vocabulary.size, 24)
    assert (embeddings.data_ptr() == head.data_ptr()) == tied
    assert (config.attention_probs_dropout_prob if kind == "bert" else config.attention_dropout) == 0.25
    assert config.intermediate_size == (96 if kind == "bert" else 64)
    assert config.pad_token_id == 1
    assert model.manifest.figures["parameters"] == sum(each.numel() for each in network.parameters())
    mine, own = (transformers.AutoTokenizer.from_pretrained(each) for each in (model.path, tokenizer.path))
    assert mine(LINES)["input_ids"] == own(LINES)["input_ids"]
    assert mine.special_tokens_map == own.special_tokens_map


def test_equal_seeds_give_equal_bytes_and_leave_the_generator_alone(tokenizer, tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, again, other = (make(tmp_path / str(at), tokenizer, seed=seed) for at, seed in enumerate((17, 17, 18)))
    assert torch.equal(torch.rand(1), expected)
    assert one.manifest.digest == again.manifest.digest
    assert one.manifest.digest != other.manifest.digest


@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_it_knows_nothing_yet_and_can_learn(tokenizer, tmp_path, kind):
    with DocumentWriter(tmp_path / "text" / DOCUMENTS_FILE) as writer:
        for each in LINES:
            writer.document(each, "und", source="made")
    text = Documents(tmp_path / "text")
    model = make(tmp_path / "model", tokenizer, architecture=kind)
    with step_folder(tmp_path / "bits", seed=17) as step:
        bits_per_byte(model=model, text=text, step=step)
        assert not any("head" in each for each in step.notes)
    # one token a byte, and all nearly alike
    value = Results.open(tmp_path / "bits").table()["value"][0].as_py()
    assert value == pytest.approx(math.log2(tokenizer.vocabulary.size), abs=0.1)
    with step_folder(tmp_path / "trained", seed=17) as step:
        language_model(model=model, text=text, steps=10, batch_bytes=256, learning_rate=1e-2, sequence_length=64, step=step)
        assert step.figures["loss_last"] < step.figures["loss_first"]


def test_a_tokenizer_without_special_tokens(bare, tmp_path):
    model = make(tmp_path / "llama", bare)
    assert model.manifest.figures["parameters"] > 256 * 16
    with pytest.raises(InputError, match="needs a tokenizer with a mask token"):
        make(tmp_path / "bert", bare, architecture="bert")
    assert not (tmp_path / "bert").exists()


@pytest.mark.parametrize(("width", "heads"), [(16, 3), (12, 4), (8, 8)])
def test_widths_that_cannot_be_divided(tokenizer, tmp_path, width, heads):
    with pytest.raises(InputError, match=f"a width of {width} cannot be divided among {heads} heads evenly"):
        make(tmp_path / "model", tokenizer, width=width, heads=heads)


@pytest.mark.parametrize("architecture", sorted(FAMILIES))
def test_every_family_by_its_dial(tokenizer, tmp_path, architecture):
    import transformers

    model = make(tmp_path / "model", tokenizer, architecture=architecture, size="200K", layers=None, width=None, heads=None)
    family = FAMILIES[architecture]
    network, facts = getattr(transformers, family.model).from_pretrained(model.path, output_loading_info=True)
    assert not facts["missing_keys"] and not facts["unexpected_keys"] and not facts["mismatched_keys"]
    figures = model.manifest.figures
    assert figures["architecture"] == architecture
    assert figures["parameters"] == pytest.approx(200_000, rel=0.05)
    assert figures["parameters"] == sum(each.numel() for each in network.parameters())
    assert figures["layers"] == network.config.num_hidden_layers
    assert figures["width"] == network.config.hidden_size
    assert network.config.pad_token_id == 1
    dropouts = {key: value for key, value in network.config.to_dict().items() if key in family.dropouts}
    assert dropouts == dict.fromkeys(family.dropouts, 0.0)
    assert [each for each in network.modules() if isinstance(each, torch.nn.Dropout) and each.p] == []
    rows = torch.tensor([[0, 9, 10, 11, 2]])
    again = {"decoder_input_ids": rows} if family.kind == "seq2seq" else {}
    logits = network.eval()(input_ids=rows, **again).logits
    assert logits.shape == (1, 5, tokenizer.vocabulary.size) and bool(torch.isfinite(logits).all())
    if family.kind == "seq2seq":
        assert network(input_ids=rows, labels=rows).loss.isfinite()


@pytest.mark.parametrize("architecture", sorted(FAMILIES))
def test_residuals_are_scaled_by_the_depth(tokenizer, tmp_path, architecture):
    import transformers

    family = FAMILIES[architecture]
    plain, scaled = (
        getattr(transformers, family.model).from_pretrained(
            make(tmp_path / str(each), tokenizer, architecture=architecture, layers=3, scaled_residuals=each).path
        )
        for each in (False, True)
    )
    changed = [
        (name, float((one.norm() / other.norm()).detach()))
        for (name, one), other in zip(plain.named_parameters(), scaled.parameters(), strict=True)
        if not torch.equal(one, other)
    ]
    if family.scaled:
        assert not changed
        return
    # two places a layer write there, three in a decoder that has an encoder
    writes = {"encoder": 6, "decoder": 6, "seq2seq": 15}[family.kind]
    assert len(changed) == writes
    assert [factor for _, factor in changed] == pytest.approx([(writes / (2 if writes == 15 else 1)) ** 0.5] * writes, rel=1e-4)


def test_mostly_rows_of_tokens_is_said(tokenizer, tmp_path):
    with step_folder(tmp_path / "model") as step:
        new_model(tokenizer=tokenizer, layers=1, width=8, heads=1, feed_forward=8, step=step)
        assert any("are rows of tokens" in each for each in step.notes)


def test_a_size_that_is_none_is_refused_before_anything_runs(tokenizer):
    from panglot.recipes.components import find_component

    with pytest.raises(InputError, match="size: a number of parameters such as 6M"):
        find_component("training.new_model").parameters["size"].validated("6 mega", "steps.model")
