"""Component `training.language_model`: go on training a language model on text."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from panglot.artifacts import InputError, Step
from panglot.corpus.documents import Documents
from panglot.models.folder import inspect_folder
from panglot.models.model import MODEL_FOLDER, Model, write_model
from panglot.models.quiet import without_progress_bars
from panglot.objectives.objective import Objective

if TYPE_CHECKING:
    from panglot.objectives.opening import Opened

_BYTES_A_TOKEN = 4
_NOT_COPIED = (".safetensors", ".bin", ".pt", ".pth", ".pkl", ".ckpt", ".h5", ".msgpack", ".onnx", ".gguf", ".md")


class Training(BaseModel):
    """How a language model is trained.

    Attributes:
        steps: optimizer steps.
        batch_bytes: UTF-8 bytes of text in a step (not tokens, so that models with different tokenizers see the same text).
        sequence_length: most tokens in a row; less where the model's own limit is lower.
        learning_rate: of AdamW, at its highest.
        warmup_share: share of the steps in which the rate first rises from zero.
        schedule: how it falls then, to zero; or constant.
        weight_decay: of AdamW.
        trainable: all weights, or only the rows of the embeddings and of the head (Artetxe et al. 2020 learn a new
            language's embeddings so).
        precision: auto takes bf16 where the device computes in it, else fp32. Weights and optimizer are fp32 always.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    steps: Annotated[int, Field(ge=1)] = 100
    batch_bytes: Annotated[int, Field(ge=64)] = 16384
    sequence_length: Annotated[int, Field(ge=8)] = 256
    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    warmup_share: Annotated[float, Field(ge=0, lt=1)] = 0.1
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    trainable: Literal["all", "embeddings"] = "all"
    precision: Literal["auto", "bf16", "fp32"] = "auto"


def language_model(
    *,
    model: Model,
    text: Documents,
    objective: Objective | None = None,
    steps: Annotated[int, Field(ge=1)] = 100,
    batch_bytes: Annotated[int, Field(ge=64)] = 16384,
    sequence_length: Annotated[int, Field(ge=8)] = 256,
    learning_rate: Annotated[float, Field(gt=0)] = 1e-4,
    warmup_share: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    schedule: Literal["linear", "cosine", "constant"] = "linear",
    weight_decay: Annotated[float, Field(ge=0)] = 0.01,
    trainable: Literal["all", "embeddings"] = "all",
    precision: Literal["auto", "bf16", "fp32"] = "auto",
    step: Step,
) -> Model:
    """Go on training a language model on text.

    AdamW (Loshchilov and Hutter 2019), gradients clipped to a norm of 1. Steps hold equal amounts of text in bytes, in an
    order that depends on the seed alone, so that two models with different tokenizers see the same text in the same steps.
    A row holds text of one document only. Logits are computed where something is predicted, in pieces.

    Equal inputs, seed, versions and number of threads give equal bytes, on a processor.

    Args:
        model: the model to start from. A bare encoder gets a new head for predicting tokens.
        text: documents to learn from; languages are mixed as they are there.
        objective: `clm` (continue text), `mlm` (predict hidden tokens), or one with parameters; by default what the model was
            made for.
        steps: optimizer steps.
        batch_bytes: UTF-8 bytes of text in a step.
        sequence_length: most tokens in a row; less where the model's own limit is lower.
        learning_rate: of AdamW, at its highest.
        warmup_share: share of the steps in which the rate first rises from zero.
        schedule: how it falls then, to zero; or constant.
        weight_decay: of AdamW; biases and norms have none.
        trainable: all weights, or only the rows of the embeddings and of the head.
        precision: auto takes bf16 where the device computes in it, else fp32. Weights and optimizer are fp32 always.
        step: the step to write in.

    Returns:
        The model: `model/`, which `AutoModelForCausalLM` or `AutoModelForMaskedLM` loads, and `curve.json`.

    Raises:
        InputError: there is no text, or the objective does not fit the model.
        PanglotError: the loss stopped being finite, or memory is too small for one row.
    """
    from panglot.objectives.opening import open_language_model
    from panglot.training.seeding import seeded

    training = Training(
        steps=steps,
        batch_bytes=batch_bytes,
        sequence_length=sequence_length,
        learning_rate=learning_rate,
        warmup_share=warmup_share,
        schedule=schedule,
        weight_decay=weight_decay,
        trainable=trainable,
        precision=precision,
    )
    with seeded(step.seed):
        opened = open_language_model(model, objective, longest=sequence_length)
        if opened.fresh:
            step.note(f"{model.name} has no head for predicting tokens: a new one was drawn at random and trained with it.")
        train(opened, text, training, step)
    return save_language_model(opened, step, name=f"{model.name}+{opened.objective.objective}")


def train(
    opened: "Opened",
    text: Documents,
    training: Training,
    step: Step,
    *,
    measure: Callable[[int], None] | None = None,
    measure_after: Sequence[int] = (),
) -> None:
    """Train an opened model in place; write `curve.json` and figures into the step.

    Args:
        opened: the model.
        text: documents to learn from.
        training: how.
        step: the step to write in.
        measure: called with the number of steps done.
        measure_after: after which steps.
    """
    from panglot.training.language_trainer import LanguageBatches, LanguageTrainer, Measuring, language_arguments
    from panglot.training.progress import StepProgress
    from panglot.training.text_stream import text_in_steps

    with step.progress("ordering text"):
        batches = text_in_steps(
            text,
            steps=training.steps,
            step_bytes=training.batch_bytes,
            longest=min(_BYTES_A_TOKEN * training.sequence_length, training.batch_bytes),
            seed=step.seed,
            folder=step.scratch,
        )
    for sentence in batches.notes():
        step.note(sentence)
    _freeze(opened, training.trainable)
    precision = _precision(training.precision)
    scratch = step.out / ".trainer"
    scratch.mkdir()
    try:
        trainer = LanguageTrainer(
            opened,
            LanguageBatches(opened, batches, seed=step.seed),
            precision=precision,
            args=language_arguments(
                scratch,
                steps=training.steps,
                learning_rate=training.learning_rate,
                schedule=training.schedule,
                warmup_share=training.warmup_share,
                weight_decay=training.weight_decay,
                seed=step.seed,
            ),
        )
        with step.progress("training", total=training.steps) as progress:
            trainer.add_callback(StepProgress(progress))
            if measure is not None:
                trainer.add_callback(Measuring(measure, measure_after))
            trainer.train()
    finally:
        shutil.rmtree(scratch)
    if trainer.shrunk:
        step.note(
            f"Memory was too small for a whole batch: at most {trainer.tokens_at_a_time} tokens went through the model at a "
            "time; the batches are as asked."
        )
    curve = trainer.curve
    (step.out / "curve.json").write_text(json.dumps(curve, indent=1) + "\n", encoding="utf-8")
    step.figures.update(
        {
            "steps": len(curve),
            "bytes": batches.figures()["bytes"],
            "tokens": sum(int(each["tokens"]) for each in curve),
            "objective": opened.objective.objective,
            "precision": precision,
            "device": str(trainer.args.device),
            "loss_first": curve[0]["loss"],
            "loss_last": curve[-1]["loss"],
            "parameters_trained": sum(each.numel() for each in opened.network.parameters() if each.requires_grad),
        }
    )


def save_language_model(opened: "Opened", step: Step, *, name: str) -> Model:
    """Save a trained model into `step.out/model`, the tokenizer's files byte for byte as they were.

    Args:
        opened: the model.
        step: the step that trained it.
        name: what tables show.
    """
    folder = step.out / MODEL_FOLDER
    for each in opened.network.parameters():
        each.requires_grad = True
    with without_progress_bars():
        network: Any = opened.network.to("cpu")
        network.save_pretrained(str(folder), safe_serialization=True)
    _copy_tokenizer(opened.folder, folder)
    return write_model(step.out, name=name, source="step", inspected=inspect_folder(folder))


def _copy_tokenizer(source: Path, target: Path) -> None:
    """Whatever lies beside the weights, but weights, cards and what describes a sentence encoder that this no longer is."""
    for each in sorted(source.iterdir()):
        skipped = each.suffix in _NOT_COPIED or each.name.startswith(".") or each.name.endswith(".index.json")
        if each.is_file() and not skipped and not each.name.startswith(("modules.json", "config_sentence", "sentence_")):
            if (target / each.name).exists():
                continue
            shutil.copyfile(each, target / each.name)


def _freeze(opened: "Opened", trainable: str) -> None:
    network: Any = opened.network
    if trainable == "all":
        return
    found = [network.get_input_embeddings(), network.get_output_embeddings()]
    kept = {id(each) for module in found if module is not None for each in module.parameters()}
    if not kept:
        raise InputError("the model has no embeddings that could be trained alone", where=opened.folder)
    for each in network.parameters():
        each.requires_grad = id(each) in kept


def _precision(asked: str) -> Literal["bf16", "fp32"]:
    from panglot.models.precision import best_device, best_precision

    if asked == "auto":
        return best_precision(best_device())
    return "bf16" if asked == "bf16" else "fp32"
