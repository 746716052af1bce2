"""Whether programs that a model wrote have to be run, and may be."""

from panglot.artifacts import InputError
from panglot.evaluation.prompts.families import Asked, family_of

NOT_ALLOWED = "its answers are programs that a model wrote, which have to be run, and nobody said that they may"
SWITCH = "say so with --run-code (how: {run_code: true}): each runs in a sandbox without network, files or your variables"


def runs_programs(task: Asked) -> bool:
    """Whether the answers to a task are programs, which are judged by running them.

    Example:
        >>> from panglot.evaluation import tasks
        >>> runs_programs(tasks.find("humaneval")), runs_programs(tasks.find("codescope-summary"))
        (True, False)
    """
    try:
        return task.kind == "generation" and family_of(task).answer == "program"
    except InputError:
        # without a family there are no prompts: whoever asks it is told so
        return False


def require_running(task: str, allowed: bool) -> None:
    """Raise where programs of a model have to be run and must not, or cannot.

    Raises:
        InputError: nobody said that they may be run, or there is no sandbox.
    """
    from panglot.evaluation.running.sandbox import require

    if not allowed:
        raise InputError(f"{task}: {NOT_ALLOWED}", fix=SWITCH)
    require()
