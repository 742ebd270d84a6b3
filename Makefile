# make demo     the whole product on this machine, at one address     PORT=8001 make demo   moves it
# make test     the tests, browser journeys included                  ONLY=tests/audit make test   runs some
# make check    the static gate
# Everything is installed into .venv from requirements/*.txt; data lies in var/ (or where SHOWDOWN_VAR says).

.DEFAULT_GOAL := help
.PHONY: help demo demo-stop demo-reset manage test test-slow check bench lock production development

# Any Python starts the bootstrap, which picks the one to build on; PYTHON=… overrides its choice.
starter := $(firstword $(foreach name,$(PYTHON) python3 python3.12 python3.11 python3.13,$(if $(shell command -v $(name) 2>/dev/null),$(name))))
bootstrap = @$(if $(starter),,echo "Python 3.11 or newer is needed, and there is no python3 on the path."; exit 1;)$(starter) showdown/supervisor/bootstrap.py
export PYTHON
py := .venv/bin/python
supervisor := $(py) -m showdown.supervisor
WORKERS ?= 2
ONLY ?= tests
# The static gate needs no database and signs nothing.
static := env -u DATABASE_URL -u DATABASE_OWNER_URL -u DATABASE_SEQUENCER_URL -u DATABASE_AUDITOR_URL SHOWDOWN_TESTING=1

help:
	@echo "make demo        start everything at http://localhost:8000 (PORT=8001 make demo for another port)"
	@echo "make demo-reset  throw the demo's data away and start over"
	@echo "make demo-stop   stop the demo from another terminal"
	@echo "make manage RUN='recompute_rankings'   a management command on the running demo"
	@echo "make test        the tests (ONLY=tests/audit for some of them)"
	@echo "make test-slow   the long proofs"
	@echo "make check       types, style, floors, templates, migrations"
	@echo "make bench       the benchmarks"
	@echo "make lock        pin the packages again from requirements/*.in"

production development:
	$(bootstrap) $@

demo: production
	@exec $(supervisor) demo

demo-stop: production
	@exec $(supervisor) stop

demo-reset: production
	@$(supervisor) reset
	@exec $(supervisor) demo

manage: production
	@exec $(supervisor) manage $(RUN)

test: development
	@CHROMIUM="$$($(supervisor) chromium)" && export CHROMIUM && exec $(py) -m pytest -n $(WORKERS) -m "not slow" $(ONLY)

test-slow: development
	@CHROMIUM="$$($(supervisor) chromium)" && export CHROMIUM && SHOWDOWN_TESTS_ON_DISK=1 exec $(py) -m pytest -n $(WORKERS) -m slow $(ONLY)

check: development
	$(py) -m ruff check
	$(py) -m ruff format --check
	$(static) $(py) -m mypy
	$(static) .venv/bin/lint-imports
	$(py) -m djlint --quiet --lint templates
	$(static) $(py) manage.py check
	$(static) $(py) manage.py makemigrations --check --dry-run

bench: development
	@exec $(py) -m benchmarks

# Needs uv only here, in an environment that is thrown away.
lock: development
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	$(py) -m venv "$$folder" && "$$folder/bin/pip" install --quiet --disable-pip-version-check uv && \
	compile="$$folder/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header" && \
	$$compile requirements/production.in --output-file requirements/production.txt && \
	$$compile requirements/development.in --constraint requirements/production.txt --output-file requirements/development.txt && \
	$$compile benchmarks/peers/requirements.in --output-file benchmarks/peers/requirements.txt && \
	echo "Pinned: $$(grep -c == requirements/production.txt) production, $$(grep -c == requirements/development.txt) development packages."
