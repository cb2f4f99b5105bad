# make run   the environment, then the main job on the landing file that ships
# make test  the environment, then the whole suite
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help env run quick test lint bench docs lock clean
help: ## list these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 8

env: .venv/installed ## the environment, from requirements.lock (pinned, with hashes)

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "shelfcast needs Python 3.11 or later")'
	$(PYTHON) -m venv .venv
	sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

run: env ## ingest the shipped landing file, retrain (quick), show the comparison table
	$(BIN)/shelfcast ingest data/landing
	$(BIN)/shelfcast retrain --profile quick

QUICK := tests/forecasting tests/docs tests/test_imports.py tests/test_layout.py
TRAINING := $(addprefix --ignore=tests/forecasting/model/,test_fit.py test_lstm.py test_recipe.py variants/test_build.py)
quick: env ## the pure tests, but for those that train networks: in under a minute
	$(BIN)/python -m pytest -n 2 --dist load -q $(QUICK) $(TRAINING)

test: env ## every test
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: env ## ruff, mypy, and the walls between folders
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: env ## speed, memory and accuracy, as ratios within one run; PARTS="files memory" for some of it
	$(BIN)/python -m benchmarks $(PARTS)

docs: env ## docs/settings.md, from the settings' models
	$(BIN)/python -m docs.settings_page

lock: env ## refresh requirements.lock from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --upgrade --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet --output-file requirements.lock

clean: ## remove the environment and all that runs wrote under data/
	rm -rf .venv
	git clean -fdxq data
