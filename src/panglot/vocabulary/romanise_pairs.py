"""Component `vocabulary.romanise_pairs`: the source side of pairs in Latin letters."""

from panglot.artifacts import Step
from panglot.corpus.pairs import PAIRS_FILE, Pairs, PairWriter
from panglot.vocabulary.romanise import romaniser


def romanise_pairs(*, of: Pairs, step: Step) -> Pairs:
    """Write the source side of pairs in Latin letters, with uroman (Hermjakob et al. 2018); languages keep their tags.

    Args:
        of: pairs whose source side is in any script.
        step: where to write.
    """
    found = romaniser()
    changed = 0
    with PairWriter(step.out / PAIRS_FILE) as writer, step.progress("romanising", total=len(of)) as progress:
        for row in progress.track(of.rows()):
            (text,) = found.romanise([row["source_text"]])
            changed += text != row["source_text"]
            writer.row({**row, "source_text": text})
    step.figures.update(pairs=len(of), changed=changed)
    return Pairs(step.out)
