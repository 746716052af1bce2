"""Reading the tokenizer of a folder."""

import json
from pathlib import Path

from panglot.artifacts import InputError
from panglot.vocabulary.vocabulary import COMPANIONS, TOKENIZER_FILE, Vocabulary

_MAX_BYTES = 256 << 20


def read_vocabulary(folder: Path) -> Vocabulary:
    """The tokenizer of a folder; for a model, pass `inspect_folder(model.path).network`.

    Raises:
        InputError: there is no `tokenizer.json`, or it is damaged.
    """
    path = folder / TOKENIZER_FILE
    if not path.is_file():
        raise InputError("there is no tokenizer.json", where=folder)
    if path.stat().st_size > _MAX_BYTES:
        raise InputError("the file is too large for a tokenizer", where=path)
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise InputError("the file is not valid JSON", where=path) from None
    companions = {name: (folder / name).read_bytes() for name in COMPANIONS if (folder / name).is_file()}
    return Vocabulary(document, companions, str(path))
