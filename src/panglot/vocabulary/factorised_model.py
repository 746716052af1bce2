"""Components `vocabulary.factorise` and `vocabulary.materialise`: a model's embeddings as two small matrices, and back."""

import shutil
from pathlib import Path
from typing import Annotated

from pydantic import Field

from panglot.artifacts import Artifact, InputError, Step
from panglot.models.folder import WEIGHTS_FILE, inspect_folder
from panglot.models.model import MODEL_FOLDER, Model, open_model
from panglot.vocabulary.factorised import FACTS_FILE, factorise, facts, materialise, save

_WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".onnx")
_INDEX = f"{WEIGHTS_FILE}.index.json"


class FactorisedModel(Artifact):
    """A step folder whose `model/` holds factorised embeddings: `panglot.vocabulary.factorised.load(….path)` loads it.

    It is no `Model`, since `AutoModel` cannot load it; `vocabulary.materialise` makes one of it.
    """

    @property
    def path(self) -> Path:
        """The folder with `factorised.safetensors`, the configuration and the tokenizer."""
        return inspect_folder(self.folder / MODEL_FOLDER).network

    @property
    def name(self) -> str:
        """The name that tables show."""
        return str(facts(self.path).get("name") or self.folder.name)


def factorise_model(*, model: Model, dimension: Annotated[int, Field(ge=1)], step: Step) -> FactorisedModel:
    """Make a model's embeddings low-rank: E ≈ F P with coordinates F `[tokens, d]` and primitives P `[d, D]` (OFA).

    Args:
        model: any model that transformers knows.
        dimension: d; the paper has 100, 200 and 400. Fewer coordinates are fewer parameters and a larger error.
        step: where to write.

    Returns:
        A model that Panglot loads and trains. Figures: the parameters before and after, and the share of the squared norm of
        the embeddings that is kept.

    Raises:
        InputError: the dimension is larger than the model's width, or the model's embeddings are of an unknown kind.
    """
    import torch
    import transformers

    inspected = inspect_folder(model.path)
    names = inspected.config.get("architectures") or []
    kind = getattr(transformers, str(names[0]), None) if names else transformers.AutoModel
    if kind is None or not hasattr(kind, "from_pretrained"):
        raise InputError(f"transformers knows no model class {names[0]!r}", where=inspected.network / "config.json")
    loaded = kind.from_pretrained(inspected.network, dtype="auto", local_files_only=True)
    with torch.no_grad():
        before, whole = _parameters(loaded), float(loaded.get_input_embeddings().weight.double().square().sum())
        factorise(loaded, dimension)
        embedding = loaded.get_input_embeddings()
        kept = float(embedding.primitives.double().square().sum())
    folder = step.out / MODEL_FOLDER
    _copy_without_weights(inspected.folder, folder, inspected.network)
    save(loaded, folder / inspected.network.relative_to(inspected.folder), name=f"{model.name}+factorised-{dimension}")
    step.figures.update(
        dimension=dimension,
        parameters_before=before,
        parameters=_parameters(loaded),
        embedding_parameters=embedding.coordinates.numel() + embedding.primitives.numel(),
        energy_kept=round(kept / whole, 6) if whole else 1.0,
    )
    return FactorisedModel(step.out)


def materialise_model(*, model: FactorisedModel, step: Step) -> Model:
    """Multiply the factors out: the plain model that `AutoModel.from_pretrained` loads without Panglot.

    Args:
        model: what `vocabulary.factorise` gave.
        step: where to write.
    """
    source, network = model.folder / MODEL_FOLDER, model.path
    folder = step.out / MODEL_FOLDER
    _copy_without_weights(source, folder, network)
    place = folder / network.relative_to(source)
    (place / FACTS_FILE).unlink()
    materialise(network, place)
    step.figures["parameters"] = inspect_folder(folder).parameters
    return open_model(step.out, name=model.name)


def _parameters(model: object) -> int:
    return sum(each.numel() for each in model.parameters())  # type: ignore[attr-defined]


def _copy_without_weights(source: Path, target: Path, network: Path) -> None:
    """All files but the network's weights; modules of their own (a dense layer behind the network) keep theirs."""
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if not path.is_file() or any(part.startswith(".") for part in relative.parts):
            continue
        if path.parent == network and (path.suffix in _WEIGHTS or path.name == _INDEX):
            continue
        if relative.parts[0] in ("onnx", "openvino"):
            continue
        (target / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / relative)
