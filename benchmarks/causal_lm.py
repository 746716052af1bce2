"""Causal training with 128,256 tokens by Panglot's trainer and by the usual script: tokens a second, memory, loss.

    python benchmarks/causal_lm.py [--width 512] [--layers 4] [--rows 8] [--length 256] [--precision fp32] [--repeats 2]

The model is a Llama with random weights and a tied head. The text is that of Django's catalogues as e5-small's tokenizer cuts
it, ids taken modulo the vocabulary (what the ids are does not change the work). Both sides get the same rows. Peak memory is
that of the whole process (VmHWM), Python and torch included.
"""

import argparse
import tempfile
from pathlib import Path

import torch
from language_model_sides import blocks, catalogue_text, conclude, run_sides, save_batches

VOCABULARY = 128_256


def prepare(folder: Path, given: argparse.Namespace) -> None:
    """Write the model and the batches."""
    import transformers

    from panglot.models.embedded import embedded_folder
    from panglot.models.tiny import write_tiny

    torch.manual_seed(17)
    write_tiny("tiny:llama", folder / "model")
    heads = given.width // 64
    sizes: dict[str, int] = {
        "vocab_size": VOCABULARY,
        "hidden_size": given.width,
        "num_hidden_layers": given.layers,
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "intermediate_size": given.width * 8 // 3,
        "max_position_embeddings": 2048,
    }
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes, tie_word_embeddings=True))
    model.save_pretrained(folder / "model")
    tokenizer = transformers.AutoTokenizer.from_pretrained(embedded_folder("embedded:e5-small"))
    ids = [[each % VOCABULARY for each in row] for row in tokenizer(catalogue_text()[:20000])["input_ids"]]
    made = torch.tensor(blocks(ids, given.length, given.rows * given.steps)).view(given.steps, given.rows, given.length)
    save_batches(
        folder, [{"input_ids": each, "labels": each.clone(), "attention_mask": torch.ones_like(each)} for each in made.unbind()]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        prepare(Path(place), given)
        sides = run_sides(
            Path(place), loader="AutoModelForCausalLM", steps=given.steps, precision=given.precision, repeats=given.repeats
        )
    conclude("causal_lm", sides, **{name: vars(given)[name] for name in ("width", "layers", "rows", "length", "precision")})


if __name__ == "__main__":
    main()
