"""Train only the rows of the word-embedding matrix whose tokens occur in the data.

A multilingual encoder spends most of its parameters on word embeddings (96 of the 118 million of multilingual-e5-small), and a
small corpus touches a few thousand rows of them. A row whose token never occurs has a gradient of exactly zero. AdamW without
weight decay (Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101) moves a weight by

    -learning_rate · m / (sqrt(v) + eps),   m and v: running means of the gradient and of its square,

which is 0 / eps = 0 for such a row in every step. So nothing is lost when the matrix holds only the rows in use while the
model trains: the result is that of full training, and the gradient, m and v of all other rows need no memory and no time.
With weight decay this would not be so.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

_ROW_OF = "row_of_token"


def why_not_compact(model: nn.Module) -> str | None:
    """Say why `compact_embeddings` would refuse a model; None when it would not.

    Args:
        model: a model with `get_input_embeddings()`, as those of transformers have.
    """
    embedding = _input_embedding(model)
    if embedding is None:
        return "the model has no matrix of word embeddings"
    places = [name for name, each in model.named_parameters(remove_duplicate=False) if each is embedding.weight]
    if len(places) > 1:
        return f"the word embeddings are tied to another layer ({', '.join(places)})"
    if not places:
        return "the word embeddings are computed from other parameters"
    return None


@contextmanager
def compact_embeddings(model: nn.Module, token_ids: Iterable[int]) -> Iterator[int]:
    """Hold only the embedding rows of some tokens while the block runs; then write them back among the others.

    Inside the block the model takes the same token ids as before; they are translated at the entrance of the embedding, so that
    everything else (position ids that depend on the padding id, attention masks) sees the original ones. The special tokens
    that the model's configuration names are always held. Rows are written back also when the block ends by an error.
    Optimizers must be made inside the block, and without weight decay on the embeddings.

    Args:
        model: a model with `get_input_embeddings()`; `why_not_compact` says which are refused.
        token_ids: ids that may occur inside the block, in any order, repeats allowed.

    Yields:
        The number of rows held.

    Raises:
        ValueError: the model is refused, or an id lies outside the vocabulary; inside the block, from the forward pass, when a
            token occurs that was not named.

    Example:
        >>> from transformers import BertConfig, BertModel
        >>> model = BertModel(BertConfig(vocab_size=1000, hidden_size=8, num_hidden_layers=1, num_attention_heads=2))
        >>> with compact_embeddings(model, [7, 5, 7]) as rows:
        ...     tuple(model.get_input_embeddings().weight.shape)
        (3, 8)
        >>> tuple(model.get_input_embeddings().weight.shape)
        (1000, 8)
    """
    refused = why_not_compact(model)
    if refused:
        raise ValueError(f"word embeddings cannot be compacted: {refused}")
    embedding = _input_embedding(model)
    assert embedding is not None
    full, size, padding = embedding.weight, embedding.num_embeddings, embedding.padding_idx
    rows = torch.tensor(sorted(set(token_ids) | _special_ids(model, size)), dtype=torch.long, device=full.device)
    if len(rows) and not 0 <= int(rows[0]) <= int(rows[-1]) < full.shape[0]:
        raise ValueError(f"token ids must lie between 0 and {full.shape[0] - 1}, and run from {rows[0]} to {rows[-1]}")
    row_of = torch.full((full.shape[0],), -1, dtype=torch.long, device=full.device)
    row_of[rows] = torch.arange(len(rows), device=full.device)

    embedding.register_buffer(_ROW_OF, row_of, persistent=False)
    embedding.weight = nn.Parameter(full.detach()[rows].clone(), requires_grad=full.requires_grad)
    embedding.num_embeddings = len(rows)
    embedding.padding_idx = None if padding is None else int(row_of[padding])
    translate = embedding.register_forward_pre_hook(_translate, with_kwargs=True)
    try:
        yield len(rows)
    finally:
        translate.remove()
        trained = embedding.weight.detach()
        with torch.no_grad():
            # the block may have moved the model to another device, and a model on two devices cannot run
            full.data = full.data.to(trained.device)
            full[rows.to(trained.device)] = trained.to(full.dtype)
        embedding.weight, embedding.num_embeddings, embedding.padding_idx = full, size, padding
        delattr(embedding, _ROW_OF)


def _input_embedding(model: nn.Module) -> nn.Embedding | None:
    ask = getattr(model, "get_input_embeddings", None)
    try:
        found = ask() if callable(ask) else None
    except NotImplementedError:
        return None
    return found if isinstance(found, nn.Embedding) else None


def _special_ids(model: nn.Module, size: int) -> set[int]:
    said = getattr(model, "config", None)
    given = said.to_dict() if said is not None and hasattr(said, "to_dict") else {}
    found: set[int] = set()
    for name, value in given.items():
        if name.endswith("_token_id"):
            found.update(each for each in (value if isinstance(value, list) else [value]) if isinstance(each, int))
    embedding = _input_embedding(model)
    if embedding is not None and embedding.padding_idx is not None:
        found.add(embedding.padding_idx)
    # configurations name ids that the matrix does not have, such as -1 for none
    return {each for each in found if 0 <= each < size}


def _translate(embedding: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    row_of = getattr(embedding, _ROW_OF)

    def rows(ids: Tensor) -> Tensor:
        found: Tensor = row_of[ids]
        if bool((found < 0).any()):
            raise ValueError(f"token {int(ids[found < 0][0])} occurs but was not among the token ids of compact_embeddings")
        return found

    if args:
        return (rows(args[0]), *args[1:]), kwargs
    return args, {**kwargs, "input": rows(kwargs["input"])}
