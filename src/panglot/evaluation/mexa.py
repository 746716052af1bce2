"""Component `evaluation.mexa`: how many sentences lie nearest to their own translation, layer by layer."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from panglot import __version__
from panglot.artifacts import InputError, Progress, Step, reads
from panglot.evaluation.asking.languages import at_hand, check_for, outside
from panglot.evaluation.results import Measurement, Results, write_results
from panglot.evaluation.signature import Signature
from panglot.evaluation.statistics import RESAMPLES, Floats, Interval, bootstrap_mean, generator, wilson
from panglot.evaluation.tasks.task_file import find
from panglot.models.model import Model

if TYPE_CHECKING:
    from panglot.evaluation.tasks import Item, Task

Pooling = Literal["weighted", "mean", "last"]
Hits = NDArray[np.bool_]
_BATCH_TOKENS = 2048
_PERCENTILES = (2.5, 97.5)


def _fitting(task: "Task") -> None:
    if task.kind != "pairs":
        raise InputError(f"{task.name} ({task.kind}) has no parallel sentences", where="task", fix="take a task of kind pairs")


@reads(outside, check=check_for(_fitting))
def mexa(
    *,
    model: Model,
    task: str = "sib200-pairs",
    languages: str = "all",
    split: str = "test",
    data: str | None = None,
    sentences: Annotated[int, Field(ge=2)] = 100,
    pooling: Pooling = "weighted",
    condition: str = "mexa",
    step: Step,
) -> Results:
    """Measure MEXA (Kargaran et al. 2025): the share of sentences nearest to their own translation, in each layer.

    Of n parallel sentences, S_ij is the cosine of sentence i of the pivot and sentence j of the language in one layer.
    Sentence i is aligned if S_ii > S_ij and S_ii > S_ji for every j ≠ i; MEXA of a layer is the share of aligned sentences.
    `mexa@0` is of the embeddings, `mexa@L` of the last layer; `mexa_mean` and `mexa_max` are mean and maximum over all of
    these. Vectors that have nothing to do with the sentences give 1/(2n − 1), the row `chance`. Multiplied by a model's score
    of a task in the pivot, it is an estimate of its scores in the languages.

    Sentences are those of a task of pairs, the first of the file. A pair one of whose texts stands before it in the language is
    left out: no sentence can be nearer to its translation than the same sentence is, so the authors' program counts both as not
    aligned. Positions are of the tokens of the text, special tokens included, however it is padded. Of an encoder-decoder the
    encoder is measured. Adapters that are not merged are put in, and those that ask for the language of a text are told it.

    Intervals (95 %) take a sentence as the unit: Wilson's for a layer, bootstraps for mean and maximum. The maximum is over
    the layers of each sample. Sentences are one another's competitors, so compare equal n only.

    Args:
        model: any model, its adapters included.
        task: of kind pairs.
        languages: `all`, tags, `tier:low`, `script:Arab`, …; of groups those are measured whose items are at hand.
        split: of the task.
        data: folder that holds one folder a task; `PANGLOT_DATA` without it, else the hub.
        sentences: most pairs a language.
        pooling: a sentence's vector is the mean of its tokens' with weights 1, 2, 3, … (`weighted`) or equal ones (`mean`), or
            that of its last token (`last`).
        condition: a name for the rows.
        step: where to write.

    Raises:
        InputError: the task is of another kind, its data is not there, a language has fewer than two pairs, or the model gives
            vectors that are zero or not finite.
    """
    import pyarrow as pa

    found = find(task)
    _fitting(found)
    folder = None if data is None else Path(data).expanduser()
    read = {tag: found.items(tag, split, folder) for tag in at_hand(found, languages, split, folder, step)}
    chosen = {tag: _distinct(tag, each.items[:sentences], step) for tag, each in read.items()}
    vectors = _Layers(model, pooling)
    rows: list[Measurement] = []
    parts: list[pa.Table] = []
    with step.progress("reading sentences", total=sum(2 * len(each) for each in chosen.values())) as progress:
        for tag, items in chosen.items():
            pivot = vectors.pivot([item.fields["target"] for item in items], found.pivot(tag) or "und", progress)
            own = vectors.of([item.fields["source"] for item in items], tag, progress)
            hits = np.stack([aligned(one @ other.T) for one, other in zip(pivot, own, strict=True)])
            protocol: dict[str, str | int] = {
                "split": split, "n": len(items), "rev": read[tag].revision, "pivot": found.pivot(tag) or "", "pool": pooling,
                "prompt": "model", "prec": "fp32", "dup": "left-out", "v": __version__,
            }  # fmt: skip
            for metric, value, interval in _measured(hits, step.seed, tag):
                signed = str(Signature.of(task=found.name, metric=metric, **protocol))
                low, high = interval or (None, None)
                rows.append(
                    Measurement(
                        model.name, found.name, read[tag].revision, tag, condition, metric, value, len(items), low, high, signed
                    )
                )  # fmt: skip
            same = {name: [value] * len(items) for name, value in (("task", found.name), ("language", tag))}
            layers = hits.mean(axis=0)
            parts.append(
                pa.table({**same, "metric": ["mexa_mean"] * len(items), "item": [each.id for each in items], "correct": layers})
            )
            step.figures.setdefault("language", {})[tag] = {
                "n": len(items), "layers": [round(float(each), 6) for each in hits.mean(axis=1)],
                "mexa_mean": round(float(hits.mean()), 6), "mexa_max": round(float(hits.mean(axis=1).max()), 6),
            }  # fmt: skip
    chances = {round(row.value, 6) for row in rows if row.metric == "chance"}
    step.figures |= {"headline_metric": "mexa_mean", "chance": chances.pop() if len(chances) == 1 else None}
    return write_results(step.out, rows, pa.concat_tables(parts))


def aligned(similarities: Floats) -> Hits:
    """Which sentences are nearer to their translation than to any other, in both directions: [n, n] -> [n]. A tie is a miss.

    Example:
        >>> aligned(np.array([[0.9, 0.2, 0.1], [0.3, 0.5, 0.6], [0.1, 0.2, 0.7]])).tolist()
        [True, False, True]
    """
    own = similarities.diagonal()
    others = similarities.copy()
    np.fill_diagonal(others, -np.inf)
    return np.asarray((own > others.max(axis=0)) & (own > others.max(axis=1)))


def _distinct(tag: str, items: Sequence["Item"], step: Step) -> list["Item"]:
    kept: list[Item] = []
    seen: dict[str, set[str]] = {"source": set(), "target": set()}
    for item in items:
        if all(item.fields[side] not in known for side, known in seen.items()):
            kept.append(item)
            for side, known in seen.items():
                known.add(item.fields[side])
    if len(kept) < len(items):
        step.note(f"{tag}: {len(items) - len(kept)} of {len(items)} pairs have a text that stood before, and are left out.")
    if len(kept) < 2:
        raise InputError(f"{tag} has {len(kept)} pairs of distinct sentences, and MEXA needs two or more")
    return kept


def _measured(hits: Hits, seed: int, tag: str) -> Iterator[tuple[str, float, Interval | None]]:
    """Metrics of [layers, n]."""
    from panglot.evaluation.significance.resampling import bootstrap_counts

    layers, n = hits.shape
    yield "mexa_mean", float(hits.mean()), bootstrap_mean(hits.mean(axis=0), generator(seed, tag, "mexa_mean"))
    # one sentence aligned in all layers and one in none keep the interval from collapsing, as in bootstrap_mean
    added = np.concatenate([hits, np.ones((layers, 1), bool), np.zeros((layers, 1), bool)], axis=1).T.astype(np.float64)
    drawn = np.concatenate([(each @ added).max(axis=1) / (n + 2) for each in bootstrap_counts(n + 2, RESAMPLES, seed)])
    most = float(hits.mean(axis=1).max())
    low, high = (float(each) for each in np.percentile(drawn, _PERCENTILES))
    yield "mexa_max", most, Interval(min(low, most), max(high, most))
    for layer, each in enumerate(hits):
        yield f"mexa@{layer}", float(each.mean()), wilson(float(each.sum()), n)
    yield "chance", 1 / (2 * n - 1), None


class _Layers:
    """Sentence vectors of every layer."""

    def __init__(self, model: Model, pooling: Pooling) -> None:
        import torch
        import transformers

        from panglot.models.folder import inspect_folder
        from panglot.models.precision import best_device
        from panglot.models.quiet import without_progress_bars
        from panglot.objectives.opening import open_language_model, positions_of

        inspected = inspect_folder(model.adapted_path)
        place = str(inspected.network)
        self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(place, local_files_only=True)
        self._numbers: Callable[[str], int | None] = lambda _: None
        network: Any
        if inspected.adapters:
            opened = open_language_model(model, None)
            network, tokens = opened.network, opened.tokens
            self._numbers = lambda tag: tokens.language_numbers.get(tag, tokens.other_language)
        else:
            with without_progress_bars():
                network = transformers.AutoModel.from_pretrained(place, local_files_only=True, dtype=torch.float32)
        self._limit = min(positions_of(network), int(self._tokenizer.model_max_length))
        self._whole = network.eval().to(best_device())
        # the head, where adapters were put into a whole language model, is not asked
        self._network = network.get_encoder() if inspected.is_encoder_decoder else network.base_model
        self._prompt, self._pooling = inspected.default_prompt, pooling
        self._texts: tuple[str, list[str]] = "", []
        self._vectors: list[Floats] = []

    def pivot(self, texts: list[str], language: str, progress: Progress) -> list[Floats]:
        """The same as `of`, read once where several languages in turn have the same sentences in the pivot."""
        if (language, texts) != self._texts:
            self._texts, self._vectors = (language, texts), self.of(texts, language, progress)
        else:
            progress.advance(len(texts))
        return self._vectors

    def of(self, texts: list[str], language: str, progress: Progress) -> list[Floats]:
        """Unit vectors by layer, the embeddings first: of each float64 [n, d]."""
        from panglot.evaluation.bitext_retrieval import unit_vectors

        states = self._states([self._prompt + each for each in texts], self._numbers(language), progress)
        return [unit_vectors(each, texts).astype(np.float64) for each in states]

    def _states(self, texts: list[str], language: int | None, progress: Progress) -> NDArray[np.float32]:
        import torch

        from panglot.adaptation.languages_here import told
        from panglot.models.token_batches import batches_by_tokens

        device = next(self._network.parameters()).device
        ids: list[list[int]] = self._tokenizer(texts, truncation=True, max_length=self._limit)["input_ids"]
        found: list[Any] = [None] * len(texts)
        for batch in batches_by_tokens([len(each) for each in ids], _BATCH_TOKENS, padded=True):
            lengths = torch.tensor([len(ids[at]) for at in batch])
            positions = torch.arange(int(lengths.max()))[None]
            mask = positions < lengths[:, None]
            # an id stands in for padding, which the mask hides
            tokens = torch.zeros(mask.shape, dtype=torch.long)
            tokens[mask] = torch.tensor([one for at in batch for one in ids[at]])
            if self._pooling == "last":
                weights = (positions == lengths[:, None] - 1).float()
            else:
                weights = mask.float() * (positions + 1 if self._pooling == "weighted" else 1)
            weights = (weights / weights.sum(dim=1, keepdim=True)).to(device)
            numbers = None if language is None else torch.full_like(tokens, language).to(device)
            with torch.inference_mode(), told(self._whole, numbers):
                states = self._network(
                    input_ids=tokens.to(device), attention_mask=mask.long().to(device), output_hidden_states=True
                ).hidden_states
                pooled = torch.stack([torch.einsum("bt,btd->bd", weights, each.float()) for each in states], dim=1)
            for at, each in zip(batch.tolist(), pooled.cpu().numpy(), strict=True):
                found[at] = each
            progress.advance(len(batch))
        return np.stack(found, axis=1)
