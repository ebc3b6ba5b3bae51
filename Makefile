# run, test, check, bench: everything else is `.venv/bin/python manage.py help`.
# Set VENV to use another environment, PYTHON for the interpreter that makes it.

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$python && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
TEST_ARGS ?=

.PHONY: run test faults check bench translations openapi lock clean

run: $(VENV)/run.stamp
	@exec $(BIN)/python -m config.run

test: $(VENV)/test.stamp
	@$(BIN)/python -m pytest -n 2 $(TEST_ARGS)

# What takes too long for every run: whole shops of processes that are killed, restored, filled up.
faults: $(VENV)/test.stamp
	@$(BIN)/python -m pytest -m night tests/faults $(TEST_ARGS)

check: $(VENV)/test.stamp
	@$(BIN)/python -m tests.architecture.check

bench: $(VENV)/test.stamp
	@$(BIN)/python -m benchmarks.run --size $(or $(SIZE),S) --only '$(ONLY)'

# Gather the texts of code and templates into the catalogue (needs gettext's xgettext).
translations: $(VENV)/test.stamp
	@$(BIN)/python -m tests.architecture.translations --write

# Write the description of the storefront API that `make check` compares.
openapi: $(VENV)/test.stamp
	@$(BIN)/python -m tests.architecture.openapi --write

# Choose the versions anew within the limits of pyproject.toml (needs uv).
lock:
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header pyproject.toml --output-file requirements.lock
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --extra test --constraint requirements.lock pyproject.toml \
		--output-file tests/requirements.lock

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed."; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python could not make $(VENV); on Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/run.stamp: requirements.lock | $(VENV)/bin/python
	@echo "Installing the requirements ..."
	@$(PIP) -r requirements.lock
	@touch $@

$(VENV)/test.stamp: tests/requirements.lock | $(VENV)/bin/python
	@echo "Installing the requirements and the tools of the tests ..."
	@$(PIP) -r tests/requirements.lock
	@touch $@ $(VENV)/run.stamp

clean:
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
