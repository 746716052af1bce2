"""Bring the sentence vectors of translations together: contrastive fine-tuning of an encoder on translation pairs."""

import json
import math
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from panglot.artifacts import InputError, Step
from panglot.corpus.pairs import Pairs
from panglot.models.model import Model
from panglot.models.quiet import without_progress_bars
from panglot.models.save import save_sentence_transformer

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from panglot.alignment.batches import Retained

# on a processor padding costs time; a GPU is quicker with everything at once
_TEXTS_AT_A_TIME = {"cpu": 8}


def contrastive(
    *,
    model: Model,
    pairs: Pairs,
    retain: Pairs | None = None,
    epochs: Annotated[int, Field(ge=1)] = 5,
    batch_size: Annotated[int, Field(ge=2)] = 32,
    learning_rate: Annotated[float, Field(gt=0)] = 1e-4,
    temperature: Annotated[float, Field(gt=0)] = 0.05,
    warmup_share: Annotated[float, Field(ge=0, lt=1)] = 0.0,
    dropout: bool = True,
    retention_weight: Annotated[float, Field(ge=0)] = 1.0,
    retained_a_step: Annotated[int, Field(ge=1)] = 8,
    cached_batch: Annotated[int, Field(ge=1)] | None = None,
    max_tokens: Annotated[int, Field(ge=8)] = 128,
    precision: Literal["auto", "bf16", "fp32"] = "auto",
    step: Step,
) -> Model:
    """Fine-tune an encoder so that translations of each other lie together and all else in the batch lies apart.

    The loss is InfoNCE in both directions with in-batch negatives (formula and papers: `panglot.alignment.info_nce`). All
    weights learn, with AdamW without weight decay and a rate that falls linearly to zero; of the word embeddings only the rows
    that occur in the data (`panglot.training.compact_embeddings`: the result is the same). Two pairs of a batch that share a
    text are not each other's negatives. Texts get the model's own default prompt, as they do when it is used.

    With `retain`, each step also holds a few texts of languages that the model knows, on both sides of their pairs, to
    the vectors that the model gave them before training.

    Equal inputs, seed, versions and number of threads give equal bytes, on a processor.

    Args:
        model: the encoder to start from.
        pairs: translations to learn from, one or more languages with one pivot.
        retain: pairs of languages whose vectors must stay where they are.
        epochs: passes over the pairs.
        batch_size: pairs in a batch: each has batch_size - 1 negatives in each direction.
        learning_rate: of AdamW, at its highest.
        temperature: cosines are divided by this; smaller makes near misses weigh more.
        warmup_share: share of the steps in which the rate first rises from zero.
        dropout: encode the pairs with the model's own dropout.
        retention_weight: weight of the retained texts beside the pairs.
        retained_a_step: how many retained texts each step looks at.
        cached_batch: encode this many texts at a time and keep no more in memory (GradCache), for large batches; costs one more
            forward pass. Switched on by itself when memory is too small.
        max_tokens: longer texts are cut here in training; the model keeps its own limit.
        precision: auto takes bf16 where the device computes in it, else fp32. Weights and optimizer are fp32 always.
        step: the step to write in.

    Returns:
        The model: `model/` in the layout of sentence-transformers and transformers, and `curve.json`.

    Raises:
        InputError: fewer than two pairs, or more than one pivot language.
        PanglotError: the loss stopped being finite, or memory is too small for one text.
    """
    sources, targets = _texts(pairs, step)
    if len(sources) < batch_size:
        step.note(f"The {len(sources)} pairs are fewer than a batch of {batch_size}: the batch was made that small.")
        batch_size = len(sources)

    # heavy libraries, imported here so that plans and reruns without work stay quick
    from panglot.alignment.batches import PairCollator, pair_dataset
    from panglot.alignment.info_nce import SymmetricInfoNCE
    from panglot.training.compact_embeddings import compact_embeddings, why_not_compact
    from panglot.training.seeding import seeded

    with ExitStack() as stack:
        stack.enter_context(seeded(step.seed))
        encoder = _loaded(model.path)
        prompt = encoder.prompts.get(encoder.default_prompt_name or "") or None
        own_limit = encoder.max_seq_length
        encoder.max_seq_length = min(max_tokens, own_limit or max_tokens)
        retained = _retained(encoder, retain, retained_a_step, step) if retain is not None and retention_weight > 0 else None
        ids = _token_ids(encoder, [*sources, *targets, *(retained.texts if retained else ())], prompt, step)
        body = _body(encoder)
        refused = why_not_compact(body)
        if refused:
            step.note(f"All word embeddings were trained, which takes more memory: {refused}.")
        else:
            step.figures["embedding_rows_trained"] = stack.enter_context(compact_embeddings(body, ids))
        loss = SymmetricInfoNCE(
            encoder,
            temperature=temperature,
            retention_weight=retention_weight,
            texts_at_a_time=cached_batch or _TEXTS_AT_A_TIME.get(encoder.device.type),
            recompute=cached_batch is not None,
            dropout=dropout,
        )
        rows = pair_dataset(sources, targets)
        settings = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate, "warmup_share": warmup_share}
        _train(loss, rows, PairCollator(encoder.preprocess, prompts=prompt, retained=retained), settings, precision, step)
    encoder.max_seq_length = own_limit
    return save_sentence_transformer(encoder.to("cpu"), step, name=f"{model.name}+contrastive")


