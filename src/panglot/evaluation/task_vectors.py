"""Component `evaluation.task_vectors`: tasks of pairs, similarity and retrieval, by the vectors of an encoder."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from panglot import __version__
from panglot.artifacts import InputError, PanglotError, Step, reads
from panglot.evaluation.asking.languages import at_hand, check_for, outside
from panglot.evaluation.results import Measurement, Results, Units, write_results
from panglot.evaluation.signature import Signature
from panglot.evaluation.statistics import bootstrap_mean, generator
from panglot.evaluation.tasks.task_file import find
from panglot.evaluation.tasks.task_of_pairs import MadeTask, named
from panglot.models.model import Model

if TYPE_CHECKING:
    from panglot.evaluation.metrics import Metric
    from panglot.evaluation.passage_retrieval import Ranked
    from panglot.evaluation.results import UnitKey
    from panglot.evaluation.retrieval import Vectors
    from panglot.evaluation.tasks import Item, Items, Task
    from panglot.evaluation.tasks.passages import Passage
    from panglot.models.encoder import Encoder

_ALL, _JUDGED = 1000, 10
# passages shorter than this on average may not fill the tokens that are looked at, which is said then
_TOKENS_A_PASSAGE = 25
JUDGED = f"judged@{_JUDGED}"
_SIDES = {"pairs": ("source", "target"), "similarity": ("first", "second")}


def _fitting(task: "Task") -> None:
    if task.kind not in (*_SIDES, "retrieval"):
        raise InputError(f"{task.name} ({task.kind}) is not measured by vectors", where="task", fix="take evaluation.ask")


@reads(outside, check=check_for(_fitting))
def task_vectors(
    *,
    task: str | None = None,
    made: MadeTask | None = None,
    model: Model,
    languages: str = "all",
    split: str = "test",
    data: str | None = None,
    score: Literal["cosine", "margin"] = "cosine",
    query_prompt: str | None = None,
    passage_prompt: str | None = None,
    condition: str = "vectors",
    step: Step,
) -> Results:
    """Measure what the vectors of texts say: which text means the same, how alike two texts are, which passage answers a query.

    Pairs: each source is looked for among the distinct targets of its language, by cosine or ratio margin (Artetxe and Schwenk
    2019, k = 4); every target that the task pairs with an equal source is right, and a wrong one that ties with it is ahead.
    Bilingual lexicons are pairs of words. Similarity: the cosine of the two vectors against people's ratings.

    Retrieval: the passages of a corpus by their cosine to the query, see `evaluation.passage_retrieval`. Recall, MRR and nDCG
    are trec_eval's. Passages that nobody judged count as wrong; the row `judged@10` is the share of the first ten that somebody
    judged, with an interval over queries. Queries without an answer are left out and counted. Of `recall@2kt` the answers are
    texts: a query counts where one of them stands in the first 2,000 tokens of the passages that were found, in their order.

    Vectors are in fp32 and of unit length, with the model's own default prompt; for retrieval with its prompts `query` and
    `passage` (or `document`), which a model such as e5 needs, where it names them.

    Args:
        task: a name (`panglot tasks`), or a file of one's own; of kind pairs, similarity or retrieval.
        made: instead of a name, a task that a step made.
        model: an encoder of sentences.
        languages: `all`, tags, `tier:low`, `script:Arab`, …; of groups those are measured whose items are at hand.
        split: of the task.
        data: folder that holds one folder a task; `PANGLOT_DATA` without it, else the hub.
        score: how pairs are ranked; retrieval is by cosine.
        query_prompt: for retrieval, what stands before a query, in place of the model's own prompt.
        passage_prompt: the same before a passage.
        condition: a name for the rows.
        step: where to write.

    Raises:
        InputError: the task is of another kind, or its data is not there.
        PanglotError: the model gives vectors that are zero or not finite.
    """
    import pyarrow as pa

    from panglot.models.encoder import Encoder

    found = find(named(task, made))
    _fitting(found)
    folder = None if data is None else Path(data).expanduser()
    read = {tag: found.items(tag, split, folder) for tag in at_hand(found, languages, split, folder, step)}
    encoder = Encoder(model.path, precision="fp32")
    prompts = Prompts.of(model, query_prompt, passage_prompt)
    protocol: dict[str, str] = {"score": score, "norm": "l2", "prec": "fp32", "ties": "wrong"}
    if found.kind == "retrieval":
        if score != "cosine":
            raise InputError("passages are ranked by cosine", where="score", fix="leave score out")
        protocol |= {"query": prompts.query, "passage": prompts.passage}
        retrieved = _retrieved(found, read, {tag: found.corpus(tag, split, folder) for tag in read}, encoder, prompts, step)
    else:
        sides = _SIDES[found.kind]
        texts = sorted({item.fields[side] for each in read.values() for item in each.items for side in sides})
        with step.progress("encoding", total=len(texts)) as progress:
            vectors = _unit(encoder.encode(texts, progress=progress), texts)
        place = {text: at for at, text in enumerate(texts)}
    rows: list[Measurement] = []
    parts: list[pa.Table] = []
    units: dict[UnitKey, Units] = {}
    for tag, each in read.items():
        told = retrieved[tag] if found.kind == "retrieval" else _compared(found, each.items, vectors, place, score)
        for number, name in enumerate(found.metrics):
            metric, measured = _measured(name, told, seed=step.seed)
            signature = Signature.of(
                task=found.name, metric=metric.name, **metric.signature, split=split, n=len(each.items), rev=each.revision,
                **protocol, v=__version__,
            )  # fmt: skip
            rows.append(
                Measurement(
                    model.name, found.name, each.revision, tag, condition, metric.name, measured.value, len(each.items),
                    measured.low, measured.high, str(signature),
                )
            )  # fmt: skip
            parts.append(_items(found, tag, metric, each.items, told, measured, number))
            if measured.units is not None:
                order = sorted(range(len(each.items)), key=lambda at: each.items[at].id)
                ids = tuple(each.items[at].id for at in order)
                units[found.name, tag, metric.name] = Units(ids, measured.units[order])
            step.figures.setdefault("language", {}).setdefault(tag, {}).setdefault("n", len(each.items))
            step.figures["language"][tag][metric.name] = {
                "value": round(measured.value, 6), "interval": [round(measured.low, 6), round(measured.high, 6)],
            }  # fmt: skip
        if told.judged:
            low, high = bootstrap_mean(told.judged, generator(step.seed, tag, JUDGED))
            share, n = sum(told.judged) / len(told.judged), len(told.judged)
            said = Signature.of(task=found.name, metric=JUDGED, split=split, n=n, rev=each.revision, **protocol, v=__version__)
            rows.append(
                Measurement(model.name, found.name, each.revision, tag, condition, JUDGED, share, n, low, high, str(said))
            )
    step.figures |= {"headline_metric": found.metrics[0], "chance": None}
    step.figures["about"] = {"title": found.title, "translated": found.translated}
    return write_results(step.out, rows, pa.concat_tables(parts), units)


class Prompts(NamedTuple):
    """What stands before queries and before passages."""

    query: str
    passage: str

    @classmethod
    def of(cls, model: Model, query: str | None, passage: str | None) -> "Prompts":
        """Those that were asked for, else the model's own of these names, else its default one."""
        own, usual = model.facts.get("prompts") or {}, model.facts.get("default_prompt") or ""
        of_passage = own.get("passage", own.get("document", usual))
        return cls(own.get("query", usual) if query is None else query, of_passage if passage is None else passage)


