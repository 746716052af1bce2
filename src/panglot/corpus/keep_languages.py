"""Component `corpus.keep_languages`: the documents of some languages."""

from functools import partial

import pyarrow as pa

from panglot.artifacts import InputError, Step
from panglot.corpus.documents import Documents
from panglot.corpus.engine import sieve
from panglot.languages import Language

OTHER = "other language"


def keep_languages(*, of: Documents, languages: list[Language], step: Step) -> Documents:
    """Keep the documents of some languages; the others are dropped as of an `other language`.

    Args:
        of: documents.
        languages: the languages to keep.
        step: where to write.

    Raises:
        InputError: no language is given, or there is no document of any of them.
    """
    tags = frozenset(each.tag for each in languages)
    if not tags:
        raise InputError("no language is given", where="languages")
    found = sieve(of, partial(decide, tags), step=step, label="keeping languages")
    if not step.figures["documents"]["kept"]:
        raise InputError(
            f"there is no document of {', '.join(sorted(tags))}", fix=f"there are documents of {', '.join(of.languages)}"
        )
    return found


def decide(tags: frozenset[str], documents: pa.Table) -> list[str | None]:
    """The reason to drop each document.

    Example:
        >>> decide(frozenset(["hsb_Latn"]), pa.table({"language": ["hsb_Latn", "deu_Latn"]}))
        [None, 'other language']
    """
    return [None if each in tags else OTHER for each in documents["language"].to_pylist()]
