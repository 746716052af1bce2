"""Save what a training step made, so that equal runs give equal bytes."""

from typing import TYPE_CHECKING, Any

from panglot.artifacts import Step
from panglot.models.folder import inspect_folder
from panglot.models.model import MODEL_FOLDER, Model, write_model
from panglot.models.quiet import without_progress_bars

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def save_sentence_transformer(model: "SentenceTransformer", step: Step, *, name: str, **more: Any) -> Model:
    """Save a sentence encoder into `step.out/model`, with `model.json` beside it.

    Two things that would differ between equal runs are left out: the model card of sentence-transformers, which carries the
    date, and the padding that the tokenizer happened to use last.

    Args:
        model: a `SentenceTransformer`.
        step: the step that trained it.
        name: what tables show, for example `embedded:e5-small+contrastive`.
        more: further entries of `model.json`.
    """
    folder = step.out / MODEL_FOLDER
    backend = getattr(model.tokenizer, "backend_tokenizer", None)
    if backend is not None:
        backend.no_padding()
        backend.no_truncation()
    with without_progress_bars():
        model.save(str(folder), create_model_card=False, safe_serialization=True)
    return write_model(step.out, name=name, source="step", inspected=inspect_folder(folder), **more)
