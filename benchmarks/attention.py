"""Attention of a training in bf16 on a processor: torch's fused kernel, and plain products of matrices.

    python benchmarks/attention.py [--threads 1] [--repeats 10]

Forward and backward of rows of one length, with a causal mask as transformers gives it; milliseconds, the median of the
repeats. `products` is what transformers calls eager. The last line is JSON: the ratio of the shapes with 256 tokens in bf16.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

SHAPES = ((16, 4, 128, 64), (8, 4, 256, 64), (8, 12, 256, 64), (4, 12, 512, 64))


def fused(query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
    return torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)


def products(query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
    weights = query @ key.transpose(2, 3) * query.shape[-1] ** -0.5 + bias
    return torch.softmax(weights, dim=-1, dtype=torch.float32).to(query.dtype) @ value


def milliseconds(attend: Callable[..., Tensor], given: list[Tensor], bias: Tensor, repeats: int) -> float:
    found = []
    for _ in range(repeats + 2):
        began = time.perf_counter()
        attend(*given, bias).sum().backward()  # type: ignore[no-untyped-call]
        found.append((time.perf_counter() - began) * 1e3)
    return statistics.median(found[2:])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=10)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    ratios = {}
    print(f"{'precision':10} {'rows × heads × tokens × width':>30} {'fused':>8} {'products':>9} {'ratio':>6}")
    for precision, dtype in (("bf16", torch.bfloat16), ("fp32", torch.float32)):
        for rows, heads, length, width in SHAPES:
            torch.manual_seed(17)
            given = [torch.randn(rows, heads, length, width, dtype=dtype, requires_grad=True) for _ in range(3)]
            hidden = torch.ones(length, length, dtype=torch.bool).triu(1)
            bias = torch.zeros(rows, 1, length, length, dtype=dtype).masked_fill(hidden, torch.finfo(dtype).min)
            one, other = (milliseconds(each, given, bias, asked.repeats) for each in (fused, products))
            shape = f"{rows} × {heads} × {length} × {width}"
            ratios[f"{precision} {shape}"] = round(one / other, 2)
            print(f"{precision:10} {shape:>30} {one:8.1f} {other:9.1f} {one / other:6.2f}", flush=True)
    chosen = [ratio for name, ratio in ratios.items() if name.startswith("bf16") and "× 256 ×" in name]
    print(
        json.dumps({"benchmark": "attention", "unit": "ms", "ratio": min(chosen), "ratios": ratios, "threads": asked.threads})
    )


if __name__ == "__main__":
    main()
