# The commands of the Ona dashboard. They need make and Python 3.11 or newer; `make help` lists them.

PORT ?= 8000
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= 3
# Asked for again by .ci/run with another Python.
# Three at once, since many wait; a file stays in one process, since its tests may share what they started.
UNIT = $(BIN)/python -m pytest -n $(JOBS) --dist loadfile -q -m "not browser"
BROWSER = $(BIN)/python -m pytest -m browser
INSTALL = python=$$(sh scripts/find-python) && "$$python" scripts/bootstrap.py $(VENV)
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help run install install-dev test test-python test-postgres check bench fortnight thousand chaos sizing lock messages screenshots gallery audit clean security supply

help:  ## Lists these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | awk -F'|' '{ printf "make %-13s %s\n", $$1, $$2 }'

run: install  ## Starts the dashboard on this machine (PORT=8000); Ctrl-C ends it
	@exec $(BIN)/python manage.py up --port $(PORT)

install:
	@$(INSTALL) requirements.txt

install-dev: install
	@$(INSTALL) requirements-dev.txt

check: install-dev  ## Checks without running: lint, format, exports of the lock, types, imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m scripts.exports check
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check  ## Checks, then runs every test, in a real browser too
	@path=$$($(BIN)/python -m scripts.chromium) && export CHROMIUM_PATH="$$path" && \
	echo "Chromium: $$path" && $(UNIT) && { $(BROWSER) || { \
	echo "=== What failed in the browser, once more: passing now means that a test depends on luck; mend it" && \
	$(BROWSER) --last-failed --last-failed-no-failures none; }; }

test-python: install-dev  ## Runs the tests that need no browser (or TESTS= of them), with PYTHON= in VENV=
	$(UNIT) $(TESTS)

test-postgres: install-dev  ## Runs what speaks with the database (or TESTS= of it) on a PostgreSQL of its own
	@$(BIN)/python -m scripts.postgres $(BIN)/python -m pytest -q -m "not browser" \
		$(or $(TESTS),tests/test_migrations.py tests/control tests/web/test_actions.py tests/web/test_batches.py tests/web/test_policies.py tests/web/test_history.py) \
		|| [ $$? -eq 77 ]

bench: install-dev  ## Measures against others, side by side: docs/benchmarks.md (ONLY="sync pages")
	$(BIN)/python -m benchmarks $(ONLY)

fortnight: install-dev  ## Lives through a simulated fortnight of 500 environments under an armed policy (OPTIONS="--days 2")
	@$(BIN)/python -m scripts.fortnight $(OPTIONS)

chaos: install-dev  ## Kills, freezes, cuts and corrupts all that the stack needs, and counts what was lost (OPTIONS="--postgres")
	@$(BIN)/python -m scripts.chaos $(OPTIONS)

thousand: install-dev  ## Stops a thousand environments while worker, Valkey and web are killed, and undoes it
	@$(BIN)/python -m scripts.thousand $(OPTIONS)

rolling: install-dev  ## Restarts two of each part one after another under a hundred pages and 500 actions
	@$(BIN)/python -m scripts.rolling $(OPTIONS)

sizing: install-dev  ## What a year of 10,000 environments takes in the database, measured on SQLite and PostgreSQL
	@$(BIN)/python -m scripts.sizing
	@$(BIN)/python -m scripts.postgres $(BIN)/python -m scripts.sizing

lock: install-dev  ## Locks the newest versions allowed, and exports them for pip (needs uv)
	$(BIN)/python -m scripts.exports write

methods: install-dev  ## Writes docs/methods.md, the table of the API's methods
	$(BIN)/python -m scripts.methods write

messages: install-dev  ## Collects what pages say, and makes the catalogues of other languages
	$(BIN)/python -m scripts.messages write

screenshots: install-dev  ## Takes the pictures of the documentation
	@path=$$($(BIN)/python -m scripts.chromium) && CHROMIUM_PATH="$$path" $(BIN)/python -m scripts.screenshots

gallery: install-dev  ## Takes a picture of every page and state in every size and theme: var/gallery/index.html
	@path=$$($(BIN)/python -m scripts.chromium) && CHROMIUM_PATH="$$path" $(BIN)/python -m scripts.gallery

audit: install-dev  ## Runs axe and Lighthouse over the pages of a demo (ENVIRONMENTS=10000 ONLY=lighthouse)
	@path=$$($(BIN)/python -m scripts.chromium) && CHROMIUM_PATH="$$path" $(BIN)/python -m scripts.audit

security: install-dev  ## Tests, a fuzzer over every address, the supply, a scanner: closes with "N passed, N failed"
	@$(BIN)/python -m scripts.security

supply: install-dev  ## Hashes, licences, known holes, and a list of what runs: var/sbom.json
	@$(BIN)/python -m scripts.supply

clean:  ## Removes what was installed and cached; keeps var/
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