class _Told(NamedTuple):
    """By item: what a metric takes, its target, and what is shown of the prediction and of what is right."""

    outputs: list[Any]
    targets: list[Any]
    shown: list[str]
    right: list[str]
    judged: Sequence[float] = ()
    tokens: Sequence[int] = ()


class _Measured(NamedTuple):
    value: float
    low: float
    high: float
    values: list[float | None]
    units: Any


def _unit(vectors: "Vectors", texts: list[str]) -> "Vectors":
    from panglot.evaluation.bitext_retrieval import unit_vectors

    return unit_vectors(vectors, texts)


def _compared(task: "Task", items: tuple["Item", ...], vectors: "Vectors", place: dict[str, int], score: str) -> _Told:
    import numpy as np

    first, second = _SIDES[task.kind]
    if task.kind == "similarity":
        left = vectors[[place[item.fields[first]] for item in items]]
        right = vectors[[place[item.fields[second]] for item in items]]
        alike = np.einsum("nd,nd->n", left, right).astype(np.float64)
        if any(item.score is None for item in items):
            raise PanglotError("an item of this task has no rating", where=task.name)
        scores = [item.score for item in items]
        return _Told(alike.tolist(), scores, [f"{each:.4f}" for each in alike], [str(each) for each in scores])
    from panglot.evaluation.retrieval import rank_both_ways

    sources = list(dict.fromkeys(item.fields[first] for item in items))
    targets = list(dict.fromkeys(item.fields[second] for item in items))
    where = ({text: at for at, text in enumerate(sources)}, {text: at for at, text in enumerate(targets)})
    pairs = np.unique([[where[0][item.fields[first]], where[1][item.fields[second]]] for item in items], axis=0)
    rankings = rank_both_ways(
        vectors[[place[text] for text in sources]], vectors[[place[text] for text in targets]], (pairs[:, 0], pairs[:, 1])
    )
    ranking = next(each for (named, way), each in rankings.items() if named == score and way == "to_pivot")
    at = [where[0][item.fields[first]] for item in items]
    ranks = ranking.rank[at].tolist()
    wrong = [targets[each] if each >= 0 else "" for each in ranking.wrong[at].tolist()]
    shown = [item.fields[second] if rank == 1 else other for item, rank, other in zip(items, ranks, wrong, strict=True)]
    return _Told(ranks, [None] * len(items), shown, [item.fields[second] for item in items])


