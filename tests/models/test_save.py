import numpy as np
import pytest

from panglot.artifacts import Step
from panglot.models.encoder import Encoder
from panglot.models.save import save_sentence_transformer


def _saved(folder, out, texts):
    from sentence_transformers import SentenceTransformer

    out.mkdir()
    model = SentenceTransformer(str(folder), device="cpu")
    model.encode(texts)
    return save_sentence_transformer(model, Step(out), name="tiny:bert+contrastive", base="tiny:bert")


def test_equal_models_give_equal_bytes_whatever_was_encoded_last(tiny_bert, tmp_path, texts):
    one, two = _saved(tiny_bert, tmp_path / "1", texts[:1]), _saved(tiny_bert, tmp_path / "2", texts)
    assert one.digest == two.digest
    files = sorted(each.relative_to(one.folder) for each in one.folder.rglob("*") if each.is_file())
    assert all((one.folder / each).read_bytes() == (two.folder / each).read_bytes() for each in files)
    assert not (one.path / "README.md").exists()
    assert one.name == "tiny:bert+contrastive"
    assert one.facts["base"] == "tiny:bert"


def test_what_is_saved_encodes_as_before(minilm, tmp_path, texts):
    saved = _saved(minilm, tmp_path / "1", texts[:2])
    found = Encoder(saved.path, device="cpu", precision="fp32").encode(texts)
    np.testing.assert_allclose(found, Encoder(minilm, device="cpu", precision="fp32").encode(texts), atol=1e-5)


@pytest.mark.slow
def test_prompts_and_length_survive(e5, tmp_path, texts):
    from sentence_transformers import SentenceTransformer

    saved = _saved(e5, tmp_path / "1", texts[:2])
    model = SentenceTransformer(str(saved.path), device="cpu")
    assert model.default_prompt_name == "query"
    assert model.prompts["passage"] == "passage: "
    assert model.max_seq_length == 512
    assert model[0].model.config.vocab_size == 250_037
    assert len(model.tokenizer) == 250_002