def _texts(pairs: Pairs, step: Step) -> tuple[list[str], list[str]]:
    """Sources and targets, checked."""
    table = pairs.table()
    sources, targets = table["source_text"].to_pylist(), table["target_text"].to_pylist()
    if len(sources) < 2:
        raise InputError(
            f"there are {len(sources)} pairs to learn from, and contrastive training needs two at least",
            where=pairs.folder,
            fix="give more pairs, or loosen the cleaning",
        )
    pivots = sorted(set(table["target_language"].to_pylist()))
    if len(pivots) > 1:
        raise InputError(
            f"the pairs have several pivot languages: {', '.join(pivots)}",
            where=pairs.folder,
            fix="give pairs with one target language",
        )
    if len(pairs.languages) > 1:
        counts = ", ".join(f"{language} {count}" for language, count in sorted(pairs.counts.items()))
        step.note(
            f"A batch mixes languages in proportion to their pairs ({counts}); pairs of another language are negatives too."
        )
    step.figures["pairs"] = len(sources)
    return sources, targets


def _loaded(folder: Path) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer

    with without_progress_bars():
        # half-precision weights are widened: small updates would be lost in them
        return SentenceTransformer(str(folder), local_files_only=True, model_kwargs={"dtype": "float32"})


def _body(encoder: "SentenceTransformer") -> Any:
    """The transformers model inside, or the whole where there is none."""
    from transformers import PreTrainedModel

    return next((each for each in encoder.modules() if isinstance(each, PreTrainedModel)), encoder)


def _retained(encoder: "SentenceTransformer", retain: Pairs, a_step: int, step: Step) -> "Retained | None":
    """The texts of both sides with their vectors before training."""
    from panglot.alignment.batches import Retained

    table = retain.table()
    texts = sorted({*table["source_text"].to_pylist(), *table["target_text"].to_pylist()})
    step.figures["retained_texts"] = len(texts)
    if not texts:
        step.note("There was no text to retain, so nothing held the other languages.")
        return None
    vectors = encoder.encode(texts, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True)
    return Retained(texts, vectors.astype("float32"), a_step, step.seed)


def _token_ids(encoder: "SentenceTransformer", texts: Sequence[str], prompt: str | None, step: Step) -> set[int]:
    """Every token id that training can meet."""
    found: set[int] = set(getattr(encoder.tokenizer, "all_special_ids", ()))
    cut = 0
    for start in range(0, len(texts), 1024):
        batch = encoder.preprocess(list(texts[start : start + 1024]), prompt=prompt)
        found.update(batch["input_ids"].unique().tolist())
        cut += int((batch["attention_mask"].sum(dim=1) >= encoder.max_seq_length).sum())
    if cut:
        step.note(
            f"{cut} of {len(texts)} texts fill {encoder.max_seq_length} tokens; what goes beyond was not seen in training."
        )
    return found


def _train(loss: Any, rows: Any, collator: Any, settings: dict[str, Any], precision: str, step: Step) -> None:
    from panglot.training.progress import StepProgress
    from panglot.training.trainer import EmbeddingTrainer, training_arguments

    scratch = step.out / ".trainer"
    scratch.mkdir()
    chosen = _precision(precision)
    steps = math.ceil(len(rows) / settings["batch_size"]) * settings["epochs"]
    try:
        with step.progress("training", total=steps) as progress:
            trainer = EmbeddingTrainer(
                model=loss.model,
                args=training_arguments(scratch, precision=chosen, seed=step.seed, **settings),
                train_dataset=rows,
                data_collator=collator,
                loss=loss,
                callbacks=[StepProgress(progress)],
            )
            trainer.train()
    finally:
        shutil.rmtree(scratch)
    if trainer.texts_at_a_time is not None:
        step.note(
            f"Memory was too small for a whole batch: {trainer.texts_at_a_time} texts were encoded at a time, with the same "
            "negatives and gradient."
        )
    curve = trainer.curve
    (step.out / "curve.json").write_text(json.dumps(curve, indent=1) + "\n", encoding="utf-8")
    step.figures.update(
        {
            "steps": len(curve),
            "batch_size": settings["batch_size"],
            "tokens": sum(int(each["tokens"]) for each in curve),
            "precision": chosen,
            "device": str(trainer.args.device),
            "loss_first": curve[0]["loss"],
            "loss_last": curve[-1]["loss"],
            "parameters_trained": sum(each.numel() for each in loss.parameters() if each.requires_grad),
        }
    )


def _precision(asked: str) -> str:
    if asked != "auto":
        return asked
    from panglot.models.precision import best_device, best_precision

    return best_precision(best_device())
