"""Component `corpus.teach_identifier`: a language more in an identifier, from a few hundred sentences of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from panglot.artifacts import Artifact, InputError, Step, digest_file, digest_folder, reads
from panglot.corpus.documents import UNDETERMINED, Documents
from panglot.corpus.identification.guessing import Identifier, PanglotIdentifier, packaged_model
from panglot.corpus.identification.letters import find_letters, script_group, scripts
from panglot.corpus.identification.model import Model, p0_of, pack
from panglot.corpus.identification.ngrams import BUCKETS, COLUMNS, find_ngrams
from panglot.languages import Language

STRENGTH = (5.0, 50.0, 500.0, 2000.0, 5000.0, 750.0)
"""Strength of the Dirichlet prior of each order, in n-grams: one to five characters, then words."""
ORDER_WEIGHTS = (1.0, 0.7, 1.0, 1.0, 1.0, 1.6)
"""What the log-odds of each order are multiplied by: n-grams of a word overlap, words do not."""
SHARED = 0.2
"""Share of a backing-off weight that is the mean over the script: unseen n-grams speak less against what has much text."""
QUOTA = 18_000
"""N-grams and words that a language keeps."""
_RAREST = 2e-7
"""p0 of an n-gram that no language of the model has a weight for."""
_BATCH = 512


class IdentifierModel(Artifact):
    """A folder with `model.npz` and `model.json`; its path is a back-end of `corpus.identify`."""

    @property
    def identifier(self) -> Identifier:
        """The identifier."""
        return PanglotIdentifier(Model.read(self.folder))


def teach_identifier(*, of: Documents, base: IdentifierModel | None = None, step: Step) -> IdentifierModel:
    """Add the languages of documents to an identifier, or teach it anew those that it knows.

    The weights of a language are closed-form (see `model.py`): no other language's weights change. A few hundred sentences are
    enough to begin with; text of several kinds is better than more of one.

    Args:
        of: documents with a language, at least 1,000 letters of each.
        base: what to add to; the identifier of the package without it.
        step: where to write.

    Raises:
        InputError: a document says no language, or there is too little of one.
    """
    texts: dict[str, list[str]] = defaultdict(list)
    for row in of.rows():
        texts[row["language"]].append(row["text"])
    if UNDETERMINED in texts:
        raise InputError("some documents say no language", where="of", fix="read them with their language")
    return _teach(texts, base.folder if base else None, step)


def _digests(*, files: Mapping[str, Language], base: str | None = None, **_: object) -> dict[str, str]:
    for each in files:
        if not Path(each).is_file():
            raise InputError("there is no such file", where=each)
    found = {each: digest_file(Path(each)) for each in files}
    return found if base is None else {**found, base: digest_folder(Path(base))}


@reads(_digests)
def teach_identifier_files(*, files: dict[str, Language], base: str | None = None, step: Step) -> IdentifierModel:
    """Add languages to an identifier from text files, a sentence a line; what `panglot corpus teach` does.

    Args:
        files: path of each file, and the language that it is in; several files may be in one.
        base: a folder that was taught before, to add to; the identifier of the package without it.
        step: where to write.

    Raises:
        InputError: there is no such file, it is not UTF-8, or there is too little of a language.
    """
    if not files:
        raise InputError("no file is given", where="files", fix="name files and their languages")
    texts: dict[str, list[str]] = defaultdict(list)
    for path, language in files.items():
        try:
            lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise InputError(f"it is not UTF-8: byte {error.start}", where=path, fix="convert it to UTF-8") from error
        texts[language.tag] += [line for line in lines if line.strip()]
    return _teach(texts, None if base is None else Path(base), step)


def _teach(texts: Mapping[str, Sequence[str]], base: Path | None, step: Step) -> IdentifierModel:
    model = packaged_model() if base is None else Model.read(base)
    for tag in sorted(texts):
        model = taught(model, tag, texts[tag])
    model.write(step.out)
    step.figures["sentences"] = {tag: len(each) for tag, each in sorted(texts.items())}
    step.figures["languages"] = len(model.tags)
    return IdentifierModel(step.out)


def taught(model: Model, tag: str, texts: Sequence[str]) -> Model:
    """A model that knows one language more, or knows it from these texts."""
    found = []
    by_script = np.zeros(len(scripts()), np.int64)
    for first in range(0, len(texts), _BATCH):
        letters = find_letters(texts[first : first + _BATCH])
        by_script += letters.scripts.sum(0)
        found.append(find_ngrams(letters))
    script = scripts()[int(by_script[1:].argmax()) + 1]
    if by_script[1:].any() and script != script_group(tag[4:]):
        raise InputError(
            f"{tag}: the text is in {script}", where="of", fix=f"name the language with its script: {tag[:3]}_{script}"
        )
    grams = np.concatenate(found) if found else np.zeros((0, COLUMNS), np.int32)
    if int((grams[:, 1] < BUCKETS).sum()) < 1000:
        raise InputError(f"{tag}: too little text to learn a language from", where="of", fix="give a few hundred sentences")
    tags = tuple(sorted({*model.tags, tag}))
    place = tags.index(tag)
    old = np.array([each for each, name in enumerate(model.tags) if name != tag])
    moved = np.array([tags.index(name) for name in model.tags])
    background = np.full(BUCKETS, 0.0)
    background[model.buckets] = p0_of(model.background)
    relatives = [each for each in old if script_group(model.tags[each][4:]) == script_group(tag[4:])]
    buckets, values, spilt_all = [], [], np.zeros(COLUMNS, np.float32)
    counts = [np.unique(grams[:, column][grams[:, column] < BUCKETS], return_counts=True) for column in range(COLUMNS)]
    use = []
    for column, (where, seen) in enumerate(counts):
        p0 = np.maximum(background[where], _RAREST)
        use.append(seen / max(seen.sum(), 1) * np.log1p(seen / (STRENGTH[column] * p0)))
    every = np.concatenate(use)
    least = np.partition(every, len(every) - QUOTA)[len(every) - QUOTA] if len(every) > QUOTA else -1.0
    for column, (where, seen) in enumerate(counts):
        p0 = np.maximum(background[where], _RAREST)
        kept = use[column] > least
        spilt = STRENGTH[column] + seen[~kept].sum()
        spilt_all[column] = ORDER_WEIGHTS[column] * np.log(spilt / (seen.sum() + STRENGTH[column]))
        value = ORDER_WEIGHTS[column] * np.log((seen + STRENGTH[column] * p0) / (spilt * p0))
        kept &= value > 0
        buckets.append(where[kept])
        values.append(value[kept])
        background[where] = np.maximum(background[where], p0)
    backing_off = np.zeros((COLUMNS, len(tags)), np.float32)
    prior = np.zeros(len(tags), np.float32)
    backing_off[:, moved] = model.backing_off
    prior[moved] = model.prior
    backing_off[:, place] = spilt_all
    if relatives:
        backing_off[:, place] += SHARED * (model.backing_off[:, relatives].mean(1) - spilt_all)
    prior[place] = np.median(model.prior[relatives]) if relatives else 0.0
    columns = moved[model.languages]
    stays = columns != place
    rows = np.repeat(model.buckets, np.diff(model.bounds))
    fresh = np.concatenate(buckets)
    return pack(
        tags,
        np.concatenate([rows[stays], fresh]).astype(np.int64),
        np.concatenate([columns[stays], np.full(len(fresh), place)]).astype(np.int64),
        np.concatenate([model.weights[stays] * np.float32(model.scale), *values]).astype(np.float32),
        backing_off,
        prior,
        background,
        model.calibration,
        scale=model.scale,
    )


def read_identifier(folder: Path | str) -> Identifier:
    """The identifier in a folder that `corpus.teach_identifier` wrote."""
    return IdentifierModel.open(folder).identifier
