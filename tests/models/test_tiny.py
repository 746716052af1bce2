"""Every tiny model: it loads by name, gives finite logits, and its loss at labels is that of its logits."""

import unicodedata

import pytest
import torch
import transformers
from pydantic import TypeAdapter

from panglot.artifacts import step_folder
from panglot.models.folder import inspect_folder
from panglot.models.load import load
from panglot.models.model import Model
from panglot.models.tiny import PREFIX, write_tiny
from panglot.models.tiny_families import TINY_FAMILIES
from panglot.objectives.batch import NO_LABEL, Batch
from panglot.objectives.labelled import summed_nats
from panglot.objectives.objective import Objective
from panglot.objectives.opening import open_language_model

TEXTS = ["ދިވެހި", "សួស្តី e\u0301", "Dobry dźeń, 你好"]
NAMES = sorted(TINY_FAMILIES)
OF_TOKENS = [each for each in NAMES if TINY_FAMILIES[each].kind != "seq2seq"]
LOADERS = {"encoder": "AutoModelForMaskedLM", "decoder": "AutoModelForCausalLM", "seq2seq": "AutoModelForSeq2SeqLM"}
# its rows and its head's have widths of their own
NEVER_TIED = {"rembert"}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    place = tmp_path_factory.mktemp("tiny")
    found = {}
    for name in NAMES:
        with step_folder(place / name) as step:
            load(name=PREFIX + name, step=step)
        found[name] = Model.open(place / name)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_equal_bytes_whatever_the_generator(models, name, tmp_path):
    from panglot.models.folder import digest_model

    torch.manual_seed(99)
    before = torch.get_rng_state()
    write_tiny(PREFIX + name, tmp_path / "again")
    assert torch.equal(torch.get_rng_state(), before)
    assert digest_model(tmp_path / "again") == models[name].facts["digest"]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_what_its_entry_says(models, name):
    family, folder = TINY_FAMILIES[name], inspect_folder(models[name].path)
    assert folder.is_encoder_decoder == (family.kind == "seq2seq")
    assert folder.generates == (family.kind == "decoder")
    assert folder.parameters < 100_000
    assert folder.dimension == 32 or name in ("xlm", "gpt2", "gpt-bigcode", "codegen")
    tokenizer = transformers.AutoTokenizer.from_pretrained(models[name].path, local_files_only=True)
    for text in TEXTS:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert tokenizer.unk_token_id not in ids
        assert unicodedata.normalize("NFC", tokenizer.decode(ids)) == unicodedata.normalize("NFC", text)
    assert set(family.pieces) <= set(tokenizer.get_vocab())
    assert tokenizer.model_max_length == 512


@pytest.mark.parametrize("name", NAMES)
def test_finite_logits_through_the_usual_loader(models, name):
    loader = getattr(transformers, LOADERS[TINY_FAMILIES[name].kind])
    tokenizer = transformers.AutoTokenizer.from_pretrained(models[name].path, local_files_only=True)
    batch = tokenizer(TEXTS, return_tensors="pt", padding=True)
    network, facts = loader.from_pretrained(models[name].path, local_files_only=True, output_loading_info=True)
    # a bare encoder: it has no head yet, and a pooler that the head has no use for
    assert name == "bert" or (not facts["unexpected_keys"] and not facts["missing_keys"])
    given = {key: batch[key] for key in ("input_ids", "attention_mask")}
    if TINY_FAMILIES[name].kind == "seq2seq":
        given["decoder_input_ids"] = torch.full((len(TEXTS), 3), network.config.decoder_start_token_id)
    with torch.no_grad():
        logits = network.eval()(**given).logits
    assert logits.shape[-1] >= len(tokenizer) and bool(torch.isfinite(logits).all())


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_for_what_it_was_made_for(models, name):
    # spans need sentinels, which the tokenizers of the last two lack
    objective = TypeAdapter(Objective).validate_python("mbart") if name in ("mbart", "m2m100") else None
    opened = open_language_model(models[name], objective, longest=64)
    assert opened.limit == 64
    assert all(opened.ids(TEXTS))


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("name", OF_TOKENS)
def test_the_loss_at_labels_is_that_of_the_logits(models, name, tied):
    loader = getattr(transformers, LOADERS[TINY_FAMILIES[name].kind])
    torch.manual_seed(3)
    config = transformers.AutoConfig.from_pretrained(models[name].path, local_files_only=True)
    config.tie_word_embeddings = tied
    network = loader.from_config(config).eval()
    head, rows = network.get_output_embeddings().weight, network.get_input_embeddings().weight
    if head.shape == rows.shape and name not in NEVER_TIED:
        assert (head is rows) == tied
    with torch.no_grad():
        for each in network.parameters():
            each.add_(torch.randn_like(each) * 0.05)
    generator = torch.Generator().manual_seed(5)
    ids = torch.randint(10, 250, (4, 17), generator=generator)
    mask, labels = torch.ones_like(ids), torch.full_like(ids, NO_LABEL)
    mask[1, 7:], ids[1, 7:] = 0, 1
    labels[0, [1, 4]], labels[1, 2], labels[2:] = ids[0, [2, 5]], ids[1, 3], ids[2:].flip(1)
    logits = network(input_ids=ids, attention_mask=mask).logits
    expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=NO_LABEL, reduction="sum")
    expected.backward()
    theirs = {key: each.grad.clone() for key, each in network.named_parameters() if each.grad is not None}
    network.zero_grad()
    # sixteen labels at a time
    found = summed_nats(network, Batch(input_ids=ids, attention_mask=mask, labels=labels), logits_at_once=1)
    found.backward()
    assert float(found.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    ours = {key: each.grad for key, each in network.named_parameters() if each.grad is not None}
    assert ours.keys() == theirs.keys()
    for key, each in theirs.items():
        scale = max(float(each.abs().max()), 1e-3)
        assert torch.allclose(ours[key] / scale, each / scale, atol=1e-5), key
