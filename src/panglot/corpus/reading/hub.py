"""Data sets of the Hugging Face hub, read only when a person names one: `hub:NAME[:config][:split]`."""

from collections.abc import Iterator

from panglot.artifacts import InputError, PanglotError
from panglot.corpus.reading.bounded import Account, Entry, Sides
from panglot.corpus.reading.json_lines import RecordReader

_SPLITS = {"train", "validation", "test", "dev", "devtest", "valid"}


def parse_hub_name(said: str) -> tuple[str, str | None, str]:
    """Name, configuration and split. One part after the name is a split where it is named like one, else a configuration.

    Example:
        >>> parse_hub_name("hub:owner/set:hsb-eng"), parse_hub_name("hub:owner/set:test")
        (('owner/set', 'hsb-eng', 'train'), ('owner/set', None, 'test'))
    """
    parts = said.removeprefix("hub:").split(":")
    name, rest = parts[0], [part for part in parts[1:] if part]
    if not name or len(rest) > 2:
        raise InputError("a hub data set is written hub:NAME[:config][:split]", where=said)
    if len(rest) == 2:
        return name, rest[0], rest[1]
    if rest and rest[0] not in _SPLITS:
        return name, rest[0], "train"
    return name, None, rest[0] if rest else "train"


def read_hub(said: str, sides: Sides, account: Account) -> Iterator[Entry]:
    """Pairs of a hub data set, streamed. No code of the data set is ever run.

    Raises:
        InputError: it cannot be reached or loaded, or its columns do not name the two sides.
    """
    name, config, split = parse_hub_name(said)
    from datasets import load_dataset

    reader = RecordReader(sides, account)
    try:
        for number, record in enumerate(load_dataset(name, config, split=split, streaming=True)):
            entry = reader.entry(record, f"{said}, row {number + 1}")
            if entry is not None:
                yield entry
    except PanglotError:
        raise
    except Exception as error:
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise InputError(
            f"the hub data set cannot be loaded: {first_line}",
            where=said,
            fix="check its name, its configuration and the network, or download it and give the files",
        ) from error
