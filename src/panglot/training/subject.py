"""The model that a plan is about: one that exists, or a shape with a tokenizer or only a number of tokens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from panglot.artifacts import InputError, Progress, did_you_mean, step_folder
from panglot.training.families import FAMILIES, family_of
from panglot.training.planned_model import PlannedModel, planned_model, planned_shape
from panglot.training.shape import Shape, shape_of
from panglot.training.size import parse_size
from panglot.vocabulary.tokenizer import TOKENIZER_FOLDER, Tokenizer

if TYPE_CHECKING:
    from panglot.models.model import Model
    from panglot.objectives.opening import Opened

_KINDS = ("encoder", "decoder", "seq2seq")
_SPECIALS = ("<pad>", "<s>", "</s>", "<unk>", "<mask>")


@dataclass(frozen=True)
class Subject:
    """What is planned.

    Attributes:
        planned: the facts.
        model: the model that exists; None for a new one.
        shape: of the new model; None for one that exists.
        tokenizer: of the new model; None where only the number of its tokens is known.
    """

    planned: PlannedModel
    model: "Model | None" = None
    shape: Shape | None = None
    tokenizer: Tokenizer | None = None

    @property
    def made_up(self) -> bool:
        """Whether there is no tokenizer yet."""
        return self.model is None and self.tokenizer is None

    @classmethod
    def of(
        cls,
        model: str | None,
        architecture: str | None,
        size: str | None,
        tokenizer: str | None,
        vocabulary: int | None,
        *,
        place: Path,
        seed: int,
        progress: Callable[[str], Progress],
    ) -> "Subject":
        """What a person means.

        Args:
            model: a name as `models.load` takes it; or
            architecture: a kind or a family; a decoder where nothing is said.
            size: of the new model.
            tokenizer: a name as `vocabulary.load` takes it; or
            vocabulary: only the number of tokens.
            place: a folder to load into.
            seed: of what is drawn.
            progress: what to report to.

        Raises:
            InputError: too little is said, or too much, or something that is not known.
        """
        from panglot.models.load import load as load_model
        from panglot.models.model import Model
        from panglot.vocabulary.load import load as load_tokenizer

        if model is not None:
            if architecture or size or tokenizer or vocabulary:
                raise InputError("a model that exists has its own architecture, size and tokenizer", where="--model")
            with progress(f"loading {model}"), step_folder(place / "model", seed=seed) as step:
                load_model(name=model, step=step)
            found = Model.open(place / "model")
            return cls(planned_model(found), model=found)
        if size is None:
            raise InputError("it is not said which model to plan", fix="give --model NAME, or --size 6M with --vocabulary 8000")
        if (tokenizer is None) == (vocabulary is None):
            raise InputError(
                "a new model needs a tokenizer or the number of its tokens", fix="give --tokenizer or --vocabulary"
            )
        cut = None
        if tokenizer is not None:
            with progress(f"loading {tokenizer}"), step_folder(place / "tokenizer", seed=seed) as step:
                load_tokenizer(name=tokenizer, step=step)
            cut = Tokenizer.open(place / "tokenizer")
        tokens = cut.vocabulary.size if cut else vocabulary or 0
        if tokens <= len(_SPECIALS):
            raise InputError(f"a vocabulary of {tokens} tokens has no room for text", where="--vocabulary")
        shape = shape_of(_family(architecture or "decoder"), tokens, size=parse_size(size))
        return cls(planned_shape(shape), shape=shape, tokenizer=cut)

    def ids(self) -> Callable[[list[str]], Sequence[Sequence[int]]] | None:
        """Texts to ids without special tokens; None where there is no tokenizer."""
        import transformers

        folder = self.model.path if self.model else self.tokenizer.path if self.tokenizer else None
        if folder is None:
            return None
        if self.model is not None:
            from panglot.models.folder import inspect_folder

            folder = inspect_folder(folder).network
        loaded = transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)

        def ids(texts: list[str]) -> Sequence[Sequence[int]]:
            found: list[list[int]] = loaded(texts, add_special_tokens=False, verbose=False)["input_ids"] if texts else []
            return found

        return ids

    def opened(self, place: Path, row: int, seed: int) -> "Opened":
        """The network and what its trainer needs; a new one is made first.

        Args:
            place: a folder to write in.
            row: most tokens in a row.
            seed: of the weights.
        """
        from panglot.models.model import Model
        from panglot.objectives.opening import open_language_model
        from panglot.training.new_model import new_model
        from panglot.training.seeding import seeded

        model = self.model
        if model is None:
            assert self.shape is not None
            shape, free = self.shape, bool(FAMILIES[self.shape.family].feed_forward)
            architecture: Any = shape.family
            with step_folder(place / "new", seed=seed) as step:
                new_model(
                    tokenizer=self.tokenizer or _numbered(shape.vocabulary, place / "numbers"),
                    architecture=architecture,
                    layers=shape.layers,
                    width=shape.width,
                    heads=shape.heads,
                    feed_forward=shape.feed_forward if free else None,
                    tied=shape.tied,
                    positions=shape.positions,
                    step=step,
                )
            model = Model.open(place / "new")
        with seeded(seed):
            return open_language_model(model, None, longest=row)


def _family(name: str) -> str:
    if name not in _KINDS and name not in FAMILIES:
        known = [*_KINDS, *FAMILIES]
        fix = did_you_mean(name, known) or f"there are {', '.join(known)}"
        raise InputError(f"no architecture is called {name!r}", where="--architecture", fix=fix)
    return family_of(name)


def _numbered(tokens: int, place: Path) -> Tokenizer:
    """A tokenizer of that many tokens, whose words are numbers: the speed of a model does not hang on what they are."""
    from tokenizers import Tokenizer as Backend
    from tokenizers import models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    pieces = [*_SPECIALS, *map(str, range(tokens - len(_SPECIALS)))]
    names = dict(zip(("pad_token", "bos_token", "eos_token", "unk_token", "mask_token"), _SPECIALS, strict=True))
    backend = Backend(models.WordPiece(vocab={each: at for at, each in enumerate(pieces)}, unk_token=names["unk_token"]))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    with step_folder(place) as step:
        PreTrainedTokenizerFast(tokenizer_object=backend, **names).save_pretrained(step.out / TOKENIZER_FOLDER)
    return Tokenizer.open(place)
