"""Component `corpus.deduplicate`: one document of each cluster."""

from functools import partial
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from panglot.artifacts import Step
from panglot.corpus.documents import Documents
from panglot.corpus.duplicates.clusters import Clusters
from panglot.corpus.engine import sieve

Keep = Literal["first", "longest"]


def deduplicate(*, of: Documents, clusters: Clusters, keep: Keep = "first", step: Step) -> Documents:
    """Keep one document of each cluster, and none of a cluster that an index knows.

    Dropped documents stand under `dropped/` with the reason `duplicate`, or `known: NAME` with the name of the index.

    Args:
        of: the documents of which the clusters were made.
        clusters: from `corpus.exact_duplicates` or `corpus.near_duplicates`.
        keep: the first document of a cluster, or the longest text (the first of several).
        step: where to write.

    Raises:
        InputError: the clusters were made of other documents.
    """
    column = "keep" if keep == "first" else "longest"
    return sieve(of, partial(reasons, column), step=step, label="deduplicating", sidecars=[clusters])


def reasons(column: str, documents: pa.Table, clusters: pa.Table) -> pa.ChunkedArray:
    """Why documents are dropped; nothing for those that stay."""
    known = pc.if_else(pc.is_valid(clusters["known"]), pc.binary_join_element_wise("known", clusters["known"], ": "), None)
    reason = pc.coalesce(known, "duplicate")
    return pc.if_else(clusters[column], pa.scalar(None, pa.string()), reason)
