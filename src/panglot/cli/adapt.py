"""`panglot adapt`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from panglot.artifacts import InputError
from panglot.cli.run_options import DryRunOption, JsonOption, QuietOption, ShowRecipeOption, VerifyOption
from panglot.cli.training_options import BudgetOption, ObjectiveOption, SetOption

if TYPE_CHECKING:
    from panglot.languages import Language


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("adapt")(adapt_command)


def adapt_command(
    language: Annotated[str, typer.Option("--language", help="The language to teach; with --text several in order: swh,hau.")],
    model: Annotated[str, typer.Option("--model", help="embedded:NAME, a folder, or a hub id.")] = "embedded:e5-small",
    pairs: Annotated[
        list[str] | None,
        typer.Option("--pairs", help="Pairs: TSV, JSONL, Parquet, TMX, PO, MO, XLIFF, 'a.hsb,a.en', a folder, hub:NAME."),
    ] = None,
    more: Annotated[list[str] | None, typer.Argument(help="More files for --pairs.", metavar="[FILE]...")] = None,
    text: Annotated[
        list[str] | None,
        typer.Option("--text", help="Text of the language, to go on training a language model: a folder, files, hsb=FILE."),
    ] = None,
    replay: Annotated[
        str | None,
        typer.Option(
            "--replay", help="With --text: languages to rehearse, with their share or not: eng,deu:0.25, eng,deu:search."
        ),
    ] = None,
    replay_text: Annotated[
        list[str] | None,
        typer.Option("--replay-text", help="Text of the languages of --replay; without it, installed gettext catalogues."),
    ] = None,
    budget: BudgetOption = None,
    guard: Annotated[
        float | None,
        typer.Option(
            "--guard",
            min=0,
            help="With --replay: bits per byte that a language of it may lose, 0.02 for example; with --compare on average.",
        ),
    ] = None,
    on_loss: Annotated[str, typer.Option("--on-loss", help="What the guard does then: replay, rollback or stop.")] = "replay",
    objective: ObjectiveOption = None,
    method: Annotated[
        str | None,
        typer.Option("--method", help="With --text: what of the model learns: full, lora, layra, bitfit, … (docs/adaptation)."),
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option("--compare", help="With --text: train by each of these methods, and compare: full,lora,layra@1e-3."),
    ] = None,
    changes: SetOption = None,
    pivot: Annotated[str, typer.Option("--pivot", help="The language on the other side of the pairs.")] = "eng",
    retain: Annotated[
        str | None, typer.Option("--retain", help="Languages that must not get worse, to be measured: deu,ces or none.")
    ] = None,
    other_pairs: Annotated[
        list[str] | None, typer.Option("--other-pairs", help="Pairs of a retained or control language: deu=FILE.")
    ] = None,
    retention_weight: Annotated[
        float,
        typer.Option("--retention-weight", min=0, help="Above 0: also hold the vectors of retained text where they were."),
    ] = 0.0,
    control: Annotated[str | None, typer.Option("--control", help="Language of the control training, or none.")] = None,
    relative: Annotated[
        str | None, typer.Option("--relative", help="A relative of the language, for a second control: what is kinship.")
    ] = None,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Passes over the pairs.")] = 5,
    batch_size: Annotated[int, typer.Option("--batch-size", min=2, help="Pairs a batch.")] = 32,
    learning_rate: Annotated[float, typer.Option("--learning-rate", help="Peak learning rate.")] = 1e-4,
    test: Annotated[int, typer.Option("--test", min=10, help="Pairs a language held out for measuring.")] = 120,
    min_words: Annotated[int, typer.Option("--min-words", min=1, help="Shorter strings are left out.")] = 3,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Where all randomness comes from.")] = 17,
    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds", min=1, max=20, help="Trainings with different seeds, reported as their mean: 1, or 3 to compare."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The run folder (default: runs/CODE).")] = None,
    dry_run: DryRunOption = False,
    show_recipe: ShowRecipeOption = False,
    verify: VerifyOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Teach a model a language, and measure before and after.

    From sentence pairs a sentence encoder learns translations, against a control. With --text a language model is trained on.
    """
    from panglot.cli.console import Screen
    from panglot.cli.running import run_and_show
    from panglot.languages import Language
    from panglot.recipes.adapt import Adaptation, adapt_recipe

    screen = Screen(quiet=quiet or as_json)
    if "," in language:
        if not text:
            raise InputError(
                "several languages are taught from text", where="--language", fix="give --text CODE=FILE for each of them"
            )
        from panglot.cli.adapt_sequence import sequence_of
        from panglot.cli.adapt_text import TextOptions

        several = [_language(each.strip(), screen) for each in language.split(",")]
        options = TextOptions(
            text, replay, replay_text or [], budget, guard, on_loss, objective, changes or [], method, compare, seeds or 1
        )
        recipe = sequence_of(several, model, options, seed)
        if show_recipe:
            print(recipe.to_yaml(), end="")
            return
        folder = out or Path("runs") / "-".join(each.code for each in several)
        run_and_show(recipe, folder, dry_run=dry_run, quiet=quiet, as_json=as_json, verify=verify)
        return
    taught = _language(language, screen)
    if text:
        from panglot.cli.adapt_text import TextOptions, text_recipe

        options = TextOptions(
            text, replay, replay_text or [], budget, guard, on_loss, objective, changes or [], method, compare, seeds or 3
        )
        recipe = text_recipe(taught, model, [*(pairs or []), *(more or [])], Language.parse(pivot), options, seed)
        if show_recipe:
            print(recipe.to_yaml(), end="")
            return
        folder = out or Path("runs") / (f"{taught.code}-compare" if compare else f"{taught.code}-text")
        run_and_show(recipe, folder, dry_run=dry_run, quiet=quiet, as_json=as_json, verify=verify)
        return
    for name, each in (
        ("--replay", replay),
        ("--guard", guard),
        ("--budget", budget),
        ("--objective", objective),
        ("--method", method),
        ("--compare", compare),
    ):
        if each is not None:
            raise InputError(f"{name} is for training on text", where=name, fix="give --text FOLDER as well")
    given = _other_pairs(other_pairs or [])
    bridge = Language.parse(pivot)
    retained, control_language = _company(taught, bridge, retain, control, given, screen)
    wanted = Adaptation(
        language=taught,
        model=model,
        pairs=[*(pairs or []), *(more or [])],
        pivot=bridge,
        retain=retained,
        retain_pairs=given,
        retention_weight=retention_weight,
        control=control_language,
        relative=Language.parse(relative) if relative else None,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        test=test,
        min_words=min_words,
        seed=seed,
        seeds=seeds or 1,
    )
    recipe = adapt_recipe(wanted)
    if show_recipe:
        print(recipe.to_yaml(), end="")
        return
    folder = out or Path("runs") / taught.code
    run_and_show(recipe, folder, dry_run=dry_run, quiet=quiet, as_json=as_json, verify=verify)


