"""`panglot plan`: tokens, hours, memory and energy before anything is spent."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from panglot.cli.run_options import QuietOption

if TYPE_CHECKING:
    from panglot.artifacts import Step
    from panglot.corpus.documents import Documents
    from panglot.training.estimates import MachineEstimate
    from panglot.training.plan import Plan

_GIB = 2**30


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plan")(plan_command)


def plan_command(
    model: Annotated[
        str | None, typer.Option("--model", help="A model that exists: a folder, hub:NAME, embedded:NAME.")
    ] = None,
    architecture: Annotated[
        str | None, typer.Option("--architecture", help="Of a new model: encoder, decoder, seq2seq, or a family.")
    ] = None,
    size: Annotated[str | None, typer.Option("--size", help="Of a new model, embeddings counted: 6M, 0.5B.")] = None,
    tokenizer: Annotated[str | None, typer.Option("--tokenizer", help="Of a new model: a folder or a name.")] = None,
    vocabulary: Annotated[
        int | None, typer.Option("--vocabulary", min=1, help="Tokens of a new model without tokenizer.")
    ] = None,
    text: Annotated[
        Path | None, typer.Option("--text", help="What it learns from: a folder of documents, or text files.")
    ] = None,
    tokens: Annotated[str | None, typer.Option("--tokens", help="How many it sees: 50M, 2B.")] = None,
    batch_bytes: Annotated[int | None, typer.Option("--batch-bytes", min=64, help="Bytes of text in a step.")] = None,
    sequence_length: Annotated[int | None, typer.Option("--sequence-length", min=8, help="Tokens in a row.")] = None,
    checkpointing: Annotated[bool, typer.Option("--checkpointing", help="Compute layers again to save memory.")] = False,
    gpu: Annotated[list[str] | None, typer.Option("--gpu", help="H100, 8xA100, L4, …; may be given again.")] = None,
    utilisation: Annotated[float, typer.Option("--utilisation", help="Share of a GPU's peak that training reaches.")] = 0.4,
    seconds: Annotated[float, typer.Option("--seconds", min=0, help="Of the probe on this machine; 0 for none.")] = 10.0,
    runs: Annotated[
        Path | None,
        typer.Option("--runs", help="Earlier runs, to forecast the loss from: a table, or a folder of run folders."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Where all randomness comes from.")] = 17,
    quiet: QuietOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what a training takes before it is begun: tokens, hours, memory, energy, here and on GPUs by name."""
    from tempfile import TemporaryDirectory

    from panglot.artifacts import Step
    from panglot.cli.console import Screen, output, print_json
    from panglot.training.plan import plan_training

    with TemporaryDirectory() as place, Screen(quiet=quiet or as_json) as screen:
        said: list[str] = []
        if runs is not None and runs.is_dir():
            from panglot.recipes.runs_table import runs_table

            said = runs_table(runs, Path(place) / "runs.parquet")
            runs = Path(place) / "runs.parquet"
        step = Step(Path(place), seed=seed, listener=screen.listener)
        found = plan_training(
            model=model,
            architecture=architecture,
            size=size,
            tokenizer=tokenizer,
            vocabulary=vocabulary,
            text=_documents(text, Path(place), step),
            tokens=_tokens(tokens),
            batch_bytes=batch_bytes,
            sequence_length=sequence_length,
            checkpointing=checkpointing,
            gpus=gpu or [],
            utilisation=utilisation,
            seconds=seconds,
            runs=runs,
            step=step,
        )
    found = replace(found, unknown=(*found.unknown, *said))
    if as_json:
        print_json(plan_values(found))
        return
    for each in _tables(found):
        output().print(each)


def _documents(text: Path | None, place: Path, step: "Step") -> "Documents | None":
    """The documents of a folder, of a run's last step, or of text files."""
    from panglot.artifacts import InputError, step_folder
    from panglot.cli.corpus.folders import has_documents, last_documents
    from panglot.corpus.documents import Documents
    from panglot.corpus.read_text import read_text

    if text is None:
        return None
    if not text.exists():
        raise InputError("there is no such file or folder", where=f"--text {text}")
    folder = last_documents(text) if (text / "steps").is_dir() else text
    if has_documents(folder):
        return Documents.open(folder)
    with step.progress(f"reading {text.name}"), step_folder(place / "text") as reading:
        read_text(files=[str(text)], step=reading)
    return Documents.open(place / "text")


def _tokens(text: str | None) -> int | None:
    from panglot.artifacts import InputError
    from panglot.training.size import parse_size

    if text is None:
        return None
    try:
        return parse_size(text)
    except InputError:
        raise InputError(f"a number of tokens such as 50M or 2B was expected, not {text!r}", where="--tokens") from None


