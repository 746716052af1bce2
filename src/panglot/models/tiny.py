"""`tiny:bert` and `tiny:llama`: random models of a few thousand parameters, for tests and trials of a recipe.

Their tokenizer writes bytes, so that every script and every character has tokens. Built offline from the configuration
classes of transformers; one name is one model, whatever the seed of the run.
"""

from pathlib import Path
from typing import Any

from panglot.artifacts import InputError, did_you_mean
from panglot.models.quiet import without_progress_bars
from panglot.models.sentence_modules import write_sentence_modules

PREFIX = "tiny:"
_SEED = 17
_BOS, _PAD, _EOS, _UNK, _MASK = _SPECIALS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
_POSITIONS = 512
_WIDTH, _HEADS, _LAYERS = 32, 2, 2


def tiny_names() -> list[str]:
    """All names, with the prefix."""
    return [PREFIX + each for each in ("bert", "llama")]


def write_tiny(name: str, folder: Path) -> None:
    """Write a tiny model: for `tiny:bert` a sentence encoder, for `tiny:llama` a causal language model.

    Args:
        name: `tiny:bert` or `tiny:llama`.
        folder: to write in; equal versions of the libraries write equal bytes.

    Raises:
        InputError: there is no such model.
    """
    if name not in tiny_names():
        fix = did_you_mean(name, tiny_names()) or f"there are {' and '.join(tiny_names())}"
        raise InputError(f"no model is called {name}", fix=fix)
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _byte_tokenizer(template=name == "tiny:bert")
    tokenizer.save_pretrained(folder)
    with torch.random.fork_rng(devices=[]), without_progress_bars():
        torch.manual_seed(_SEED)
        model = _bert(len(tokenizer)) if name == "tiny:bert" else _llama(len(tokenizer))
        model.save_pretrained(folder)
    if name == "tiny:bert":
        write_sentence_modules(folder, width=_WIDTH, max_tokens=_POSITIONS)


def _byte_tokenizer(*, template: bool) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    pieces = [*_SPECIALS, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE(vocab={piece: index for index, piece in enumerate(pieces)}, merges=[], unk_token=_UNK))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    if template:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=_BOS,
        cls_token=_BOS,
        eos_token=_EOS,
        sep_token=_EOS,
        pad_token=_PAD,
        unk_token=_UNK,
        mask_token=_MASK,
        model_max_length=_POSITIONS,
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )


def _bert(vocabulary: int) -> Any:
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=_WIDTH,
        num_hidden_layers=_LAYERS,
        num_attention_heads=_HEADS,
        intermediate_size=2 * _WIDTH,
        max_position_embeddings=_POSITIONS,
        pad_token_id=_SPECIALS.index(_PAD),
    )
    return BertModel(config)


def _llama(vocabulary: int) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=_WIDTH,
        num_hidden_layers=_LAYERS,
        num_attention_heads=_HEADS,
        num_key_value_heads=_HEADS,
        intermediate_size=2 * _WIDTH,
        max_position_embeddings=_POSITIONS,
        bos_token_id=_SPECIALS.index(_BOS),
        eos_token_id=_SPECIALS.index(_EOS),
        pad_token_id=_SPECIALS.index(_PAD),
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config)
