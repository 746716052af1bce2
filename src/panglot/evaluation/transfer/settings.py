"""How a model learns a task for the matrix, and which kinds of transfer are tried, as a recipe says it."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


class Finetune(BaseModel):
    """Fine-tune the whole network with a linear head on it.

    What is left out takes XTREME's recipe for the kind of task (Hu et al. 2020, https://arxiv.org/abs/2003.11080, as its
    scripts have it): rate 2e-5, 5 epochs and 128 tokens for classification; 10 epochs for tagging; 3e-5, 3 epochs, 384 tokens,
    stride 128 and 500 steps of warm-up for questions. Parsing, which XTREME has not, takes 5e-5, 10 epochs and 256 tokens, our
    choice. These rates are for networks of width 768 upwards. A narrower one takes (768 / width)² times as much, at most 16,
    also our choice: of 1,500 sentences of names in Swahili e5-small (width 384) learnt nothing in 3 epochs at 2e-5 (F1 0.000),
    0.342 at 8e-5 and 0.510 at 3e-4. With a thousand examples take more epochs or a higher rate still. XTREME keeps the
    checkpoint that is best on English development data; here the last one counts, so that no development data is needed.

    Attributes:
        learning_rate: of AdamW at its highest; it falls linearly to zero.
        epochs: passes over the training items.
        max_tokens: most tokens in a row, start and end included.
        stride: tokens that two windows of a long passage share (questions).
        warmup: steps in which the rate rises; never more than a tenth of all.
        batch_size: rows in a step.
        weight_decay: of matrices; biases, norms and word embeddings have none.
        dropout: before the head.
        pooling: how tokens become one vector, for classification and similarity; `auto` is what the folder of a sentence
            encoder says, else the first token of an encoder, the last one of a decoder, the mean of an encoder-decoder.
        most_answer_tokens: longest answer (questions).
        tokens_at_a_time: most tokens, padding counted, that go through the network together; changes no result but dropout's.
        precision: auto takes bf16 where the device computes in it, else fp32.
        checkpoint_seconds: time between two checkpoints.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    method: Literal["finetune"] = "finetune"
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    epochs: Annotated[float, Field(gt=0)] | None = None
    max_tokens: Annotated[int, Field(ge=8)] | None = None
    stride: Annotated[int, Field(ge=1)] = 128
    warmup: Annotated[int, Field(ge=0)] | None = None
    batch_size: Annotated[int, Field(ge=1)] = 32
    weight_decay: Annotated[float, Field(ge=0)] | None = None
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    pooling: Literal["auto", "first", "mean", "last"] = "auto"
    most_answer_tokens: Annotated[int, Field(ge=1)] = 30
    tokens_at_a_time: Annotated[int, Field(ge=8)] | None = None
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    checkpoint_seconds: Annotated[float, Field(gt=0)] = 60.0

    def for_kind(self, kind: str, width: int = 768) -> Self:
        """The same with what was left out filled in.

        Args:
            kind: of the task.
            width: of the network.

        Example:
            >>> filled = Finetune(epochs=2).for_kind("extraction")
            >>> filled.learning_rate, filled.epochs, filled.max_tokens, filled.warmup
            (3e-05, 2.0, 384, 500)
            >>> Finetune().for_kind("tagging", width=384).learning_rate
            8e-05
        """
        usual = _RECIPES[kind] | {
            "learning_rate": _RECIPES[kind]["learning_rate"] * min(max(1.0, _BASE_WIDTH / width) ** 2, _MOST_FACTOR)
        }
        return self.model_copy(update={name: value for name, value in usual.items() if getattr(self, name) is None})


_BASE_WIDTH, _MOST_FACTOR = 768, 16.0
_TEXT: dict[str, Any] = {"learning_rate": 2e-5, "epochs": 5.0, "max_tokens": 128, "warmup": 0, "weight_decay": 0.0}
_RECIPES: dict[str, dict[str, Any]] = {
    "classification": _TEXT,
    "similarity": _TEXT,
    "multilabel": _TEXT,
    "tagging": {**_TEXT, "epochs": 10.0},
    "parsing": {**_TEXT, "learning_rate": 5e-5, "epochs": 10.0, "max_tokens": 256},
    "extraction": {"learning_rate": 3e-5, "epochs": 3.0, "max_tokens": 384, "warmup": 500, "weight_decay": 1e-4},
}


class Probe(BaseModel):
    """Leave the network as it is and learn a multinomial logistic regression on its sentence vectors.

    For classification of one text, or of a pair u, v as (u, v, |u − v|, u·v) (Conneau et al. 2017, InferSent). Vectors are
    those that the model folder's own pooling and default prompt give, centred, and divided by one number so that their
    features have variance 1 on average.

    Attributes:
        strengths: the values of C, the weight of the data against the L2 penalty, among which cross-validation chooses.
        folds: of the cross-validation, on training items alone; equal shares of each label.
        precision: of the encoder: auto takes bf16 where the device computes in it, else fp32.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    method: Literal["probe"] = "probe"
    strengths: tuple[Annotated[float, Field(gt=0)], ...] = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
    folds: Annotated[int, Field(ge=2)] = 5
    precision: Literal["auto", "bf16", "fp32"] = "auto"


def _named(said: Any) -> Any:
    return {"method": said} if isinstance(said, str) else said


Method = Annotated[Annotated[Finetune | Probe, Field(discriminator="method")], BeforeValidator(_named)]


class FewShot(BaseModel):
    """Also learn from a few items of the language that is tested.

    Attributes:
        shots: items of its training split, drawn by the seed, the same for every model.
        how: `joint` learns them together with the source's items, `after` goes on from the source's model with the shots alone.
            Schmidt et al. (2022, "Don't Stop Fine-Tuning") found joint learning better.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    shots: Annotated[int, Field(ge=1)] = 10
    how: Literal["joint", "after"] = "joint"