def plan_values(plan: "Plan") -> dict[str, Any]:
    """A plan as plain values."""
    model = plan.model
    return {
        "model": {
            "name": model.name, "kind": model.kind, "parameters": model.parameters, "vocabulary": model.vocabulary,
            "layers": model.layers, "width": model.width, "shape": plan.shape.figures() if plan.shape else None,
        },
        "text": None if plan.text is None else asdict(plan.text) | {"bytes_a_token": plan.text.bytes_a_token},
        "training": plan.dial.figures() | {"sequence_length": plan.row},
        "operations": plan.operations,
        "activation_bytes_a_token": plan.activation_bytes,
        "probe": None if plan.probed is None else asdict(plan.probed),
        "probe_memory": None if plan.probe_memory is None else asdict(plan.probe_memory) | {"total": plan.probe_memory.total},
        "machines": [_machine_values(each) for each in plan.machines],
        "losses": [asdict(each) for each in plan.losses],
        "unknown": list(plan.unknown),
    }  # fmt: skip


def _machine_values(machine: "MachineEstimate") -> dict[str, Any]:
    energy = machine.kilowatt_hours
    return asdict(machine) | {"memory_total": machine.memory.total, "kilowatt_hours": list(energy) if energy else None}


def _tables(plan: "Plan") -> list[Any]:
    from rich.table import Table
    from rich.text import Text

    from panglot.training.size import show_size

    facts = Table(box=None, pad_edge=False, show_header=False)
    facts.add_row(
        "model", Text(str(plan.shape) if plan.shape else f"{plan.model.name}, {show_size(plan.model.parameters)} parameters")
    )
    if plan.text is not None:
        spread = f" ± {show_size(plan.text.error)}" if plan.text.error else ""
        facts.add_row(
            "text",
            f"{plan.text.documents:,} documents in {plan.text.languages} languages, {show_size(plan.text.bytes)} bytes, "
            f"{show_size(plan.text.tokens)} tokens{spread} ({plan.text.bytes_a_token:.2f} bytes a token)",
        )
    facts.add_row("training", Text(str(plan.dial)))
    facts.add_row("work", f"{plan.operations:.3g} floating-point operations, rows of {plan.row} tokens")
    if plan.probed is not None:
        formula = f" (the formula says {plan.probe_memory.total / _GIB:.2f})" if plan.probe_memory else ""
        facts.add_row(
            "probe",
            f"{plan.probed.steps} steps of {plan.probed.batch_tokens:,.0f} tokens in {plan.probed.seconds:.1f} s on "
            f"{plan.probed.device} ({plan.probed.precision}), peak {plan.probed.peak_memory / _GIB:.2f} GiB{formula}",
        )
    for each in plan.losses:
        facts.add_row(
            "loss" if each.name == "all" else f"loss {each.name}",
            f"{each.loss:.3f} (95 % interval {each.low:.3f} to {each.high:.3f}), from {each.runs} runs",
        )
    machines = Table(box=None, pad_edge=False)
    for heading in ("machine", "tokens/s", "hours", "from", "to", "memory", "of", "fits", "kWh", "speed"):
        machines.add_column(heading, justify="left" if heading in ("machine", "fits", "speed") else "right")
    for machine in plan.machines:
        energy = machine.kilowatt_hours
        machines.add_row(
            machine.machine,
            f"{machine.tokens_per_second:,.0f}",
            *(show_hours(each) for each in (machine.hours, machine.hours_low, machine.hours_high)),
            f"{machine.memory.total / _GIB:.1f} GiB",
            f"{machine.memory_has / _GIB:.0f} GiB" if machine.memory_has else "",
            machine.fits,
            f"{energy[0]:.3g}" if energy else "not known",
            "measured" if machine.measured else "assumed",
        )
    parts = Table(box=None, pad_edge=False)
    names = ("weights", "gradients", "optimizer", "casts", "activations", "logits")
    for heading in ("memory of", *names, "tokens at a time"):
        parts.add_column(heading, justify="left" if heading == "memory of" else "right")
    for machine in plan.machines:
        values = [getattr(machine.memory, name) for name in names]
        parts.add_row(
            machine.machine,
            *("not known" if each is None else f"{each / _GIB:.2f}" for each in values),
            f"{machine.tokens_at_a_time:,}",
        )
    said = [Text(f"- {each}") for each in plan.unknown]
    blocks: list[Any] = [facts]
    if plan.machines:
        blocks += ["", machines, "", parts]
    return [*blocks, "", *said] if said else blocks


def show_hours(hours: float) -> str:
    """Hours as a person says them.

    Example:
        >>> show_hours(0.004), show_hours(0.5), show_hours(30), show_hours(5000)
        ('14 s', '30 min', '30 h', '208 days')
    """
    if hours < 1 / 60:
        return f"{hours * 3600:.2g} s"
    if hours < 1:
        return f"{hours * 60:.2g} min"
    return f"{hours:.3g} h" if hours < 100 else f"{hours / 24:,.0f} days"
