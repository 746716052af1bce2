"""Options that the commands which run a recipe share."""

from typing import Annotated

import typer

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Print the plan; write nothing.")]
ShowRecipeOption = Annotated[bool, typer.Option("--show-recipe", help="Print the recipe; run nothing.")]
VerifyOption = Annotated[bool, typer.Option("--verify", help="Read every byte of kept steps again.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="No progress.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.")]
