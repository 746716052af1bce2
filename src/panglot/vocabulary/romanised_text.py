"""Component `vocabulary.romanised_text`: texts beside their romanisation, as pairs."""

from panglot.artifacts import Step
from panglot.corpus.documents import Documents
from panglot.corpus.pairs import PAIRS_FILE, Pairs, PairWriter
from panglot.vocabulary.romanise import romaniser


def romanised_text(*, of: Documents, step: Step) -> Pairs:
    """Set each text beside itself in Latin letters, with uroman (Hermjakob et al. 2018): what `translico` learns from.

    The target has the language of the source and the script `Latn`. A text that is written in ASCII stands beside itself.

    Args:
        of: documents in any script.
        step: where to write.
    """
    found = romaniser()
    changed = count = 0
    with PairWriter(step.out / PAIRS_FILE) as writer, step.progress("romanising", total=len(of)) as progress:
        for row in progress.track(of.rows()):
            text, tag = row["text"], row["language"]
            (latin,) = found.romanise([text])
            changed += latin != text
            count += 1
            writer.pair(text, latin, tag, tag if tag == "und" else f"{tag[:3]}_Latn", origin=row["source"])
    step.figures.update(pairs=count, changed=changed)
    return Pairs(step.out)
