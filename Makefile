# make migrate: set up, then load the documents in examples/ into an embedded PostgreSQL.  make test: set up, then test.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: migrate test ui check format bench fuzz clean

migrate: $(STAMP)
	DOC_ASSETS_CATALOGUE=examples/sources.yaml $(BIN)/doc-assets migrate
	@echo
	DOC_ASSETS_CATALOGUE=examples/sources.yaml $(BIN)/doc-assets search "how do I stop a retry loop from sleeping in a test?" -k 3

# Two processes, each with a server of its own: much of the time is waiting for child processes and disks.
test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist worksteal

ui: $(STAMP)
	DOC_ASSETS_CATALOGUE=$${DOC_ASSETS_CATALOGUE:-examples/sources.yaml} DAGSTER_HOME=$(CURDIR) $(BIN)/dagster dev

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright --level error

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What the README's figures come from; machines are noisy, so each compares side by side in one run.
bench: $(STAMP)
	$(BIN)/python benchmarks/embedding.py
	$(BIN)/python benchmarks/search.py
	$(BIN)/python benchmarks/parsing.py

# Every reader of foreign bytes, a minute each; what is found becomes a seed that the tests replay. See fuzz/README.md.
fuzz: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[fuzz]"
	$(BIN)/python -m fuzz --minutes 1 --jobs 2

clean:
	rm -rf $(VENV) .doc-assets

# pip, not uv or poetry: the constraint on torch must be able to take a CPU wheel that the machine's pip is pointed at.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@
