"""Reading the tokenizer of a folder: what it must hold, and what is made of it where `tokenizer.json` is absent."""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from panglot.artifacts import InputError
from panglot.vocabulary.added_tokens import with_given_ids
from panglot.vocabulary.byt5 import byt5_vocabulary
from panglot.vocabulary.class_defaults import with_class_defaults
from panglot.vocabulary.companions import CONFIG_FILE, config_of, loaded_as_written, roles
from panglot.vocabulary.named_tokens import with_named_tokens
from panglot.vocabulary.vocabulary import COMPANIONS, TOKENIZER_FILE, Vocabulary
from panglot.vocabulary.wellformed import check_document, without_repeated_keys

_MAX_BYTES = 256 << 20
_ADDED_FILE = "added_tokens.json"
# What each file holds when nothing else says it.
_CLASS_OF_FILE = {
    "vocab.txt": "BertTokenizer",
    "merges.txt": "GPT2Tokenizer",
    "sentencepiece.bpe.model": "XLMRobertaTokenizer",
    "spiece.model": "T5Tokenizer",
    "tokenizer.model": "LlamaTokenizer",
}
TOKENIZER_FILES = (TOKENIZER_FILE, "vocab.json", *_CLASS_OF_FILE, *COMPANIONS)
"""Files that a tokenizer may be read from."""


def read_vocabulary(folder: Path) -> Vocabulary:
    """The tokenizer of a folder; for a model, pass `inspect_folder(model.path).network`.

    Without `tokenizer.json` it is converted by `transformers` from a vocabulary file or a SentencePiece model; ByT5's is built.
    Ids of added tokens are those that the library gives when it loads the files, whatever they say, and tokens that only the
    files beside `tokenizer.json` name are among them. Where no file names special tokens, they are those of the class.

    Args:
        folder: holds `tokenizer.json` or one of the files of `TOKENIZER_FILES`.

    Raises:
        InputError: there is no tokenizer; it is damaged; two tokens have one id or one token two; its algorithm is unknown; it
            exists in slow Python only.

    Example:
        >>> import tempfile
        >>> place = Path(tempfile.mkdtemp())
        >>> byt5_vocabulary().save(place)
        >>> read_vocabulary(place).encode(["né"])
        [[113, 198, 172]]
    """
    if not folder.is_dir():
        raise InputError("there is no such folder", where=folder)
    path = folder / TOKENIZER_FILE
    companions = {name: (folder / name).read_bytes() for name in COMPANIONS if (folder / name).is_file()}
    if path.is_file():
        return _checked(_document(path), companions, str(path), folder)
    return _converted(folder, companions)


def _document(path: Path) -> Any:
    if path.stat().st_size > _MAX_BYTES:
        raise InputError("the file is too large for a tokenizer", where=path)
    try:
        return json.loads(path.read_bytes(), object_pairs_hook=without_repeated_keys)
    except (ValueError, RecursionError):
        raise InputError("the file is not valid JSON", where=path) from None
    except InputError as error:
        raise InputError(error.what, where=path) from None


def _checked(document: Any, companions: dict[str, bytes], place: str, folder: Path) -> Vocabulary:
    document = check_document(document, place)
    found = with_given_ids(Vocabulary(document, companions, place))
    _ = found.family
    beside = _json_file(folder / "config.json")
    found = with_named_tokens(found, _json_file(folder / _ADDED_FILE), _rows(beside))
    loader = str(beside.get("tokenizer_class") or beside.get("model_type") or "")
    known = companions if roles(companions) else with_class_defaults(companions, loader, found.ids)
    return replace(found, companions=known if CONFIG_FILE in companions else loaded_as_written(known), loader=loader)


def _rows(config: dict[str, Any]) -> int | None:
    """How many rows the matrix of a model has, as its configuration says."""
    text = config.get("text_config")
    found = config.get("vocab_size", text.get("vocab_size") if isinstance(text, dict) else None)
    return found if isinstance(found, int) else None


def _converted(folder: Path, companions: dict[str, bytes]) -> Vocabulary:
    config = _json_file(folder / "config.json")
    name = str(config_of(companions).get("tokenizer_class") or config.get("tokenizer_class") or "")
    if name.startswith("ByT5"):
        sentinels = config_of(companions).get("extra_ids", 125)
        found = byt5_vocabulary(sentinels if isinstance(sentinels, int) and 0 <= sentinels <= 1000 else 125)
        # saved anew, its class says that it has no sentinels, and names them as tokens
        said = Vocabulary(found.document, companions, str(folder))
        named = with_named_tokens(said, _json_file(folder / _ADDED_FILE), _rows(config))
        return Vocabulary(named.document, found.companions, str(folder))
    files = [each for each in _CLASS_OF_FILE if (folder / each).is_file()]
    if not files:
        raise InputError("there is no tokenizer.json", where=folder, fix="save the tokenizer into the folder")
    if all(each.endswith(".model") for each in files):
        _need_sentencepiece(folder / files[0])
    with TemporaryDirectory() as saved:
        _convert(folder, name or ("" if config.get("model_type") else _CLASS_OF_FILE[files[0]]), Path(saved))
        converted = {each: (Path(saved) / each).read_bytes() for each in COMPANIONS if (Path(saved) / each).is_file()}
        found = _checked(_document(Path(saved) / TOKENIZER_FILE), converted, str(folder), folder)
    return found.with_document()


def _need_sentencepiece(path: Path) -> None:
    absent = [
        name for name, module in (("sentencepiece", "sentencepiece"), ("protobuf", "google.protobuf")) if not _is_here(module)
    ]
    if absent:
        raise InputError(
            f"to convert a SentencePiece model the package {' and '.join(absent)} is needed, which is not installed",
            where=path,
            fix=f"pip install {' '.join(absent)}, or save the tokenizer as tokenizer.json",
        )


def _is_here(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _json_file(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _convert(folder: Path, name: str, saved: Path) -> None:
    import transformers

    loader = getattr(transformers, name.removesuffix("Fast"), None) or getattr(transformers, name, None) if name else None
    if loader is None:
        loader = transformers.AutoTokenizer
    try:
        tokenizer = loader.from_pretrained(folder, local_files_only=True)
    except Exception as error:
        reason = str(error).strip().partition("\n")[0][:200]
        raise InputError(f"the tokenizer has no tokenizer.json and cannot be converted ({reason})", where=folder) from None
    if not getattr(tokenizer, "is_fast", False):
        raise InputError(
            f"the tokenizer {type(tokenizer).__name__} exists in slow Python only and has no tokenizer.json",
            where=folder,
            fix="train or take a tokenizer that the library tokenizers has",
        )
    tokenizer.save_pretrained(saved)
