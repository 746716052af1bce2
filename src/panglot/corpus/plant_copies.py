"""Component `corpus.plant_copies`: documents that stand several times, more often the better or the worse they are."""

import json
from collections import Counter
from typing import Annotated

import numpy as np
from pydantic import Field

from panglot.artifacts import InputError, Step
from panglot.corpus.documents import DOCUMENTS_FILE, Documents, DocumentWriter

Shares = dict[Annotated[int, Field(ge=1)], Annotated[float, Field(gt=0)]]


def plant_copies(*, of: Documents, clean: Shares, noise: Shares, shuffled: bool = False, step: Step) -> Documents:
    """Write each document several times, to test what is made of the sizes of clusters.

    How often is drawn by the seed, for clean documents and for planted noise from shares of their own. With `shuffled` the
    same numbers are dealt out again over all documents of a language, so that they say nothing of what is noise.

    Args:
        of: documents in which `corpus.plant_noise` planted noise.
        clean: size of a cluster to the share of clean documents that are in one; shares are brought to a sum of 1.
        noise: the same for noise.
        shuffled: whether sizes are independent of noise.
        step: where to write. The copies are the document and keep its id; they stand behind one another.

    Raises:
        InputError: no size is given.

    Example:
        >>> import tempfile; from pathlib import Path
        >>> place = Path(tempfile.mkdtemp())
        >>> with DocumentWriter(place / "documents.parquet") as writer:
        ...     writer.document("Dobry dźeń", "hsb_Latn", source="example")
        >>> (place / "out").mkdir()
        >>> len(plant_copies(of=Documents(place), clean={3: 1.0}, noise={1: 1.0}, step=Step(place / "out")))
        3
    """
    for name, shares in (("clean", clean), ("noise", noise)):
        if not shares:
            raise InputError(
                "no size of a cluster is given", where=name, fix="give sizes and their shares, as {1: 0.6, 2: 0.4}"
            )
    rng = np.random.default_rng(step.seed)
    draws = {
        name: (np.array(list(shares), np.int64), np.array(list(shares.values())) / sum(shares.values()))
        for name, shares in (("clean", clean), ("noise", noise))
    }
    kinds, languages, sizes = [], [], []
    for row in of.rows():
        kinds.append("noise" if "noise" in json.loads(row["meta"] or "{}") else "clean")
        languages.append(row["language"])
        values, shares_of = draws[kinds[-1]]
        sizes.append(int(rng.choice(values, p=shares_of)))
    if shuffled:
        for tag in sorted(set(languages)):
            places = [place for place, each in enumerate(languages) if each == tag]
            dealt = rng.permutation([sizes[place] for place in places]).tolist()
            for place, size in zip(places, dealt, strict=True):
                sizes[place] = size
    counts = {name: Counter(size for size, kind in zip(sizes, kinds, strict=True) if kind == name) for name in draws}
    with DocumentWriter(step.out / DOCUMENTS_FILE) as writer:
        for row, size in zip(of.rows(), sizes, strict=True):
            for _ in range(size):
                writer.row(row)
    step.figures["documents"] = {"in": len(sizes), "written": writer.count}
    step.figures["sizes"] = {name: {str(size): found[size] for size in sorted(found)} for name, found in counts.items()}
    return Documents(step.out)
