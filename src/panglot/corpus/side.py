"""Component `corpus.side`: one side of pairs as documents."""

from collections import Counter
from typing import Literal

from panglot.artifacts import Step
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter, document_id
from panglot.corpus.pairs import Pairs


def side(*, of: Pairs, side: Literal["source", "target", "both"] = "source", step: Step) -> Documents:
    """Take the texts of one side of pairs, or of both, each text of a language once, in the order of the table.

    Args:
        of: pairs.
        side: `source` is the language being taught, `target` the pivot; `both` takes the two of a pair
            one after the other.
        step: where to write.
    """
    seen: set[bytes] = set()
    counts: Counter[str] = Counter()
    with DocumentWriter(step.out / DOCUMENTS_FILE) as writer:
        for row in of.rows():
            for each in ("source", "target") if side == "both" else (side,):
                text, tag = row[f"{each}_text"], row[f"{each}_language"]
                digest = bytes.fromhex(document_id(tag, text))
                if text and digest not in seen:
                    seen.add(digest)
                    counts[tag] += 1
                    writer.document(text, tag, source=row["origin"])
    step.figures["documents"] = dict(sorted(counts.items()))
    return Documents(step.out)
