"""The forward pass of BERT-like encoders over texts laid end to end, without padding.

All texts of a batch are one matrix of tokens, so that the linear layers, nine tenths of the work, never see padding. Only
attention looks at texts; it takes those of equal length together and needs no mask. Query, key and value are one matrix, with
the scale 1/√d folded into the query's part. Results go into buffers that are kept: touching fresh memory is slow.

Same values as transformers' BertModel and XLMRobertaModel to rounding (Devlin et al. 2019, post-layer-norm, erf GELU).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

from panglot.models.folder import ModelFolder
from panglot.models.token_batches import runs_of_equal

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from panglot.models.sentence_recipe import Pooling

_ROBERTA_LIKE = ("roberta", "xlm-roberta", "camembert")
# Up to this length two plain products beat the blocked attention kernel.
_SHORT = 96


def supports(config: dict[str, Any]) -> bool:
    """Whether a `config.json` describes a network that this file computes."""
    return (
        config.get("model_type") in ("bert", *_ROBERTA_LIKE)
        and config.get("hidden_act", "gelu") == "gelu"
        and config.get("position_embedding_type", "absolute") in ("absolute", None)
        and not config.get("is_decoder", False)
        and not config.get("add_cross_attention", False)
        and "quantization_config" not in config
    )


@dataclass(frozen=True)
class _Layer:
    qkv: "tuple[Tensor, Tensor]"
    attended: "tuple[Tensor, Tensor]"
    attended_norm: "tuple[Tensor, Tensor]"
    wide: "tuple[Tensor, Tensor]"
    narrow: "tuple[Tensor, Tensor]"
    norm: "tuple[Tensor, Tensor]"


class Workspace:
    """Buffers of one worker, grown when a batch needs more and then kept."""

    def __init__(self) -> None:
        self._buffers: dict[str, Tensor] = {}

    def take(self, name: str, rows: int, columns: int, dtype: "torch.dtype") -> "Tensor":
        """A matrix with unspecified values; the same memory every time."""
        import torch

        found = self._buffers.get(name)
        if found is None or found.numel() < rows * columns:
            found = self._buffers[name] = torch.empty(rows * columns, dtype=dtype)
        return found[: rows * columns].view(rows, columns)


class PackedBert:
    """A BERT-like encoder for the processor.

    Args:
        inspected: the model's folder; `supports(inspected.config)` must hold.
        dtype: torch.float32 or torch.bfloat16.
    """

    def __init__(self, inspected: ModelFolder, dtype: "torch.dtype") -> None:
        config = inspected.config
        self.dtype, self.hidden = dtype, int(config["hidden_size"])
        self.heads = int(config["num_attention_heads"])
        self.epsilon = float(config.get("layer_norm_eps", 1e-12))
        tensors = _read_tensors(inspected)
        first = int(config.get("pad_token_id", 1)) + 1 if config["model_type"] in _ROBERTA_LIKE else 0
        self._words = tensors["embeddings.word_embeddings.weight"]
        positions = tensors["embeddings.position_embeddings.weight"][first:]
        self._positions = positions + tensors["embeddings.token_type_embeddings.weight"][0]
        self._embedded_norm = self._cast(tensors, "embeddings.LayerNorm")
        self._layers = [self._layer(tensors, f"encoder.layer.{each}") for each in range(int(config["num_hidden_layers"]))]

    @property
    def max_tokens(self) -> int:
        """Longest text that has positions."""
        return len(self._positions)

    def _cast(self, tensors: "dict[str, Tensor]", name: str) -> "tuple[Tensor, Tensor]":
        return tensors[f"{name}.weight"].to(self.dtype), tensors[f"{name}.bias"].to(self.dtype)

    def _layer(self, tensors: "dict[str, Tensor]", name: str) -> _Layer:
        import torch

        scale = 1 / sqrt(self.hidden // self.heads)
        parts = [(f"{name}.attention.self.{each}", scale if each == "query" else 1.0) for each in ("query", "key", "value")]
        qkv = [torch.cat([tensors[f"{part}.{kind}"] * factor for part, factor in parts]) for kind in ("weight", "bias")]
        return _Layer(
            (qkv[0].to(self.dtype), qkv[1].to(self.dtype)),
            self._cast(tensors, f"{name}.attention.output.dense"),
            self._cast(tensors, f"{name}.attention.output.LayerNorm"),
            self._cast(tensors, f"{name}.intermediate.dense"),
            self._cast(tensors, f"{name}.output.dense"),
            self._cast(tensors, f"{name}.output.LayerNorm"),
        )

    def pooled(self, texts: Sequence[Sequence[int]], pooling: "Pooling", workspace: Workspace) -> "Tensor":
        """Sentence vectors, float32 [n, hidden], before any normalisation.

        Args:
            texts: token ids of each text, special tokens included; texts of equal length must be neighbours.
            pooling: mean over all tokens, or the first token.
            workspace: buffers; not to be shared between threads.
        """
        import torch

        runs = runs_of_equal([len(each) for each in texts])
        ids = torch.tensor([token for text in texts for token in text])
        places = torch.cat([torch.arange(length).repeat(count) for length, count in runs])
        embedded = self._words[ids].add_(self._positions[places]).to(self.dtype)
        state = torch.layer_norm(embedded, (self.hidden,), *self._embedded_norm, self.epsilon)
        for layer in self._layers:
            state = self._through(layer, state, runs, workspace)
        found, at = [], 0
        for length, count in runs:
            block = state[at : at + length * count].view(count, length, self.hidden)
            found.append(block.mean(1, dtype=torch.float32) if pooling == "mean" else block[:, 0].float())
            at += length * count
        return torch.cat(found)

    def _through(self, layer: _Layer, state: "Tensor", runs: list[tuple[int, int]], workspace: Workspace) -> "Tensor":
        import torch

        def linear(name: str, parameters: "tuple[Tensor, Tensor]", given: "Tensor") -> "Tensor":
            weight, bias = parameters
            out = workspace.take(name, len(given), len(weight), self.dtype)
            return torch.addmm(bias, given, weight.t(), out=out)

        attended = workspace.take("attended", len(state), self.hidden, self.dtype)
        self._attend(linear("qkv", layer.qkv, state), runs, attended)
        changed = linear("narrow", layer.attended, attended).add_(state)
        state = torch.layer_norm(changed, (self.hidden,), *layer.attended_norm, self.epsilon)
        wide = linear("wide", layer.wide, state)
        torch.ops.aten.gelu.out(wide, out=wide)
        changed = linear("narrow", layer.narrow, wide).add_(state)
        return torch.layer_norm(changed, (self.hidden,), *layer.norm, self.epsilon)

    def _attend(self, qkv: "Tensor", runs: list[tuple[int, int]], out: "Tensor") -> None:
        import torch
        from torch.nn.functional import scaled_dot_product_attention

        width, at = self.hidden // self.heads, 0
        for length, count in runs:
            rows = slice(at, at + length * count)
            parts = qkv[rows].view(count, length, 3, self.heads, width).permute(2, 0, 3, 1, 4)
            query, key, value = parts[0], parts[1], parts[2]
            if length <= _SHORT:
                found = torch.matmul(torch.matmul(query, key.transpose(2, 3)).softmax(-1), value)
            else:
                found = scaled_dot_product_attention(query, key, value, scale=1.0)
            out[rows].view(count, length, self.heads, width).copy_(found.transpose(1, 2))
            at += length * count


def _read_tensors(inspected: ModelFolder) -> "dict[str, Tensor]":
    from safetensors.torch import load_file

    tensors: dict[str, Tensor] = {}
    for path in sorted(inspected.network.glob("model*.safetensors")):
        tensors |= load_file(path)
    marker = "embeddings.word_embeddings.weight"
    prefix = next(name.removesuffix(marker) for name in tensors if name.endswith(marker))
    return {name.removeprefix(prefix): each.float() for name, each in tensors.items() if name.startswith(prefix)}
