"""`panglot transfer`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from panglot.cli.run_options import DryRunOption, JsonOption, QuietOption, ShowRecipeOption, VerifyOption
from panglot.cli.training_options import settings_of


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("transfer")(transfer_command)


def transfer_command(
    task: Annotated[str, typer.Option("--task", help="A task's name or .yaml file, or a folder of LANGUAGE.SPLIT.jsonl.")],
    train: Annotated[str, typer.Option("--train", help="Languages to learn, each by itself: eng,swh; eng+swh together; all.")],
    test: Annotated[str, typer.Option("--test", help="Languages to test: eng,swh, or all.")] = "all",
    model: Annotated[str, typer.Option("--model", help="embedded:NAME, a folder, or a hub id.")] = "embedded:e5-small",
    data: Annotated[str | None, typer.Option("--data", help="Where the data of named tasks lies.")] = None,
    method: Annotated[str, typer.Option("--method", help="probe: a regression on frozen vectors; or finetune.")] = "probe",
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the method: epochs=3; may be given again (docs/transfer).")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=50, help="Trainings with different seeds, shown as mean.")] = 1,
    in_language: Annotated[
        bool, typer.Option("--in-language", help="Also learn each tested language in itself, where it has training items.")
    ] = False,
    shots: Annotated[
        int | None, typer.Option("--shots", min=1, help="Also learn so many items of the tested language.")
    ] = None,
    shots_how: Annotated[str, typer.Option("--shots-how", help="joint with the source, or after it.")] = "joint",
    translated: Annotated[
        str | None, typer.Option("--translated", help="A folder of translated items, for the two options below.")
    ] = None,
    translate_train: Annotated[
        str | None, typer.Option("--translate-train", help="Also learn translations: each language's, or all at once.")
    ] = None,
    translate_test: Annotated[
        bool, typer.Option("--translate-test", help="Also test on items translated into the source language.")
    ] = False,
    self_teaching: Annotated[
        bool, typer.Option("--self-teaching", help="With --translate-train: also with a teacher's soft labels (FILTER).")
    ] = False,
    unlabelled: Annotated[
        str | None,
        typer.Option("--unlabelled", help="A folder of texts without labels: learnt first, as a teacher labels them."),
    ] = None,
    synthetic: Annotated[
        str | None,
        typer.Option(
            "--synthetic", help="A folder of questions that a model wrote: chosen in rounds, learnt before the source."
        ),
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=0, help="Of --synthetic; 0 learns all of it.")] = 2,
    fusion: Annotated[
        bool, typer.Option("--fusion", help="With --translate-train: also text and translation in one network (FILTER).")
    ] = False,
    fields: Annotated[
        str | None, typer.Option("--fields", help="The one or two texts of an item that are read: premise,hypothesis.")
    ] = None,
    most_train: Annotated[int | None, typer.Option("--most-train", min=2, help="Learn so many items a language.")] = None,
    most_test: Annotated[int | None, typer.Option("--most-test", min=2, help="Test so many items a language.")] = None,
    seen: Annotated[
        str | None, typer.Option("--seen", help="Languages that the model saw in pretraining, to group by: eng,deu,…")
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option("--sizes", help="Text of each language, to group by: CSV or TSV (language, MB), corpus, embedded:NAME."),
    ] = None,
    training_text: Annotated[
        list[str] | None,
        typer.Option("--training-text", help="Look the test items up here: a corpus, a file or folder of text; repeat it."),
    ] = None,
    group_by: Annotated[str, typer.Option("--group-by", help="Order of the page: script, family or class.")] = "script",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Where all randomness comes from.")] = 17,
    out: Annotated[Path | None, typer.Option("--out", help="The run folder (default: runs/transfer).")] = None,
    dry_run: DryRunOption = False,
    show_recipe: ShowRecipeOption = False,
    verify: VerifyOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Learn a task in some languages, test it in all: the matrix of source and target languages, with gaps and intervals."""
    from panglot.cli.corpus.folders import documents_steps, sizes_place
    from panglot.cli.running import run_and_show
    from panglot.recipes.transfer import Transfer, transfer_recipe

    kinds: dict[str, Any] = {"in_language": True} if in_language else {}
    if shots is not None:
        kinds["few_shot"] = {"shots": shots, "how": shots_how}
    asked: dict[str, Any] = {
        "translated": translated, "translate_train": translate_train, "translate_test": translate_test,
        "unlabelled": unlabelled,
    }  # fmt: skip
    kinds |= {name: value for name, value in asked.items() if value}
    if self_teaching:
        kinds["self_teaching"] = {}
    if synthetic:
        kinds["synthetic"] = {"folder": synthetic, "rounds": rounds}
    if fusion:
        kinds["fusion"] = {}
    given: dict[str, Any] = {
        "kinds": kinds, "data": data, "fields": _listed(fields), "most_train": most_train, "most_test": most_test,
        "seen": _listed(seen),
    }  # fmt: skip
    settings = {"method": _method(method, changes or []), **{name: value for name, value in given.items() if value}}
    if seeds != 1:
        settings["seeds"] = seeds
    text = documents_steps(training_text, "training-text", option="--training-text") if training_text else {}
    wanted = Transfer(model, task, _listed(train), _listed(test), settings, group_by, seed, sizes_place(sizes), text)
    recipe = transfer_recipe(wanted)
    if show_recipe:
        print(recipe.to_yaml(), end="")
        return
    run_and_show(recipe, out or Path("runs") / recipe.name, dry_run=dry_run, quiet=quiet, as_json=as_json, verify=verify)


def _listed(said: str | None) -> list[str]:
    return [each.strip() for each in (said or "").split(",") if each.strip()]


def _method(name: str, changes: list[str]) -> Any:
    """The method with the settings of `--set`.

    Example:
        >>> _method("finetune", ["epochs=3", "precision=fp32"]), _method("probe", [])
        ({'method': 'finetune', 'epochs': 3, 'precision': 'fp32'}, 'probe')
    """
    return {"method": name, **settings_of(changes)} if changes else name
