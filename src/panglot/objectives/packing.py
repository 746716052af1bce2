"""Several documents in one row without one seeing another: the masks, and whether a model really keeps them apart.

What a model makes of a mask is its own affair. In transformers 5.23 a mask of four dimensions goes to the attention as it is:
`sdpa` takes booleans, `eager` ADDS what it is given, so that booleans there hide nothing; sliding windows (ModernBERT, Mistral,
Gemma) are lost unless the mask has them; BLOOM counts positions from a mask of two dimensions and refuses one of four. So a
model is tried (`packs`) before its rows are packed.
"""

import weakref
from typing import Any

import torch
from torch import Tensor, nn

from panglot.objectives.batch import Batch, packed, stacked
from panglot.objectives.example import Row

_FAILURES = (ValueError, RuntimeError, TypeError, KeyError, IndexError, NotImplementedError, AttributeError)
_TOLERANCE = 1e-4
_known: "weakref.WeakKeyDictionary[nn.Module, dict[tuple[int, str], bool]]" = weakref.WeakKeyDictionary()


@torch.no_grad()
def packs(network: nn.Module, *, time: int = 256) -> bool:
    """Whether documents in one row leave each other alone in this model, as far as rows of `time` tokens can show.

    Two documents of random tokens that fill a row together are read apart and packed; the hidden states must be equal, to
    1e-4 of the largest, padding and position counted from each document's start included. The model is asked as it is:
    attention, windows and positions are its own. Give the length of the rows that will be packed: a window that is longer than
    a row cuts nothing, and is not tested.

    Rounding hides small leaks in half precision: ask before a model is converted. An answer is remembered for the model.

    Args:
        network: a model of transformers with its head, in float32.
        time: tokens in a row.

    Returns:
        False too where the model fails on packed rows.
    """
    from panglot.objectives.labelled import hidden_states

    config = _config(network)
    if config.model_type == "xmod":
        # its adapters are chosen by the language of a row, and one row may hold several
        return False
    answers = _known.setdefault(network, {})
    key = (time, str(getattr(config, "_attn_implementation", "")))
    if key in answers:
        return answers[key]
    long = max(1, 2 * time // 3)
    rows = [_probe(network, long, seed=1), _probe(network, max(1, time - long - 1), seed=2)]
    device = next(network.parameters()).device
    training = network.training
    network.eval()
    try:
        alone = [hidden_states(network, _on(stacked([row], 0), device))[0] for row in rows]
        together = hidden_states(network, _on(packed(stacked(rows, 0), time, 0), device))[0]
    except _FAILURES:
        answers[key] = False
    else:
        apart = torch.cat(alone).float()
        difference = (together[: len(apart)].float() - apart).abs().max()
        answers[key] = bool(difference <= _TOLERANCE * apart.abs().max())
    finally:
        network.train(training)
    return answers[key]


def _probe(network: nn.Module, length: int, *, seed: int) -> Row:
    config = _config(network)
    names = ("pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id")
    special = {getattr(config, name, None) for name in names}
    usual = torch.tensor([each for each in range(int(config.vocab_size)) if each not in special])
    drawn = usual[torch.randint(len(usual), (length,), generator=torch.Generator().manual_seed(seed))].tolist()
    return Row(drawn, drawn)


def _on(batch: Batch, device: torch.device) -> Batch:
    from panglot.objectives.batch import to_device

    return to_device(batch, device)


def document_mask(model: Any, documents: Tensor, *, causal: bool) -> Any:
    """What a model of transformers is given as `attention_mask` so that a token sees its own document only.

    Booleans for `sdpa`, what is added to the scores for `eager`; the model's sliding window is cut in; for a model whose layers
    differ, one mask for each kind of layer. For attention that cuts documents apart by their positions (`flash_attention_2`,
    `flex_attention`; untested here: no such device) None: transformers finds where positions begin again by itself.

    Args:
        model: with its configuration.
        documents: number of the document of each token, `[rows, time]`; 0 for padding.
        causal: whether a token sees only what stands before it, and itself.
    """
    config = _config(model)
    attention = str(getattr(config, "_attn_implementation", None) or "eager")
    if attention not in ("sdpa", "eager"):
        return None
    whole = own_document_mask(documents, causal=causal)

    def given(mask: Tensor) -> Tensor:
        if attention == "sdpa":
            return mask
        kind = next(model.parameters()).dtype
        return torch.zeros(mask.shape, dtype=kind, device=mask.device).masked_fill(~mask, torch.finfo(kind).min)

    window = getattr(config, "sliding_window", None)
    kinds = set(getattr(config, "layer_types", None) or ())
    if not isinstance(window, int) or (kinds and "sliding_attention" not in kinds):
        return given(whole)
    near = whole & _within(window, documents.shape[1], causal=causal, device=documents.device)
    if not kinds:
        return given(near)
    return {kind: given(near if kind == "sliding_attention" else whole) for kind in ("full_attention", "sliding_attention")}


def own_document_mask(documents: Tensor, *, causal: bool) -> Tensor:
    """Which token sees which: bool `[rows, 1, time, time]`, True where it does. Padding sees itself, so that no row is empty.

    Args:
        documents: number of the document of each token, `[rows, time]`; 0 for padding.
        causal: whether a token sees only what stands before it, and itself.

    Example:
        >>> own_document_mask(torch.tensor([[1, 1, 2]]), causal=True)[0, 0].int().tolist()
        [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    """
    seen = documents[:, None, :, None] == documents[:, None, None, :]
    if causal:
        seen = seen & torch.ones(documents.shape[1], documents.shape[1], dtype=torch.bool, device=documents.device).tril()
    padding = (documents == 0)[:, None, :, None]
    alone = torch.eye(documents.shape[1], dtype=torch.bool, device=documents.device)
    return torch.where(padding, alone, seen)


def _within(window: int, time: int, *, causal: bool, device: torch.device) -> Tensor:
    """Causal windows count the token itself; those of encoders reach so far to each side."""
    at = torch.arange(time, device=device)
    distance = (at[:, None] - at[None, :]).abs()
    return distance < window if causal else distance <= window


def first_position(model: Any) -> int:
    """The position that a model gives to the first token: 0, in the family of RoBERTa the padding id + 1."""
    for name, each in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(each, nn.Embedding) and each.padding_idx is not None:
            return int(each.padding_idx) + 1
    return 0


def _config(model: Any) -> Any:
    return model.config.get_text_config()
