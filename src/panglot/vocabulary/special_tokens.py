"""Special tokens of a new tokenizer: which there are, in which order, and how they stand around a text."""

from dataclasses import dataclass
from typing import Any, Literal

Preset = Literal["bert", "roberta", "llama", "t5"]


@dataclass(frozen=True)
class SpecialTokens:
    """One family's special tokens.

    Attributes:
        first: the tokens that have the lowest ids, in order.
        roles: role (`bos`, `eos`, `unk`, `sep`, `pad`, `cls`, `mask`) to token.
        single: the template of one text, `$A` standing for it.
        pair: the template of two texts; a text or token with `:1` is of the second segment.
        last: tokens that have the highest ids, in order.
        longest: tokens of the longest input of the models that this is from.
    """

    first: tuple[str, ...]
    roles: dict[str, str]
    single: str
    pair: str
    last: tuple[str, ...] = ()
    longest: int = 512

    @property
    def all(self) -> tuple[str, ...]:
        return self.first + self.last


SPECIAL_TOKENS: dict[Preset, SpecialTokens] = {
    "bert": SpecialTokens(
        ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
        {"unk": "[UNK]", "sep": "[SEP]", "pad": "[PAD]", "cls": "[CLS]", "mask": "[MASK]"},
        "[CLS] $A [SEP]",
        "[CLS] $A [SEP] $B:1 [SEP]:1",
    ),
    "roberta": SpecialTokens(
        ("<s>", "<pad>", "</s>", "<unk>", "<mask>"),
        {"bos": "<s>", "eos": "</s>", "unk": "<unk>", "sep": "</s>", "pad": "<pad>", "cls": "<s>", "mask": "<mask>"},
        "<s> $A </s>",
        "<s> $A </s> </s> $B </s>",
    ),
    "llama": SpecialTokens(
        ("<unk>", "<s>", "</s>", "<pad>"),
        {"bos": "<s>", "eos": "</s>", "unk": "<unk>", "pad": "<pad>"},
        "<s> $A",
        "<s> $A <s>:1 $B:1",
        longest=2048,
    ),
    "t5": SpecialTokens(
        ("<pad>", "</s>", "<unk>"),
        {"eos": "</s>", "unk": "<unk>", "pad": "<pad>"},
        "$A </s>",
        "$A </s> $B </s>",
        # as in T5, the first sentinel has the highest id
        tuple(f"<extra_id_{number}>" for number in reversed(range(100))),
    ),
}
"""BERT; RoBERTa and XLM-R; Llama 2 with a token to pad with; T5 with its hundred sentinels."""


def added_tokens(tokens: SpecialTokens, ids: dict[str, int]) -> list[dict[str, Any]]:
    """The part `added_tokens` of `tokenizer.json`. A mask token takes the space before it, as RoBERTa's does."""
    return [
        {
            "id": ids[each],
            "content": each,
            "single_word": False,
            "lstrip": each == "<mask>",
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for each in sorted(tokens.all, key=ids.__getitem__)
    ]


def post_processor(tokens: SpecialTokens, ids: dict[str, int]) -> dict[str, Any]:
    """The part `post_processor`: the templates.

    Example:
        >>> tokens = SPECIAL_TOKENS["t5"]
        >>> post_processor(tokens, {each: n for n, each in enumerate(tokens.all)})["single"][1]
        {'SpecialToken': {'id': '</s>', 'type_id': 0}}
    """
    used = {word.partition(":")[0] for word in f"{tokens.single} {tokens.pair}".split() if not word.startswith("$")}
    return {
        "type": "TemplateProcessing",
        "single": _template(tokens.single),
        "pair": _template(tokens.pair),
        "special_tokens": {each: {"id": each, "ids": [ids[each]], "tokens": [each]} for each in sorted(used)},
    }


def _template(said: str) -> list[dict[str, Any]]:
    found = []
    for word in said.split():
        name, _, segment = word.partition(":")
        kind = "Sequence" if name.startswith("$") else "SpecialToken"
        found.append({kind: {"id": name.removeprefix("$"), "type_id": int(segment or 0)}})
    return found


def config(tokens: SpecialTokens, longest: int | None) -> dict[str, Any]:
    """What `tokenizer_config.json` says: a class that takes `tokenizer.json` as it stands, and the roles."""
    found: dict[str, Any] = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    found.update({f"{role}_token": token for role, token in tokens.roles.items()})
    if tokens.last:
        found["additional_special_tokens"] = list(tokens.last)
    found["model_max_length"] = longest or tokens.longest
    found["padding_side"] = "right"
    found["model_input_names"] = ["input_ids", "attention_mask"]
    if ":1" in tokens.pair and "cls" in tokens.roles:
        found["model_input_names"].insert(1, "token_type_ids")
    return found
