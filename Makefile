# Every target does its own set-up: a virtual environment in .venv, the pinned packages,
# and, where root and apt allow, the Debian packages the tests use.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

SECONDS ?= 600
SOAK := .soak/$(shell date -u +%Y-%m-%dT%H%M%SZ).txt

.PHONY: demo test lint rigs soak bench bench-live fuzz captures columns tools clean

demo: $(VENV)/.run  ## scan the generated campus
	$(BIN)/poolwatch scan --units pcaps/campus/units.csv pcaps/campus/capture.pcap

test: lint tools  ## everything CI runs
	$(BIN)/pytest -n 2 --dist worksteal

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev tools  ## print the table the README quotes
	$(BIN)/python -m benchmarks

bench-live: $(VENV)/.dev tools  ## live capture beside tcpdump, over veth; needs root
	$(BIN)/python -m benchmarks.live

rigs: $(VENV)/.dev  ## count the rigs of 200 generated populations; print how well, by method
	POOLWATCH_POPULATIONS=200 $(BIN)/pytest -s tests/test_rig_populations.py

fuzz: $(VENV)/.dev  ## look for crashes for SECONDS (600), shared by all targets; finds go to .fuzz/
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

soak: $(VENV)/.dev tools  ## hours in minutes: 50 M packets, 10 M flows, 200 kills, a store away for a minute; dated, into .soak/
	@mkdir -p .soak
	POOLWATCH_SOAK=1 POOLWATCH_SOAK_FILE=$(CURDIR)/$(SOAK) $(BIN)/pytest -s \
	  tests/sensor/test_soak.py tests/sensor/test_ceiling.py tests/sensor/test_kill.py \
	  tests/sensor/test_store_down.py tests/sensor/test_replay.py
	@cat $(SOAK)

captures: $(VENV)/.dev  ## make pcaps/ anew from the recipes
	$(BIN)/python pcaps/forge.py

columns: $(VENV)/.dev  ## write docs/columns.md anew from the declaration
	$(BIN)/python tools/write_columns.py > docs/columns.md

tools:
	@sh tools/debian-packages.sh tshark tcpdump iproute2 ethtool tcpreplay postgresql chromium fonts-noto-cjk poppler-utils

clean:
	rm -rf $(VENV) build dist benchmarks/data

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); sh tools/debian-packages.sh python3-venv; $(PYTHON) -m venv $(VENV); }
	@touch $@

$(VENV)/.run: $(VENV)/.made pyproject.toml constraints.txt
	$(PIP) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PIP) -e '.[dev]'
	@touch $@
