# Everything a newcomer needs. `make demo` and `make test` do all the set-up themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# What this machine's user has set for other Pythons must not reach ours.
unexport PYTHONHOME PYTHONPATH PIP_TARGET PIP_PREFIX
unexport PYTHONDONTWRITEBYTECODE  # each start of a process would compile all that it imports
export PIP_USER := 0

# Just what is pinned, and nothing resolved: a release by anybody else changes nothing here.
PIP_FLAGS := --quiet --disable-pip-version-check --no-compile --no-deps
PIP_INSTALL := -m pip install $(PIP_FLAGS)
PINNED := --require-hashes --only-binary :all:

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo practice story test test-browser chaos model fuzz audit page lint types imports migrations-check package-check diagrams pictures docs check bench release image requirements upgrade clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 24

# What running takes.
$(VENV)/.run: requirements.txt requirements-playground.txt requirements-build.txt pyproject.toml playground/pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "dbaccess needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP_INSTALL) $(PINNED) -r requirements.txt -r requirements-playground.txt -r requirements-build.txt
	$(BIN)/python $(PIP_INSTALL) --no-build-isolation --editable . --editable playground
	$(BIN)/python -m pip check --disable-pip-version-check
	@touch $@

# What testing and checking take besides.
$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	$(BIN)/python $(PIP_INSTALL) $(PINNED) -r requirements-dev.txt
	$(BIN)/python -m pip check --disable-pip-version-check
	@touch $@

setup: $(VENV)/.run ## make the virtual environment from the pinned requirements

setup-dev: $(VENV)/.dev ## the same, with the tools for tests and checks

demo: setup ## try it in a browser: prints one local address
	$(BIN)/dbaccess demo

practice: setup ## play Slack and DigitalOcean without the bot, to try `dbaccess init`
	$(BIN)/dbaccess demo --init

story: setup ## the same in the terminal: request, approve, apply, expire
	$(BIN)/dbaccess demo --script

test: setup-dev ## run the tests
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

test-browser: setup-dev ## play the stories in a real Chromium; pictures go to screenshots/
	$(BIN)/pytest tests/browser

chaos: setup-dev ## kill and freeze the bot at every step of its work, break all around it, and let other tools write the same list for long (an hour)
	DBACCESS_CHAOS_EVERY=1 DBACCESS_CHAOS_SEEDS=40 DBACCESS_CHAOS_SECONDS=100 $(BIN)/pytest tests/chaos -n auto

model: setup-dev ## try every order of steps, faults and rivals, as deep as an hour allows
	$(BIN)/python -m tests.model $(MODEL_SECONDS)

fuzz: setup-dev ## many thousand random commands, payloads and lives of grants (about half an hour)
	DBACCESS_FUZZ_EXAMPLES=$${DBACCESS_FUZZ_EXAMPLES:-20000} $(BIN)/pytest -n auto --timeout=0 \
	  tests/domain/test_grammar_fuzzed.py tests/domain/test_request_line.py \
	  tests/domain/test_lifecycle_story.py \
	  tests/scenarios/test_strange_payloads.py

audit: setup-dev ## ask whether faults are known of what requirements.txt pins (needs the internet)
	$(BIN)/python .ci/audit $(BIN)/uvx pip-audit@2.9.0 --strict --disable-pip --require-hashes --progress-spinner off

page: ## build the playground's page again (needs node; the result is committed)
	cd playground/page && npm ci --silent && npm run check && npm run build

lint: setup-dev ## ruff: lint and format check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup-dev ## mypy, strict
	$(BIN)/mypy

imports: setup-dev ## import-linter: imports point one way
	$(BIN)/lint-imports

bench: setup-dev ## measure; prints a table and writes bench/RESULTS.md (about half an hour)
	$(BIN)/python -m bench --write bench/RESULTS.md

migrations-check: setup-dev ## models and migrations agree
	$(BIN)/pytest -q tests/store/test_migrations.py