class Teaching(BaseModel):
    """Self-teaching on translated text, after FILTER (Fang et al. 2021, https://arxiv.org/abs/2009.05166).

    A teacher learns the source and its translations; a student then learns the same from scratch, and on the translations
    its loss is (1 − share) · cross-entropy + share · KL(teacher ‖ student), where the teacher's soft labels are
    softmax(logits / temperature). Teacher and student are plain networks, or both FILTER's where `Fusion` is asked for. For
    classification and tagging.

    Attributes:
        share: of the loss on translated text that is the teacher's; FILTER's α.
        temperature: below 1 it sharpens what the teacher says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    share: Annotated[float, Field(gt=0, le=1)] = 0.5
    temperature: Annotated[float, Field(gt=0)] = 0.1


class Fusion(BaseModel):
    """FILTER's network (Fang et al. 2021, https://arxiv.org/abs/2009.05166): a text and its translation are read together.

    The first m layers encode each by itself, the next k both side by side, the rest each by itself again; no weight is new.
    Translations are learnt beside their source, with the loss of both. A test text is read beside its translation into the
    source language, and its own prediction counts. For classification and similarity, on encoders laid out like BERT.

    Attributes:
        separate: m; FILTER's scripts have 1 for classification.
        fused: k; likewise 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    separate: Annotated[int, Field(ge=0)] = 1
    fused: Annotated[int, Field(ge=1)] = 1


class Synthetic(BaseModel):
    """Learn questions that a language model wrote, chosen in rounds, after GeMQuAD (Namboori et al. 2024,
    https://arxiv.org/abs/2404.09163), which follows WeakDAP.

    A labeller learns the source alone and answers every written question. A pair is kept in a round where what is answered
    agrees with what was written. A student learns the kept pairs, then the source, and is the labeller of the next round,
    which judges all pairs anew; the last student is tested. For extraction.

    Attributes:
        folder: of the written items by language, `hin_Deva.train.jsonl`; needless where a step wrote them (`written`).
        rounds: of choosing. With 0 all pairs are learnt: the control.
        agreement: `exact`, the same answer once both are normalised, or `f1`, their tokens' F1 being `least_f1` or more. Both
            as the figures count them: in scripts without spaces tokens are characters. The default is ours.
        least_f1: as above.
        order: `first`, the written pairs before the source; or `together`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    folder: str | None = None
    rounds: Annotated[int, Field(ge=0)] = 2
    agreement: Literal["exact", "f1"] = "exact"
    least_f1: Annotated[float, Field(gt=0, le=1)] = 0.8
    order: Literal["first", "together"] = "first"


class Kinds(BaseModel):
    """Kinds of transfer beside zero-shot, each a condition of the results.

    Attributes:
        zero_shot: learn the source, test everything: the matrix itself.
        in_language: for each tested language with a training split, learn that.
        few_shot: see `FewShot`.
        translated: a folder of items by language that were translated from the source: `swh_Latn.train.jsonl` holds
            training items in Swahili, `swh_Latn.test.jsonl` the test items of Swahili in the source language.
        translate_train: `each` learns source and one translation, and tests that language; `all` learns source and all
            translations at once, and tests all.
        translate_test: test the source's model on the tested languages' items in the source language.
        self_teaching: see `Teaching`; needs translate_train.
        unlabelled: a folder of texts without labels by language, `swh_Latn.train.jsonl` (labels that are there are not read).
            A teacher learns the source and labels those of a tested language; a network learns these first, and then the
            source (Guo 2020, https://arxiv.org/abs/2011.09031). For classification.
        synthetic: see `Synthetic`.
        fusion: see `Fusion`; needs translate_train, and translated test items. With self_teaching also both together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    zero_shot: bool = True
    in_language: bool = False
    few_shot: FewShot | None = None
    translated: str | None = None
    translate_train: Literal["each", "all"] | None = None
    translate_test: bool = False
    self_teaching: Teaching | None = None
    unlabelled: str | None = None
    synthetic: Synthetic | None = None
    fusion: Fusion | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.translate_train or self.translate_test) and self.translated is None:
            raise ValueError("translate_train and translate_test need translated, a folder of translated items")
        if self.self_teaching is not None and self.translate_train is None:
            raise ValueError("self_teaching learns from translated text: say translate_train as well")
        if self.fusion is not None and self.translate_train is None:
            raise ValueError("fusion learns from pairs of a text and its translation: say translate_train as well")
        if not (
            self.zero_shot
            or self.in_language
            or self.few_shot
            or self.translate_train
            or self.translate_test
            or self.unlabelled
            or self.synthetic
        ):
            raise ValueError("no kind of transfer is asked for")
        return self
