# Two commands for a fresh machine with Python 3.11 (with venv) and make: `make demo`, `make test`.
# Everything they need goes to .venv; `make clean` takes it away again.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV ?= .venv
BIN = $(VENV)/bin
RUNNING = $(VENV)/.ready-to-run
TESTING = $(VENV)/.ready-to-test
# The default editable install hides the twistd plugin; compat shows it.
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --config-settings editable_mode=compat
TESTS ?=
QUICK = tests.unit tests.sim tests.cli
# The patterns of CASES are for the matrix, not for the shell.
quoted = $(patsubst %,'%',$(1))

.PHONY: help demo test interop lint check bench soak clean

help:
	@echo 'make demo     a cluster on this machine: it forms, loses a node, moves its service, heals'
	@echo 'make test     all tests (TESTS=tests.unit.wire for some of them)'
	@echo 'make interop  the whole matrix beside heartbeat 3.0.6, as a table (root, Linux; half an hour)'
	@echo "              CASES='serial*' for some of it, ARGS='--failed' or ARGS=--help for more"
	@echo 'make lint     ruff and mypy'
	@echo 'make check    lint and test'
	@echo 'make bench    failover times, footprint, cost of refused packets beside heartbeat 3.0.6 and keepalived (root, Linux)'
	@echo 'make soak     10,000 simulated hours and their report, docs/soak.md; it goes on where it was stopped'
	@echo '              (SOAK_HOURS=100 for fewer, SOAK_PROCESSES=1, SOAK_OPTIONS="--minutes 30")'
	@echo 'make clean    remove what these made, .venv included'

$(BIN)/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or later is needed; name it: make PYTHON=/path/to/python3.11 ...' >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)

$(RUNNING): setup.cfg pyproject.toml | $(BIN)/python
	$(INSTALL) --editable .
	@touch $@

$(TESTING): setup.cfg pyproject.toml | $(BIN)/python
	$(INSTALL) --editable '.[dev]'
	@touch $@ $(RUNNING)

demo: $(RUNNING)
	@$(BIN)/python -m tests.demo

# The live tests have the machine to themselves; the others share its cores.
test: $(TESTING)
ifeq ($(strip $(TESTS)),)
	$(BIN)/trial --jobs 2 $(QUICK); quick=$$?; $(BIN)/trial tests.interop && exit $$quick
else
	$(BIN)/trial $(TESTS)
endif

interop: $(TESTING)
	$(BIN)/python -m tests.interop.matrix $(ARGS) -- $(call quoted,$(CASES))

lint: $(TESTING)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint test

bench: $(RUNNING)
	$(BIN)/python -m benchmarks.failover
	$(BIN)/python -m benchmarks.footprint
	$(BIN)/python -m benchmarks.refusal

SOAK_HOURS ?= 10000
SOAK_PROCESSES ?= $(shell getconf _NPROCESSORS_ONLN)
SOAK_OPTIONS ?=

soak: $(RUNNING)
	nice -n 15 $(BIN)/python -m twisted_ha.sim.campaign --hours $(SOAK_HOURS) --processes $(SOAK_PROCESSES) \
		--results soak.jsonl --report docs/soak.md $(SOAK_OPTIONS)

clean:
	rm -rf $(VENV) _trial_temp* .mypy_cache .ruff_cache .hypothesis .tox build dist apidocs *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -f twisted/plugins/dropin.cache interop-results.jsonl
