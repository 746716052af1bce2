"""Component `corpus.merge`: several tables of pairs to one."""

from collections import Counter

from panglot.artifacts import InputError, Step
from panglot.corpus.pairs import PAIRS_FILE, Pairs, PairWriter


def merge(*, of: list[Pairs], step: Step) -> Pairs:
    """Put tables of pairs one after the other; a pair that stands in several is kept once, where it comes first.

    Args:
        of: tables, in order.
        step: where to write.

    Raises:
        InputError: no table is given.
    """
    if not of:
        raise InputError("no table of pairs is given", where="of")
    seen: set[bytes] = set()
    counts: Counter[str] = Counter()
    repeated = 0
    with (
        PairWriter(step.out / PAIRS_FILE) as writer,
        step.progress("merging pairs", total=sum(map(len, of))) as progress,
    ):
        for pairs in of:
            for row in progress.track(pairs.rows()):
                digest = bytes.fromhex(row["id"])
                if digest in seen:
                    repeated += 1
                    continue
                seen.add(digest)
                writer.row(row)
                counts[row["source_language"]] += 1
    step.figures.update(pairs=dict(sorted(counts.items())), repeated=repeated)
    return Pairs(step.out)
