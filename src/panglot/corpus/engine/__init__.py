"""Does the tasks of a step in worker processes, or on a Ray cluster: streaming, ordered, in bounded memory, safe to interrupt.

`run_tasks` is for any work that is cut into tasks, `by_document` for work inside a task that judges document by document (it
sets the documents aside that cannot be judged), and `sieve` for components that keep some documents and drop the others.
"""

import sys

from panglot.corpus.engine.attempt import Judged, by_document
from panglot.corpus.engine.sieve import sieve
from panglot.corpus.engine.tasks import run_tasks

__all__ = ["Judged", "by_document", "close", "run_tasks", "sieve"]


def close() -> None:
    """End the workers that were kept for the next step; the next one starts its own."""
    for name, end in (("local", "close_idle"), ("on_ray", "disconnect")):
        module = sys.modules.get(f"{__name__}.{name}")
        if module is not None:
            getattr(module, end)()
