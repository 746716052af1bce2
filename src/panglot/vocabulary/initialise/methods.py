"""All methods of initialisation. Adding one: its file, and one line in each of the two lists here."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from panglot.artifacts import digest_file, digest_folder
from panglot.vocabulary.initialise.align import Align
from panglot.vocabulary.initialise.convex_hull import ConvexHull
from panglot.vocabulary.initialise.focus import Focus
from panglot.vocabulary.initialise.mean import Mean
from panglot.vocabulary.initialise.merge_tree import MergeTree
from panglot.vocabulary.initialise.multivariate import Multivariate
from panglot.vocabulary.initialise.noisy_mean import NoisyMean
from panglot.vocabulary.initialise.ofa import Ofa
from panglot.vocabulary.initialise.omp import OMP
from panglot.vocabulary.initialise.random import Random
from panglot.vocabulary.initialise.subword_mean import SubwordMean
from panglot.vocabulary.initialise.task import Method
from panglot.vocabulary.initialise.transmi import TransMI
from panglot.vocabulary.initialise.wechsel import Wechsel


def _spelled_out(said: Any) -> Any:
    return {"method": said} if isinstance(said, str) else said


Initialise = Annotated[
    Annotated[
        Random  # the order is that of the reference page
        | Mean
        | NoisyMean
        | Multivariate
        | SubwordMean
        | MergeTree
        | Align
        | Wechsel
        | Focus
        | Ofa
        | ConvexHull
        | TransMI
        | OMP,
        Field(discriminator="method"),
    ],
    BeforeValidator(_spelled_out),
]
"""A method by name (`focus`), or with its parameters (`{method: focus, dimension: 300}`)."""


def files_read(*, initialise: Method | None = None, **_: object) -> dict[str, str]:
    """Digest of each file and folder that a component's parameter `initialise` names; for `panglot.artifacts.reads`.

    What is not there is left out: the method itself says so when it is run.

    Example:
        >>> files_read(initialise=Focus(vectors="no-such-file.vec"), model=None)
        {}
    """
    files = [] if initialise is None else initialise.files()
    found = {str(each): digest_folder(each) if each.is_dir() else digest_file(each) for each in files if each.exists()}
    return dict(sorted(found.items()))
