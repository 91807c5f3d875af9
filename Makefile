# The commands of a checkout. `make run` and `make test` need Python 3.11 or newer and nothing else.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV := $(VENV)/.dev
JOBS ?= auto
CORE_TESTS := $(addprefix tests/,people courses institutions cohorts templates)

.PHONY: run test check lint types contracts texts installed alone soak bench wheel clean

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Bimtek needs Python 3.11 or newer: make PYTHON=python3.12 run")'
	$(PYTHON) -m venv $(VENV)

$(READY): $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(DEV): $(READY)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev
	touch $@

run: $(READY)  ## Serves the product with its demo on http://127.0.0.1:8000
	@exec $(BIN)/bimtek serve --port $(PORT)

test: $(DEV)  ## The whole suite on real PostgreSQL, in parallel
	$(BIN)/python -m pytest -n $(JOBS) -m "not soak and not installed"

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --lint --quiet templates plugins

types: $(DEV)
	$(BIN)/mypy

contracts: $(DEV)
	$(BIN)/lint-imports

texts: $(DEV)
	$(BIN)/python -m core.i18n_tool check

check: lint types contracts texts alone test  ## What CI runs

installed: $(DEV)  ## `make run` for an ordinary user and for root, and the wheel, from nothing
	$(BIN)/python -m pytest -n $(JOBS) -m installed

alone: $(DEV)  ## Core's tests with every plugin absent
	TEST_WITHOUT_PLUGINS=1 $(BIN)/python -m pytest -q -n $(JOBS) -m "not needs_plugins" $(CORE_TESTS)

soak: $(DEV)  ## The long versions; the last result is kept in docs/soak.md
	$(BIN)/python -m pytest -m soak

bench: $(DEV)  ## Pages and saves beside the bare minimum, in one run
	$(BIN)/python -m benchmarks

wheel: $(DEV)
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) dist build
