# Needs Python 3.11 to 3.14 and make; everything else is installed into .venv and node_modules.

.DEFAULT_GOAL := help
.PHONY: help run stack debian test check coverage docs lint bench faults corpus fuzz machines locks runtime dev
SHELL := /bin/sh

# A Python that the locks hold for; PYTHON=/path/to/python chooses another. First the system's, if it can make environments:
# a distribution compiles it with a profile, and everything takes a quarter less of processor time than with one that
# was compiled without.
HOLDS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
SYSTEMS := /usr/bin/python3
PYTHON ?= $(shell $(SYSTEMS) -c 'import ensurepip; $(HOLDS)' 2>/dev/null && echo $(SYSTEMS) && exit; \
	for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c '$(HOLDS)' 2>/dev/null && echo $$name && break; done || true)
BIN := .venv/bin
# `make test` and .ci/run also run the rest (docs/developing.md).
QUICK := not database and not slow and not servers and not stack and not lengthy and not repeated

help:
	@echo "make run    the whole site with a demo practice, in the foreground (PORT, DATA_DIR)"
	@echo "make stack  every part of production as processes of this machine (STORAGE=s3), with the demo practice"
	@echo "make debian  docs/operating.md followed in a bare Debian (SUITE=trixie), as root"
	@echo "make test   the tests (PYTEST_ARGS), on the embedded default or on DATABASE_URL and REDIS_URL"
	@echo "make check  in less than two minutes: format, imports, types, texts, and what is quick of the tests without a database"
	@echo "make coverage  how much of each room the tests run (PYTEST_ARGS); twice as slow as make test"
	@echo "make lint   format, types, imports, migrations, texts, templates, production checks"
	@echo "make docs   docs/settings.md, docs/floors.svg and the classes of the agenda's grid from the code"
	@echo "make machines  bare Debian 12, 13 and 14 by the README, and the image, as root (MACHINES=\"debian12 debian13 debian14 image\")"
	@echo "make locks  requirements*.lock from pyproject.toml, for every supported Python (UPGRADE=1: newer packages)"
	@echo "make bench  measurements beside floors and peers (PARTS=\"pages peers\", TABLE=docs/performance.md)"
	@echo "make faults SEEDS=200   real processes killed, stopped and cut off at random; nothing may be lost"
	@echo "make fuzz MINUTES=60   documents changed at random (FOLDER=…: yours too); each must get an answer"
	@echo "make corpus FOLDER=…   every document of a folder received and signed (DAMAGE=1: damaged copies too)"

run: runtime
	@exec $(BIN)/python deploy/run.py

stack: dev
	@$(BIN)/python tools/test_tools.py
	@exec $(BIN)/python -m tools.stack --storage $(or $(STORAGE),files)

debian: dev
	@$(BIN)/python tools/test_tools.py machines
	@exec $(BIN)/python -m tests.debian.walk --suite $(or $(SUITE),bookworm)

# Some tests (PYTEST_ARGS) start at once: nothing is installed for them but by `make dev`, and one process runs them.
test: dev
	@$(if $(PYTEST_ARGS),,$(BIN)/python tools/test_tools.py)
	@exec $(BIN)/python -m pytest -n $(or $(WORKERS),$(if $(PYTEST_ARGS),0,2)) --dist loadgroup $(PYTEST_ARGS)

# With PYTHONDONTWRITEBYTECODE both workers would compile the code and the tests again, each time.
check: dev
	@$(BIN)/python tools/lint.py --quick
	@unset PYTHONDONTWRITEBYTECODE && exec $(BIN)/python -m pytest -q -n 2 -m "$(QUICK)" $(PYTEST_ARGS)

# Failing tests fail it, after the table.
coverage: dev
	@$(BIN)/coverage erase
	@failed=0; $(BIN)/coverage run -m pytest -q -n $(or $(WORKERS),2) --dist loadgroup $(PYTEST_ARGS) || failed=1; \
	$(BIN)/coverage combine --quiet && $(BIN)/coverage json --quiet -o .coverage.json && \
	$(BIN)/python tools/coverage_by_room.py .coverage.json && exit $$failed

lint: dev
	@exec $(BIN)/python tools/lint.py

docs: dev
	@$(BIN)/python tools/settings_table.py
	@$(BIN)/python tools/agenda_rows.py
	@exec $(BIN)/python tools/floors.py

bench: dev
	@PARTS="$(PARTS)" TABLE="$(TABLE)" exec $(BIN)/python -m bench

faults: dev
	@exec $(BIN)/python -m tests.faults --seeds $(or $(SEEDS),200) $(if $(KINDS),--kinds "$(KINDS)") $(if $(ACTS),--acts "$(ACTS)")

corpus: dev
	@test -n "$(FOLDER)" || { echo "Say which folder of documents: make corpus FOLDER=/path/to/documents" >&2; exit 1; }
	@exec $(BIN)/python -m bench.corpus "$(FOLDER)" $(if $(DAMAGE),--damage) --table "$(or $(TABLE),docs/corpus.md)"

fuzz: dev
	@exec $(BIN)/python -m bench.fuzz "$(or $(MINUTES),60)" $(if $(FOLDER),"$(FOLDER)")

machines: dev
	@$(BIN)/python tools/test_tools.py
	@$(BIN)/python tools/test_tools.py machines
	@exec $(BIN)/python -m tests.machines $(MACHINES)

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
locks: dev
	@$(LOCK) $(if $(UPGRADE),--upgrade) pyproject.toml --output-file requirements.lock
	@$(LOCK) $(if $(UPGRADE),--upgrade) pyproject.toml --extra dev --constraints requirements.lock --output-file requirements-dev.lock
	@$(LOCK) $(if $(UPGRADE),--upgrade) bench/peers/requirements.in --output-file bench/peers/requirements.lock

runtime dev:
	@test -n "$(PYTHON)" || { echo "docshare needs Python 3.11 to 3.14; none was found. Set PYTHON=/path/to/python3.11." >&2; exit 1; }
	@$(PYTHON) deploy/environment.py $@
