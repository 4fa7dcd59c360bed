# make help lists the targets. Everything runs in $(VENV), which `make setup` creates.
PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long check clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## create the virtual environment and install

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,llvm]'
	@touch $@

demo: $(STAMP) ## build the shipped example, compile it, run it on this host
	$(BIN)/aicompiler demo

test: $(STAMP) ## run the tests
	$(BIN)/pytest -n $(JOBS) -m 'not long'

test-long: $(STAMP) ## run the soak, fuzz and exhaustive tests
	$(BIN)/pytest -n $(JOBS) -m long

check: $(STAMP) ## ruff, mypy strict, layer test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_layers.py

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