def _retrieved(
    task: "Task",
    read: "Mapping[str, Items]",
    corpora: "Mapping[str, tuple[object, Iterator[Passage]]]",
    encoder: "Encoder",
    prompts: Prompts,
    step: Step,
) -> dict[str, _Told]:
    """By language; languages that have one corpus ask it together, so that it is encoded once."""
    from panglot.evaluation.passage_retrieval import rank_passages

    told: dict[str, _Told] = {}
    together: dict[object, list[str]] = {}
    for tag, (name, _) in corpora.items():
        together.setdefault(name, []).append(tag)
    for tags in together.values():
        items = [item for tag in tags for item in read[tag].items]
        queries = [item.fields["query"] for item in items]
        with step.progress(f"encoding the passages of {', '.join(tags)}") as progress:

            def encode(texts: Sequence[str]) -> "Vectors":
                found = _unit(encoder.encode(texts, prompt=prompts.passage), list(texts))
                progress.advance(len(texts))
                return found

            asked = _unit(encoder.encode(queries, prompt=prompts.query), queries)
            every = [item.relevant for item in items]
            by_text = any(each.references for each in items)
            ranked = rank_passages(asked, every, corpora[tags[0]][1], encode, depth=_depth(task), texts=by_text)
        first = 0
        for tag in tags:
            here = read[tag].items
            told[tag] = _of_language(task, tag, here, ranked.of(first, first + len(here)), step)
            first += len(here)
    return told


def _of_language(task: "Task", tag: str, items: Sequence["Item"], ranked: "Ranked", step: Step) -> _Told:
    relevant, answers = [item.relevant for item in items], [item.references for item in items]
    figures = step.figures.setdefault("language", {}).setdefault(tag, {})
    figures["passages"] = ranked.passages
    tokens: list[int] = []
    if most := _most_tokens(task):
        tokens = ranked.tokens_until_answer(answers, most)
        if short := ranked.cut_short(most):
            step.note(f"{task.name}: of {short} queries in {tag} fewer than {most:,} tokens were looked at.")
    if not any(relevant):
        right = [" | ".join(each) for each in answers]
        return _Told([], [], [ids[0] for ids in ranked.ids], right, tokens=tokens)
    if absent := sum(ranked.absent):
        said = f"{absent} passages that answer a query in {tag} are not in the corpus, and count as not found."
        step.note(f"{task.name}: {said}")
    shares = ranked.judged(relevant, _JUDGED)
    figures[JUDGED] = round(sum(shares) / len(shares), 6)
    outputs, targets = ranked.gains(relevant)
    right = [" ".join(name for name, grade in of.items() if grade > 0) for of in relevant]
    return _Told(outputs, targets, [ids[0] for ids in ranked.ids], right, shares, tokens)


def _depth(task: "Task") -> int:
    """How many passages the metrics look at; 1,000, as in TREC, for one that looks at all."""
    from panglot.evaluation import metrics

    ranks = [getattr(metrics.find(name), "k", None) or _ALL for name in task.metrics if not name.endswith("kt")]
    return max(_JUDGED, _most_tokens(task) // _TOKENS_A_PASSAGE, *ranks)


def _most_tokens(task: "Task") -> int:
    """How many tokens of what was found the metrics look at; 0 where none looks at tokens."""
    from panglot.evaluation import metrics
    from panglot.evaluation.metrics.ranking import RecallInTokens

    found = [metrics.find(name) for name in task.metrics]
    return max((each.k for each in found if isinstance(each, RecallInTokens)), default=0)


def _measured(name: str, told: _Told, *, seed: int) -> tuple["Metric", _Measured]:
    from panglot.evaluation import metrics
    from panglot.evaluation.metrics.metric import Mean
    from panglot.evaluation.metrics.ranking import RecallInTokens
    from panglot.evaluation.significance import interval

    metric = metrics.find(name)
    by_text = isinstance(metric, RecallInTokens)
    outputs, targets = (told.tokens, [None] * len(told.tokens)) if by_text else (told.outputs, told.targets)
    statistics = metric.statistics(outputs, targets)
    low, high = interval(metric, statistics, seed=seed)
    plain = isinstance(metric, Mean)
    values = statistics[:, 0].tolist() if plain else [None] * len(statistics)
    value = float(metric.value_of_sample(statistics, _once(len(statistics)))[0])
    return metric, _Measured(value, low, high, values, None if plain else statistics)


def _once(n: int) -> Any:
    import numpy as np

    return np.ones((1, n))


def _items(
    task: "Task", tag: str, metric: "Metric", items: tuple["Item", ...], told: _Told, measured: _Measured, number: int
) -> Any:
    import pyarrow as pa

    n = len(items)
    return pa.table(
        {
            "task": pa.array([task.name] * n),
            "language": pa.array([tag] * n),
            "metric": pa.array([metric.name] * n),
            "item": pa.array([item.id for item in items]),
            "correct": pa.array(measured.values, pa.float64()),
            "prediction": pa.array(told.shown if number == 0 else [None] * n, pa.string()),
            "target": pa.array(told.right if number == 0 else [None] * n, pa.string()),
        }
    )
