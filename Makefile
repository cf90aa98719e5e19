# Everything starts here: `make run` and `make test` do all the set-up that they need.
PYTHON ?= python3
VENV ?= .venv
TORCH ?= torch==2.13.0
PLUGINS := $(wildcard plugins/*)
BIN := $(VENV)/bin
READY := $(VENV)/.fasharness-ready
TESTED := $(VENV)/.fasharness-tested
NATIVE := setup.py $(wildcard csrc/*.cpp csrc/*/*.h csrc/*/*.cpp csrc/*/*.cu csrc/*/*.cuh)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run test test-slow checks table lint bench install clean

run: $(READY)
	$(BIN)/fasharness run --plugin sgtd --protocol oulu1

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

# Whole training steps in float64 against the reference arrays, and 131 pairs of real scores that
# are fetched: minutes, so not in `make test`.
test-slow: $(TESTED)
	$(BIN)/python -m pytest -m slow

# Compares the figures with other codes, on real scores too (fetched once), and writes the page.
checks: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python docs/checks.py

# Trains every installed method on simulated data, in hours; it goes on where it was interrupted.
# TABLE='--methods sgtd,cdcn --protocols oulu1' runs only these cells.
table: $(READY)
	$(BIN)/python docs/results_simulated.py $(TABLE)

lint: $(TESTED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run --Werror $(wildcard csrc/*.cpp csrc/*/*.h csrc/*/*.cpp csrc/*/*.cu csrc/*/*.cuh)

bench: $(READY)
	$(BIN)/python -m pytest benchmarks --benchmark-only -o python_files='bench_*.py'

install: $(READY)

# A torch that the chosen Python already has (say, a build for a GPU) is used as it is.
$(READY): pyproject.toml constraints.txt $(NATIVE) $(wildcard plugins/*/pyproject.toml)
	@test -x $(BIN)/python || { \
	  if $(PYTHON) -c 'import torch' 2>/dev/null; \
	  then echo "fasharness: using the torch of $(PYTHON)"; \
	    $(PYTHON) -m venv --system-site-packages $(VENV); \
	  else $(PYTHON) -m venv $(VENV); fi; }
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "fasharness needs Python 3.11 or newer: make PYTHON=python3.11"; exit 2; }
	@echo "fasharness: installing into $(VENV) (the first time takes a few minutes)"
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(PIP) install -c constraints.txt '$(TORCH)'
	$(PIP) install -c constraints.txt setuptools wheel ninja pybind11
	$(PIP) install -c constraints.txt --no-build-isolation -e '.[test]'
	$(PIP) install --no-build-isolation --no-deps $(addprefix -e ./,$(PLUGINS))
	@$(BIN)/python -m fasharness.ops.build_info
	@touch $@

# Packages of plugins that `make run` does not need; their types are checked with them.
$(TESTED): $(READY)
	$(PIP) install -c constraints.txt --no-build-isolation -e './plugins/baselines[classic]' -e ./plugins/sim
	@touch $@

clean:
	rm -rf build *.egg-info plugins/*/*.egg-info plugins/*/build fasharness/ops/*.so