def _language(text: str, screen: object) -> "Language":
    from panglot.cli.console import Screen
    from panglot.languages import Language

    understood = Language.explain(text)
    assert isinstance(screen, Screen)
    screen.say(understood.said)
    return understood.language


def _other_pairs(given: list[str]) -> "dict[Language, list[str]]":
    from panglot.languages import Language

    found: dict[Language, list[str]] = {}
    for each in given:
        code, equals, file = each.partition("=")
        if not equals or not file:
            raise InputError(
                f"{each!r} is not of the form LANGUAGE=FILE", where="--other-pairs", fix="for example deu=german.tsv"
            )
        found.setdefault(Language.parse(code), []).append(file)
    return found


def _company(
    taught: "Language",
    pivot: "Language",
    retain: str | None,
    control: str | None,
    given: "dict[Language, list[str]]",
    screen: object,
) -> "tuple[list[Language], Language | None]":
    """The retained languages and the control: as asked, or what the given files and the installed catalogues have."""
    from panglot.cli.console import Screen
    from panglot.corpus.gettext_harvest import available_languages
    from panglot.languages import Language
    from panglot.recipes.adapt import DEFAULT_CONTROLS, DEFAULT_RETAINED

    assert isinstance(screen, Screen)
    at_hand = {each.tag for each in given}
    if retain is None or control is None:
        at_hand |= set(available_languages([]))
    usable = at_hand - {taught.tag, pivot.tag}
    if retain is None:
        retained = [Language(each) for each in DEFAULT_RETAINED if each in usable] if pivot.tag == "eng_Latn" else []
        if not retained:
            screen.say(
                "no retained language is measured: no pairs at hand; give --retain and --other-pairs, or install panglot[demo]"
            )
    else:
        retained = [] if retain == "none" else [Language.parse(each) for each in retain.split(",") if each.strip()]
    if control is not None:
        return retained, None if control == "none" else Language.parse(control)
    controls = [*given, *(Language(each) for each in DEFAULT_CONTROLS)]
    chosen = next((each for each in controls if each.tag in usable), None)
    if chosen is None:
        screen.say("no control is trained: no pairs of another language at hand; give --control and --other-pairs")
    return retained, chosen
