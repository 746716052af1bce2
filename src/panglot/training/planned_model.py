"""What planning must know of a model: how many parameters compute, and how to build it without its weights."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from panglot.artifacts import InputError

if TYPE_CHECKING:
    from panglot.models.model import Model
    from panglot.training.shape import Shape

_LOADERS = {"encoder": "AutoModelForMaskedLM", "decoder": "AutoModelForCausalLM", "seq2seq": "AutoModelForSeq2SeqLM"}


@dataclass(frozen=True)
class PlannedModel:
    """A model that is to be trained.

    Attributes:
        name: what tables show.
        kind: encoder, decoder or seq2seq.
        build: makes the network; to be called where tensors hold no data.
        parameters: all, shared ones once.
        body: parameters that multiply every token, the head left out; of experts only those that a token goes to.
        head: parameters that multiply each predicted token.
        vocabulary: rows of the embeddings.
        layers: of both sides together.
        width: of hidden states.
        positions: longest row; None where there is no limit.
    """

    name: str
    kind: Literal["encoder", "decoder", "seq2seq"]
    build: Callable[[], Any]
    parameters: int
    body: int
    head: int
    vocabulary: int
    layers: int
    width: int
    positions: int | None

    def operations(self, row: int, labelled: float = 1.0) -> float:
        """Floating-point operations of training on a token: 6 · (body + labelled · head) + 12 · layers · width · row.

        Two for each parameter on the way forward and four on the way back (Kaplan et al. 2020,
        https://arxiv.org/abs/2001.08361), and attention over a whole row (Chowdhery et al. 2022,
        https://arxiv.org/abs/2204.02311). The head counts where something is predicted only.

        Args:
            row: tokens in a row.
            labelled: share of the tokens that are predicted.
        """
        return 6 * (self.body + labelled * self.head) + 12 * self.layers * self.width * row


def planned_shape(shape: "Shape") -> PlannedModel:
    """A new model of a shape."""
    import transformers

    from panglot.training.families import FAMILIES, Special, configuration

    def build() -> Any:
        config = configuration(
            shape.family,
            vocabulary=shape.vocabulary,
            layers=shape.layers,
            width=shape.width,
            heads=shape.heads,
            feed_forward=shape.feed_forward,
            tied=shape.tied,
            positions=shape.positions,
            special=Special(0, 1, 2, 1, 2),
        )
        return getattr(transformers, FAMILIES[shape.family].model)(config)

    return _planned(f"new {shape.family}", FAMILIES[shape.family].kind, build)


def planned_model(model: "Model") -> PlannedModel:
    """An existing model, as its folder describes it.

    Raises:
        InputError: transformers does not know its architecture.
    """
    import transformers

    from panglot.models.folder import inspect_folder

    folder = inspect_folder(model.path)
    kind: Literal["encoder", "decoder", "seq2seq"] = (
        "seq2seq" if folder.is_encoder_decoder else "decoder" if folder.generates else "encoder"
    )

    def build() -> Any:
        config = transformers.AutoConfig.from_pretrained(str(folder.network), local_files_only=True)
        try:
            return getattr(transformers, _LOADERS[kind]).from_config(config)
        except ValueError:
            what = folder.config.get("model_type")
            raise InputError(f"transformers has no {_LOADERS[kind]} for {model.name} ({what})", where=folder.network) from None

    return _planned(model.name, kind, build)


def _planned(name: str, kind: Literal["encoder", "decoder", "seq2seq"], build: Callable[[], Any]) -> PlannedModel:
    import torch

    with torch.device("meta"):
        network = build()
    config = network.config.get_text_config()
    rows, output = network.get_input_embeddings(), network.get_output_embeddings()
    # looked up, not multiplied
    tables = {id(each.weight): each.weight.numel() for each in network.modules() if isinstance(each, torch.nn.Embedding)}
    head = 0 if output is None else output.weight.numel()
    tied = output is not None and output.weight is rows.weight
    count = sum(each.numel() for each in network.parameters())
    experts = sum(each.numel() for key, each in network.named_parameters() if ".experts." in key)
    of = getattr(config, "num_local_experts", None) or getattr(config, "num_experts", None)
    asleep = round(experts * (1 - config.num_experts_per_tok / of)) if experts and of else 0
    layers = int(config.num_hidden_layers)
    if kind == "seq2seq":
        layers += int(getattr(config, "num_decoder_layers", None) or getattr(config, "decoder_layers", None) or layers)
    positions = getattr(config, "max_position_embeddings", None)
    return PlannedModel(
        name=name,
        kind=kind,
        build=build,
        parameters=count,
        body=count - sum(tables.values()) - (0 if tied else head) - asleep,
        head=head,
        vocabulary=int(rows.weight.shape[0]),
        layers=layers,
        width=int(config.hidden_size),
        positions=int(positions) if isinstance(positions, int) and positions > 0 else None,
    )
