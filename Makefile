# Two commands for people: `make demo` and `make test`. Both make .venv first, from constraints.txt.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# a file's tests share fixtures: they stay in one process; files come in the order of tests/conftest.py, not by their number of tests
PARALLEL := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: demo test check lint docs format clean

demo: $(VENV)/ready
	$(BIN)/panglot run add-upper-sorbian --open

test: $(VENV)/ready
	$(BIN)/python -m pytest $(PARALLEL)

check: lint
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow"

lint: $(VENV)/ready-docs
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/mkdocs build --strict --site-dir build/site

docs: $(VENV)/ready-docs
	$(BIN)/mkdocs serve

format: $(VENV)/ready
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

$(VENV)/ready: constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[demo,minilm,web,ray,dev]'
	@touch $@

$(VENV)/ready-docs: $(VENV)/ready
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[docs]'
	@touch $@

clean:
	rm -rf $(VENV) build dist site
