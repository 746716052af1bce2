"""`python -m panglot` is `panglot`."""

from panglot.cli import main

main()
