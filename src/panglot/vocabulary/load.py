"""Component `vocabulary.load`: get a tokenizer by name."""

from pathlib import Path
from tempfile import TemporaryDirectory

from panglot.artifacts import InputError, Step, did_you_mean, digest_file, digest_value, reads
from panglot.models.embedded import PREFIX as EMBEDDED
from panglot.models.embedded import embedded_folder, embedded_names
from panglot.models.folder import inspect_folder
from panglot.models.load import HUB
from panglot.models.tiny import PREFIX as TINY
from panglot.models.tiny import tiny_names, write_tiny
from panglot.vocabulary.added_tokens import check_ids
from panglot.vocabulary.reading import TOKENIZER_FILES, read_vocabulary
from panglot.vocabulary.tokenizer import TOKENIZER_FOLDER, Tokenizer
from panglot.vocabulary.vocabulary import TOKENIZER_FILE, Vocabulary


def _outside(*, name: str, **_: object) -> dict[str, str]:
    """A person's folder by the files that are read; embedded tokenizers never change, a hub id stands for its first answer."""
    place = _local(name.strip())
    if place is None or not place.exists():
        return {}
    folder = _tokenizer_folder(place)
    found = [each for each in TOKENIZER_FILES if (folder / each).is_file()]
    return {"tokenizer": digest_value({each: digest_file(folder / each) for each in found})}


@reads(_outside)
def load(*, name: str, step: Step) -> Tokenizer:
    """Get a tokenizer by name, and copy it.

    Args:
        name: A folder with a tokenizer or a model, or a file `tokenizer.json`; `embedded:e5-small` or `embedded:minilm`;
            `tiny:bert` or `tiny:llama`; or a model of the Hugging Face hub as `hub:ORGANISATION/NAME` or plain
            `ORGANISATION/NAME`.
        step: Given by the runner.

    Returns:
        The tokenizer. One that has no `tokenizer.json` (a vocabulary file, a SentencePiece model, ByT5) is converted.

    Raises:
        InputError: no such tokenizer; it is damaged, of an unknown kind, or exists in slow Python only; no hub.

    Example:
        >>> import tempfile
        >>> from panglot.artifacts import step_folder
        >>> place = Path(tempfile.mkdtemp()) / "tokenizer"
        >>> with step_folder(place) as step:
        ...     _ = load(name="tiny:bert", step=step)
        >>> Tokenizer.open(place).vocabulary.size
        261
    """
    found = _read(name.strip(), step)
    check_ids(found)
    found.save(step.out / TOKENIZER_FOLDER)
    step.figures["pieces"] = sum(each is not None for each in found.tokens)
    step.figures["family"] = found.family
    return Tokenizer(step.out)


def _read(name: str, step: Step) -> Vocabulary:
    if name.startswith(EMBEDDED):
        with step.progress("preparing the embedded model"):
            return read_vocabulary(inspect_folder(embedded_folder(name)).network)
    if name.startswith(TINY):
        with TemporaryDirectory() as folder:
            write_tiny(name, Path(folder))
            return read_vocabulary(Path(folder))
    place = _local(name)
    if place is not None:
        if not place.exists():
            known = [*embedded_names(), *tiny_names()]
            fix = did_you_mean(name, known) or f"there are {', '.join(embedded_names())}, {TINY}NAME, {HUB}NAME and folders"
            raise InputError(f"there is no folder {name}, and no tokenizer has this name", fix=fix)
        return read_vocabulary(_tokenizer_folder(place))
    from panglot.models.checkpoints import understood
    from panglot.models.hub import hub_folder

    identifier, said = understood(name.removeprefix(HUB))
    if said:
        step.note(said)
    with step.progress(f"fetching {identifier}"):
        return read_vocabulary(_tokenizer_folder(hub_folder(identifier)))


def _local(name: str) -> Path | None:
    """A path, or None for a name of another kind."""
    if name.startswith((EMBEDDED, TINY, HUB)):
        return None
    path = Path(name).expanduser()
    is_hub_id = name.count("/") == 1 and not name.startswith((".", "/", "~"))
    return None if is_hub_id and not path.exists() else path


def _tokenizer_folder(place: Path) -> Path:
    """Where the tokenizer lies: the folder, its part `tokenizer` or `model`, or a model's first module."""
    if place.is_file():
        if place.name != TOKENIZER_FILE:
            raise InputError(f"this is a file, not a folder; only {TOKENIZER_FILE} can be given as a file", where=place)
        return place.parent
    for folder in (place, place / TOKENIZER_FOLDER, place / "model"):
        if any((folder / each).is_file() for each in TOKENIZER_FILES):
            return folder
    return inspect_folder(place).network if (place / "modules.json").is_file() else place