package-check: setup ## the wheel installs and runs outside the checkout, without the playground
	rm -rf dist && $(BIN)/python -m hatchling build -t wheel
	cd playground && ../$(BIN)/python -m hatchling build -t wheel -d ../dist/playground
	! $(BIN)/python -m zipfile --list dist/*.whl | grep -iE 'playground|sandbox'
	$(PYTHON) -m venv --clear dist/venv
	dist/venv/bin/python $(PIP_INSTALL) $(PINNED) -r requirements.txt
	dist/venv/bin/python $(PIP_INSTALL) dist/*.whl
	dist/venv/bin/python -m pip check --disable-pip-version-check
	cd dist && DATABASE_URL=sqlite:///check.db SLACK_BOT_TOKEN=x SLACK_SIGNING_SECRET=x DIGITALOCEAN_TOKEN=x venv/bin/dbaccess migrate
	dist/venv/bin/dbaccess demo 2>&1 | grep 'needs the playground'

pictures: setup-dev ## take the pictures of README.md and docs/ anew, in the playground (needs Chromium; the result is committed)
	$(BIN)/python -m tests.browser.pictures

diagrams: setup-dev ## draw the pictures of the architecture anew (needs Graphviz; the result is committed)
	$(BIN)/python -m docs.diagrams.draw

docs: setup-dev ## build the documentation into site/, strictly and without the network
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

check: lint types imports migrations-check package-check docs ## all that CI checks beside the tests

# What a release is made with, apart from all else: a library of theirs must not change what tests see.
$(VENV)/release/.done: requirements-release.txt
	$(PYTHON) -m venv --clear $(VENV)/release
	$(VENV)/release/bin/python $(PIP_INSTALL) $(PINNED) -r requirements-release.txt
	$(VENV)/release/bin/python -m pip check --disable-pip-version-check
	@touch $@

# Made of the last commit, not of the work tree, and with its time: the same commit makes the same bytes.
RELEASE ?= dist/release
release: $(VENV)/release/.done ## the last commit's wheels, source, SBOM and checksums, in dist/release
	rm -rf $(RELEASE) && mkdir -p $(RELEASE)
	.ci/release $(VENV)/release/bin $(RELEASE)

# No digest stands here: nobody could look one up and try it. Whoever builds does, and the image keeps it.
image: VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' bot/__init__.py)
image: ## the Docker image, on a base image that is pinned: BASE=python:3.13-slim-trixie@sha256:…
	@case '$(BASE)' in *@sha256:*) ;; *) \
	  echo "image: BASE needs a digest. \`docker buildx imagetools inspect python:3.13-slim-trixie\` prints it;" >&2; \
	  echo "then: make image BASE=python:3.13-slim-trixie@sha256:..." >&2; exit 2;; esac
	docker build --build-arg 'BASE=$(BASE)' --label 'org.opencontainers.image.base.name=$(BASE)' \
	  --label "org.opencontainers.image.revision=$$(git rev-parse HEAD)" -t "dbaccess:$(VERSION)" .

# One resolution for all files: what runs is what is tested.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
  --no-header --no-emit-index-url --no-emit-find-links

requirements: setup-dev ## pin what is new in either pyproject.toml (names, versions, hashes)
	$(COMPILE) pyproject.toml playground/pyproject.toml --group dev -o requirements-dev.txt $(UPGRADE)
	$(COMPILE) pyproject.toml --constraint requirements-dev.txt -o requirements.txt --upgrade
	$(COMPILE) playground/pyproject.toml --constraint requirements-dev.txt -o requirements-playground.txt --upgrade
	$(COMPILE) --group build --constraint requirements-dev.txt -o requirements-build.txt --upgrade
	$(COMPILE) --group release --constraint requirements-dev.txt -o requirements-release.txt --upgrade

upgrade: ## pin the newest version of everything
	$(MAKE) requirements UPGRADE=--upgrade

clean: ## remove what the tools made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov dist site screenshots playground/page/node_modules
