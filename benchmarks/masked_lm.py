"""Masked-LM training of e5-small (250,037 tokens) by Panglot's trainer and by the usual script: tokens a second, memory, loss.

    python benchmarks/masked_lm.py [--rows 8] [--length 256] [--steps 5] [--precision fp32] [--repeats 2]

The text is that of Django's catalogues, grouped to rows of equal length and masked by DataCollatorForLanguageModeling; both
sides get the same batches, and their losses are compared step by step. Dropout is off, since the two would draw it differently.
Peak memory is that of the whole process (VmHWM), Python and torch included.
"""

import argparse
import tempfile
from pathlib import Path

import torch
from language_model_sides import blocks, catalogue_text, conclude, run_sides, save_batches


def prepare(folder: Path, rows: int, length: int, steps: int) -> None:
    """Write the model, with a new head, and the batches."""
    import transformers

    from panglot.models.embedded import embedded_folder

    source = embedded_folder("embedded:e5-small")
    torch.manual_seed(17)
    off = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    model = transformers.AutoModelForMaskedLM.from_pretrained(source, dtype=torch.float32, **off)
    model.save_pretrained(folder / "model")
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    tokenizer.save_pretrained(folder / "model")
    ids = tokenizer(catalogue_text()[:20000])["input_ids"]
    collate = transformers.DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15, seed=17)
    made = blocks(ids, length, rows * steps)
    batches = []
    for at in range(steps):
        batch = collate([{"input_ids": each} for each in made[at * rows : (at + 1) * rows]])
        found = {name: batch[name] for name in ("input_ids", "labels")}
        batches.append({**found, "attention_mask": torch.ones_like(found["input_ids"])})
    save_batches(folder, batches)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        prepare(Path(place), given.rows, given.length, given.steps)
        sides = run_sides(
            Path(place), loader="AutoModelForMaskedLM", steps=given.steps, precision=given.precision, repeats=given.repeats
        )
    conclude("masked_lm", sides, rows=given.rows, length=given.length, precision=given.precision)


if __name__ == "__main__":
    main()
