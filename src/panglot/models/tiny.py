"""`tiny:NAME`: random models of a few ten thousand parameters, for tests and trials of a recipe.

Their tokenizer writes bytes, so that every script and every character has tokens. Built offline from the configuration
classes of transformers; one name is one model, whatever the seed of the run.
"""

from pathlib import Path
from typing import Any

from panglot.artifacts import InputError, did_you_mean
from panglot.models.quiet import without_progress_bars
from panglot.models.sentence_modules import write_sentence_modules
from panglot.models.tiny_families import POSITIONS, TINY_FAMILIES, WIDTH, TinyFamily

PREFIX = "tiny:"
_SEED = 17
_TEMPLATES = {"encoder": ("<s> $A </s>", "<s> $A </s> </s> $B </s>"), "seq2seq": ("$A </s>", "$A </s> $B </s>")}
_BOS, _PAD, _EOS, _UNK, _MASK = _SPECIALS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


def tiny_names() -> list[str]:
    """All names, with the prefix."""
    return [PREFIX + each for each in TINY_FAMILIES]


def write_tiny(name: str, folder: Path) -> None:
    """Write a tiny model: for `tiny:bert` a sentence encoder, for the others a model that predicts tokens.

    Args:
        name: one of `tiny_names()`.
        folder: to write in; equal versions of the libraries write equal bytes.

    Raises:
        InputError: there is no such model.
    """
    if name not in tiny_names():
        fix = did_you_mean(name, tiny_names()) or f"there are {', '.join(tiny_names())}"
        raise InputError(f"no model is called {name}", fix=fix)
    import torch

    family = TINY_FAMILIES[name.removeprefix(PREFIX)]
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _byt5_tokenizer() if family.tokenizer == "byt5" else _byte_tokenizer(family)
    tokenizer.save_pretrained(folder)
    with torch.random.fork_rng(devices=[]), without_progress_bars():
        torch.manual_seed(_SEED)
        model = _network(family, tokenizer)
        model.save_pretrained(folder)
    if family.sentences:
        write_sentence_modules(folder, width=WIDTH, max_tokens=POSITIONS)


def _network(family: TinyFamily, tokenizer: Any) -> Any:
    import transformers

    ids = {name: getattr(tokenizer, name) for name in family.ids}
    if family.kind == "seq2seq":
        # T5 starts its decoder with the padding, the others with the end of the text before
        ids["decoder_start_token_id"] = ids["pad_token_id" if family.keys == "t5" else "eos_token_id"]
    config = getattr(transformers, family.config)(vocab_size=len(tokenizer), **family.sizes, **ids)
    return getattr(transformers, family.model)(config)


def _byt5_tokenizer() -> Any:
    from transformers import ByT5Tokenizer

    return ByT5Tokenizer(model_max_length=POSITIONS)


def _byte_tokenizer(family: TinyFamily) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    pieces = [*_SPECIALS, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE(vocab={piece: index for index, piece in enumerate(pieces)}, merges=[], unk_token=_UNK))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    if family.kind != "decoder":
        single, pair = _TEMPLATES[family.kind]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=single, pair=pair, special_tokens=[("<s>", 0), ("</s>", 2)]
        )
    more = {"additional_special_tokens": list(family.pieces)} if family.pieces else {}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=_BOS,
        cls_token=_BOS,
        eos_token=_EOS,
        sep_token=_EOS,
        pad_token=_PAD,
        unk_token=_UNK,
        mask_token=_MASK,
        model_max_length=POSITIONS,
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
        **more,
    )
