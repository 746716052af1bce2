"""Tiny models of the shapes that surgery must handle, each with a tokenizer of its family and real scripts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from panglot.models import Model
from panglot.models.model import MODEL_FOLDER, open_model
from panglot.models.sentence_modules import write_sentence_modules
from panglot.vocabulary.rows import NEW, Change
from panglot.vocabulary.vocabulary import Vocabulary

TEXTS = [
    "ខ្ញុំស្រលាញ់អ្នក ទឹកនៅក្នុងកែវ គាត់ញ៉ាំបាយ",
    "بۇ كىتاب ئوقۇدى ھاۋا سوغۇق",
    "ߒߞߏ ߞߊ߲ ߦߋ߫ ߞߊ߲ ߘߏ߫ ߟߋ߬ ߘߌ߫",
    "ሰላም ለዓለም ሁሉ ይሁን",
    "the small house stands by the river and the small boat too",
    "mały dom stoi nad rzeką i mała łódka też",
    "𞤀𞤣𞤤𞤢𞤥 𞤆𞤵𞤤𞤢𞤪 😀 👩‍👩‍👧",
]
SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def fast(backend: Tokenizer) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<s>", cls_token="<s>", eos_token="</s>", sep_token="</s>", pad_token="<pad>",
        unk_token="<unk>", mask_token="<mask>", clean_up_tokenization_spaces=False,
    )  # fmt: skip


def _template(backend: Tokenizer) -> Tokenizer:
    ids = [(each, backend.token_to_id(each)) for each in ("<s>", "</s>")]
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=ids
    )
    return backend


def unigram() -> PreTrainedTokenizerFast:
    backend = Tokenizer(models.Unigram())
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    backend.train_from_iterator(TEXTS, trainers.UnigramTrainer(vocab_size=180, special_tokens=SPECIALS, unk_token="<unk>"))
    return fast(_template(backend))


def byte_bpe() -> PreTrainedTokenizerFast:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=330, special_tokens=SPECIALS, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    backend.train_from_iterator(TEXTS, trainer)
    backend.add_special_tokens([AddedToken("<|chat|>", special=True)])
    return fast(backend)


def wordpiece() -> PreTrainedTokenizerFast:
    backend = Tokenizer(models.WordPiece(unk_token="<unk>"))
    backend.normalizer = normalizers.NFC()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=180, special_tokens=SPECIALS, show_progress=False)
    backend.train_from_iterator(TEXTS, trainer)
    return fast(_template(backend))


WIDTH = 16
_SMALL: dict[str, Any] = {
    "hidden_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24,
    "max_position_embeddings": 64,
}  # fmt: skip
_SEQ2SEQ: dict[str, Any] = {
    "d_model": WIDTH, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 24, "decoder_ffn_dim": 24, "max_position_embeddings": 64,
}  # fmt: skip
_T5: dict[str, Any] = {"d_model": WIDTH, "d_kv": 8, "d_ff": 24, "num_layers": 1, "num_heads": 2}
_IDS = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2}


def _random_biases(model: Any) -> None:
    """Random values where the initialisation has zeros, so that a lost bias shows."""
    for name, each in [*model.named_parameters(), *model.named_buffers()]:
        if name.endswith(("predictions.bias", "lm_head.bias", "final_logits_bias")):
            each.data.normal_()


def _build(kind: str, rows: int) -> Any:
    import transformers as t

    small = {**_SMALL, **_IDS, "vocab_size": rows}
    heads = {**small, "num_key_value_heads": 2}
    seq2seq = {**_SEQ2SEQ, **_IDS, "vocab_size": rows, "decoder_start_token_id": 2, "forced_eos_token_id": 2}
    t5 = {**_T5, "vocab_size": rows, "pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}
    text = {**heads, "head_dim": 8}
    vision = {"hidden_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24, "image_size": 28,
              "patch_size": 14}  # fmt: skip
    gpt2 = {
        "n_embd": WIDTH,
        "n_layer": 1,
        "n_head": 2,
        "n_positions": 64,
        "vocab_size": rows,
        "bos_token_id": 0,
        "eos_token_id": 2,
    }
    padded = {**heads, "vocab_size": rows + 19}
    gemma3 = {"mm_tokens_per_image": 1, "image_token_index": 3, "boi_token_index": 4}
    builders: dict[str, Callable[[], Any]] = {
        "bert-masked": lambda: t.BertForMaskedLM(t.BertConfig(**small)),
        "bert": lambda: t.BertModel(t.BertConfig(**small)),
        "xlm-r": lambda: t.XLMRobertaForMaskedLM(t.XLMRobertaConfig(**small, type_vocab_size=1)),
        "llama-tied": lambda: t.LlamaForCausalLM(t.LlamaConfig(**heads, tie_word_embeddings=True)),
        "llama-untied": lambda: t.LlamaForCausalLM(t.LlamaConfig(**heads, tie_word_embeddings=False)),
        "qwen-padded": lambda: t.Qwen2ForCausalLM(t.Qwen2Config(**padded, tie_word_embeddings=False)),
        "gpt2": lambda: t.GPT2LMHeadModel(t.GPT2Config(**gpt2)),
        "t5-tied": lambda: t.T5ForConditionalGeneration(t.T5Config(**t5, tie_word_embeddings=True)),
        "mt5-untied": lambda: t.MT5ForConditionalGeneration(t.MT5Config(**t5)),
        "bart": lambda: t.BartForConditionalGeneration(t.BartConfig(**seq2seq)),
        "m2m100": lambda: t.M2M100ForConditionalGeneration(t.M2M100Config(**seq2seq)),
        "gemma3-vision": lambda: t.Gemma3ForConditionalGeneration(
            t.Gemma3Config(text_config=text, vision_config=vision, **gemma3)
        ),
    }  # fmt: skip
    return builders[kind]()


TOKENIZERS: dict[str, Callable[[], PreTrainedTokenizerFast]] = {
    "bert-masked": wordpiece, "bert": wordpiece, "xlm-r": unigram, "llama-tied": byte_bpe, "llama-untied": byte_bpe,
    "qwen-padded": byte_bpe, "gpt2": byte_bpe, "t5-tied": unigram, "mt5-untied": unigram, "bart": byte_bpe, "m2m100": unigram,
    "gemma3-vision": byte_bpe, "sentence-encoder": unigram,
}  # fmt: skip
KINDS = list(TOKENIZERS)
_ALONE: dict[Callable[[], PreTrainedTokenizerFast], PreTrainedTokenizerFast] = {}


def write_model_of(kind: str, step: Path, dtype: torch.dtype = torch.float32, **saving: Any) -> Model:
    """A random model of a kind in `step/model`, with every vocabulary value different from every other."""
    make = TOKENIZERS[kind]
    if make not in _ALONE:
        _ALONE[make] = make()
    tokenizer = _ALONE[make]
    folder = step / MODEL_FOLDER
    folder.mkdir(parents=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = _build("bert" if kind == "sentence-encoder" else kind, len(tokenizer))
        _random_biases(model)
        model.to(dtype).save_pretrained(folder, **saving)
    tokenizer.save_pretrained(folder)
    if kind == "mt5-untied":
        # the published checkpoints hold a head of their own, whatever the configuration class says of tying
        tensors = load_file(folder / "model.safetensors")
        tensors["lm_head.weight"] = torch.randn(tensors["shared.weight"].shape, generator=torch.Generator().manual_seed(6))
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    if kind == "sentence-encoder":
        write_sentence_modules(folder, width=WIDTH, max_tokens=32, prompts={"query": "query: "}, default_prompt="query")
    return open_model(step, name=f"tiny:{kind}")


def extended(old: Vocabulary, tokens: list[str]) -> Change:
    """A vocabulary with more tokens behind the last, as added tokens: enough to test rows, not a tokenizer to use."""
    added = [
        {"id": old.size + number, "content": each, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
         "special": False}
        for number, each in enumerate(tokens)
    ]  # fmt: skip
    new = old.with_document(added_tokens=[*old.document["added_tokens"], *added])
    source = np.concatenate([np.arange(old.size), np.full(len(tokens), NEW)]).astype(np.int64)
    return Change(old, new, source)


def same(old: Vocabulary) -> Change:
    return Change(old, old, np.arange(old.size, dtype=np.int64))
