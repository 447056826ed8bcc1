# The whole workflow. Stamp files in .venv say what is installed, so that only a change of the
# requirements installs again.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
ROUNDS ?= 200
PYTEST ?=
BENCH  ?=
# Where an image asks for no bytecode, every process of the tests would compile the console anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install install-dev run test check format bench pictures torture clean

help: ## what can be made here
	@echo 'make COMMAND'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found. Install Python 3.11 or later, or name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11. Name a later one: make PYTHON=python3.12" >&2; exit 1; }
	@echo 'Making $(VENV)'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo 'The environment could not be made. On Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }

$(VENV)/.installed: requirements.txt constraints.txt | $(BIN)/python
	@echo 'Installing what the console needs'
	@$(PIP) install -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt requirements.txt constraints.txt | $(BIN)/python
	@echo 'Installing what the tests need'
	@$(PIP) install -r requirements-dev.txt
	@touch $@ $(VENV)/.installed

install: $(VENV)/.installed ## the environment in .venv, to run the console

install-dev: $(VENV)/.installed-dev ## the same, with what tests and checks need

run: install ## the console on http://127.0.0.1:8501 (VC_ADDRESS, VC_PORT)
	@listen=$$($(BIN)/python -m vcanalytics.settings) && exec $(BIN)/streamlit run Home.py $$listen

test: install-dev ## every test; PYTEST='-k money' passes options on
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST)

check: install-dev ## format, lint, types, import contracts; changes nothing
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: install-dev ## put the code in its format and mend what can be mended safely
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: install-dev ## benchmarks, as tables of ratios; BENCH='history --full' passes options on
	@$(BIN)/python -m benchmarks $(BENCH)

pictures: install-dev ## the pictures of docs/images anew, of the demo shop
	@$(BIN)/python -m tests.browser.pictures

torture: install-dev ## the crash harness at length: make torture ROUNDS=200
	@$(BIN)/python -m tests.torture --rounds $(ROUNDS)

clean: ## remove the environment and every cache; data stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
