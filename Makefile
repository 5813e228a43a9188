# Everything a newcomer needs. `make demo` and `make test` do all the set-up themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo story test test-browser chaos fuzz audit page lint types imports migrations-check package-check docs check bench requirements clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 24

$(VENV)/.ready: requirements-dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "dbaccess needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(VENV)/.ready ## make the virtual environment from the pinned requirements

demo: setup ## try it in a browser: prints one local address
	$(BIN)/dbaccess demo

story: setup ## the same in the terminal: request, approve, apply, expire
	$(BIN)/dbaccess demo --script

test: setup ## run the tests
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

test-browser: setup ## play the stories in a real Chromium; pictures go to screenshots/
	$(BIN)/pytest tests/browser

chaos: setup ## kill and freeze the bot at every step of its work, and play long games with rivals (an hour)
	DBACCESS_CHAOS_EVERY=1 DBACCESS_CHAOS_SEEDS=5 DBACCESS_CHAOS_SECONDS=100 $(BIN)/pytest tests/chaos -n auto

fuzz: setup ## throw many thousand random commands and payloads at the bot (about half an hour)
	DBACCESS_FUZZ_EXAMPLES=$${DBACCESS_FUZZ_EXAMPLES:-20000} $(BIN)/pytest -n auto --timeout=0 \
	  tests/domain/test_commands_fuzzed.py tests/scenarios/test_strange_payloads.py

audit: setup ## ask whether faults are known of what requirements.txt pins (needs the internet)
	$(BIN)/uvx pip-audit@2.9.0 --strict --disable-pip --require-hashes --progress-spinner off \
	  -r requirements.txt || { echo "audit: faults are known (a table above lists them), or nobody could be asked" >&2; exit 1; }

page: ## build the playground's page again (needs node; the result is committed)
	cd bot/sandbox/page && npm ci --silent && npm run check && npm run build

lint: setup ## ruff: lint and format check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## mypy, strict
	$(BIN)/mypy

imports: setup ## import-linter: imports point one way
	$(BIN)/lint-imports

bench: setup ## measure; prints a table and writes bench/RESULTS.md (about half an hour)
	$(BIN)/python -m bench --write bench/RESULTS.md

migrations-check: setup ## models and migrations agree
	$(BIN)/pytest -q tests/store/test_migrations.py

package-check: setup ## the wheel installs and runs outside the checkout
	rm -rf dist && $(BIN)/python -m hatchling build -t wheel
	$(PYTHON) -m venv --clear dist/venv
	dist/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	dist/venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps dist/*.whl
	cd dist && DATABASE_URL=sqlite:///check.db SLACK_BOT_TOKEN=x SLACK_SIGNING_SECRET=x DIGITALOCEAN_TOKEN=x venv/bin/dbaccess migrate

docs: setup ## build the documentation into site/, strictly and without the network
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

check: lint types imports migrations-check package-check docs ## all that CI checks after the tests

requirements: setup ## pin the dependencies again (names, versions, hashes)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --no-header --no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.txt $(UPGRADE)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --no-header --no-emit-index-url --no-emit-find-links pyproject.toml --group dev -o requirements-dev.txt $(UPGRADE)

clean: ## remove what the tools made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov dist site screenshots bot/sandbox/page/node_modules
