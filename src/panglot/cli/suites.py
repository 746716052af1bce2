"""What `panglot tasks` says of suites."""

from typing import TYPE_CHECKING, Any

from panglot.cli.console import output, print_json

if TYPE_CHECKING:
    from panglot.evaluation.tasks.suite import Suite


def suite_summary(suite: "Suite") -> dict[str, Any]:
    """The row of a suite in the list of tasks."""
    from panglot.evaluation import tasks

    languages = sorted({tag for name in suite.tasks for tag in tasks.find(name).languages})
    known = {"name": f"suite:{suite.name}", "title": f"{suite.title}: {', '.join(suite.tasks)}", "kind": "suite"}
    unknown = {"translated": None, "licence": "of its tasks", "commercial": None, "here": None, "items": None}
    return {**known, **unknown, "languages": languages, "tasks": list(suite.tasks), "absent": suite.absent}


def show_suite(name: str, *, as_json: bool) -> None:
    """Print a suite: its tasks with their languages, groups and weights, and what is not here."""
    from rich.text import Text

    from panglot.evaluation import tasks
    from panglot.evaluation.tasks.suite import find_suite

    suite = find_suite(name)
    if as_json:
        print_json(suite.model_dump(mode="json"))
        return
    lines = [f"suite:{suite.name}: {suite.title}", f"  cite      {suite.citation}"]
    width = max(map(len, (*suite.tasks, *suite.absent, " " * 12))) + 2
    for each, member in suite.tasks.items():
        task = tasks.find(each)
        count = len(tasks.choose_languages(member.languages, task.languages))
        more = [member.group, f"split {member.split}" if member.split else "", f"weight {member.weight:g}"]
        lines.append(f"  {each:<{width}}{task.kind}, {count} languages, {', '.join(one for one in more if one)}")
    lines += [f"  {each:<{width}}not here: {reason}" for each, reason in suite.absent.items()]
    lines += [f"note: {suite.note}"] if suite.note else []
    output().print(Text("\n".join(lines)))
