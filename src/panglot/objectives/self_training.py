"""Self-training: a model's own guesses as labels, where it is sure of them."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import PrivateAttr

from panglot.objectives.masking import Masking, Share, framed_words, row_languages

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from panglot.objectives.batch import Batch
    from panglot.objectives.example import Architecture, Example, Materials, Row, Tokens


class SelfTraining(Masking):
    """The loss of `mlm` with the teacher's most probable token as the label, where its probability is at least `threshold`.

    Self-training (Yarowsky 1995; Lee 2013 for networks) makes labels of a model's own predictions on text without labels, and
    keeps those that it is sure of. The hidden token of a text is a label in itself, so that for language models on clean text
    this can only smooth what `mlm` teaches; it is meant for text whose tokens are not to be trusted (recognised print or
    speech, spelling as it comes), where a token that the teacher is sure of is likely to be the better one. The teacher is the
    model as it was, or a better one with the same tokenizer; it reads the same hidden row.

    A batch in which it is sure of nothing has a loss of 0. Its labels are counted as those that were asked for, so that parts
    of a batch add up: the loss is smaller where the teacher is less sure.

    For translation, self-training means sentences that the model translated itself: `translation` learns from such pairs.

    Attributes:
        threshold: least probability of a label.
        share: of the tokens of a row that are hidden.
        masked: share of these that are replaced by the mask.
        random: share of these that are replaced by a random token.
        whole_words: whether the tokens of a word are hidden together.
    """

    takes: ClassVar[tuple["Architecture", ...]] = ("encoder",)
    objective: Literal["self_training"] = "self_training"
    threshold: Share = 0.9
    whole_words: bool = False
    _teacher: Any = PrivateAttr(None)

    @property
    def needs_words(self) -> bool:
        return self.whole_words

    @property
    def also_read_by(self) -> "tuple[nn.Module, ...]":
        return () if self._teacher is None else (self._teacher,)

    def bound(self, materials: "Materials") -> Self:
        """With the teacher."""
        from panglot.objectives.salt import teacher_of

        found = self.model_copy()
        found._teacher = teacher_of(materials, self.objective)
        return found

    def row(self, example: "Example", tokens: "Tokens", generator: "torch.Generator") -> "Row":
        """As for `mlm`; the labels are those of the text until the teacher gives its own."""
        from panglot.objectives.example import Row

        ids = tokens.framed(example.ids)
        words = framed_words(example.words or [], ids, tokens) if self.whole_words else None
        row, label = self.hide(ids, self.chosen(ids, tokens, generator, words), tokens, generator)
        return Row(row, label, languages=row_languages(example.language, len(row), tokens))

    def loss(
        self, model: "nn.Module", batch: "Batch", *, total: int | None = None, progress: float = 0.0
    ) -> "tuple[Tensor, dict[str, float]]":
        """Nats of the teacher's labels over all places that were hidden; figures: `nats`, `labels`, `sure` (labels kept)."""
        from panglot.objectives.batch import NO_LABEL, count_labels
        from panglot.objectives.labelled import summed_nats
        from panglot.objectives.soft_labels import guesses

        assert self._teacher is not None, "the objective must be bound to a teacher first"
        asked = count_labels(batch)
        guessed, chance = guesses(self._teacher, batch)
        labels = batch["labels"].clone()
        labels[labels != NO_LABEL] = guessed.masked_fill(chance < self.threshold, NO_LABEL)
        taught: Batch = {**batch, "labels": labels}
        sure = count_labels(taught)
        if sure:
            nats = summed_nats(model, taught)
        else:
            # every parameter still gets a gradient, so that processes that train together stay in step
            nats = sum((each.sum() * 0.0 for each in model.parameters() if each.requires_grad), start=0.0 * chance.sum())
        figures: dict[str, Any] = {"nats": float(nats.detach()), "labels": asked, "sure": sure}
        return nats / (total or asked), figures
