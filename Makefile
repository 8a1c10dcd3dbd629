# make migrate: set up, then load the documents in examples/ into an embedded PostgreSQL.  make test: set up, then test.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DOCS := $(VENV)/.docs

# pip would print the versions of every package before it says that the Python is the wrong one.
WANTED = $(shell sed -n 's/^requires-python = "\(.*\)"/\1/p' pyproject.toml)
RIGHT_PYTHON = "$(PYTHON)" -c 'import re, sys; low, high = [tuple(map(int, v.split("."))) for v in re.findall("[0-9.]+", "$(WANTED)")]; sys.exit(not low <= sys.version_info[:2] < high)' \
	|| { echo "doc-assets needs Python $(WANTED), and '$(PYTHON)' is not that: name one, as in make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 2; }

# Where bytecode may not be kept, each process that a test starts compiles the project again: a third of its start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: migrate test test-services test-ui test-postgres test-lowest ui check format bench bench-search docs reference fuzz findings dist sbom image clean

# A home of the checkout's own: else the examples would go into one that is found in a folder above.
migrate: $(STAMP)
	@test -n "$$DOC_ASSETS_HOME" || mkdir -p .doc-assets
	$(BIN)/doc-assets db upgrade
	DOC_ASSETS_CATALOGUE=examples/sources.yaml $(BIN)/doc-assets migrate
	@echo
	DOC_ASSETS_CATALOGUE=examples/sources.yaml $(BIN)/doc-assets search "how do I stop a retry loop from sleeping in a test?" -k 3

# Three processes, each with a server of its own: on two cores one of them waits for a child or a disk.
test: $(STAMP)
	$(BIN)/python -m pytest -n 3 --dist worksteal

# The tests that start outside programs (PgBouncer, other PostgreSQL servers, git servers, git-lfs): installs what is
# absent from Debian's packages, whose own daemons stay off, then skips none. `make test` skips those it cannot run.
test-services: $(STAMP)
	PYTHON=$(BIN)/python doc_assets_tests/support/services/install.sh
	$(BIN)/python -m pytest -m services --no-skipped-services
	$(MAKE) test-postgres

# The tests of pages in Chromium: installs what is absent, Debian's package of the browser included.
test-ui: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[ui]"
	PYTHON=$(BIN)/python doc_assets_tests/support/services/install.sh chromium
	$(BIN)/python -m pytest -m ui --no-skipped-services

# The tests of the store on other servers, by the folders of their programs; by default those of Debian's packages that
# have pgvector. Each test process starts one of its own.
POSTGRES ?= $(foreach folder,$(wildcard /usr/lib/postgresql/*/bin),$(if $(wildcard \
	$(subst /lib/,/share/,$(folder:/bin=))/extension/vector.control),$(folder)))
test-postgres: $(STAMP)
	$(if $(strip $(POSTGRES)),,@echo "no server with pgvector here: name folders of programs, as in make test-postgres POSTGRES=/usr/lib/postgresql/17/bin")
	$(foreach folder,$(POSTGRES),DOC_ASSETS_TEST_POSTGRES=$(folder) $(BIN)/python -m pytest -n 2 --dist worksteal \
		doc_assets_tests/store doc_assets_tests/validation doc_assets_tests/search doc_assets_tests/exporter \
		doc_assets_tests/scenarios/test_pgvector_elsewhere.py doc_assets_tests/scenarios/test_small_shared_memory.py \
		doc_assets_tests/scenarios/test_backup.py &&) true

# The tests on the lower bounds of pyproject; outside CI, since it needs an environment of its own, 2 GB. pip installs
# torch, since it comes from where pip is pointed; it and the tools of the tests are those of constraints.txt.
# What old releases warn of is no error, one test is about constraints.txt itself, and the pages of the reference are made
# of what the pinned typer and pydantic tell of themselves.
LOWEST := .venv-lowest
test-lowest:
	@$(RIGHT_PYTHON)
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check uv
	echo "torch; python_version < '3'" > $(LOWEST)/without-torch.txt
	$(LOWEST)/bin/uv pip compile --quiet --python $(LOWEST)/bin/python --resolution lowest-direct --no-header --no-annotate \
		--override $(LOWEST)/without-torch.txt --output-file $(LOWEST)/versions.txt pyproject.toml
	grep -E '^(hypothesis|kubernetes-validate|pytest|pytest-timeout|pytest-xdist)==' constraints.txt >> $(LOWEST)/versions.txt
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --override $(LOWEST)/without-torch.txt \
		--requirement $(LOWEST)/versions.txt
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check "$$(grep ^torch== constraints.txt)"
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	$(LOWEST)/bin/python -m pytest -n 3 --dist worksteal -W default \
		--deselect doc_assets_tests/scenarios/test_image.py::test_every_distribution_that_gets_into_the_image_is_pinned \
		--deselect doc_assets_tests/scenarios/test_image.py::test_what_is_pinned_is_what_make_installs_and_nothing_else \
		--deselect doc_assets_tests/scenarios/test_docs_site.py

ui: $(STAMP)
	DOC_ASSETS_CATALOGUE=$${DOC_ASSETS_CATALOGUE:-examples/sources.yaml} DAGSTER_HOME=$(CURDIR) $(BIN)/dagster dev

# The quick ones first: 3 s for all but the types, which take 10.
check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/squawk doc_assets/store/schema/alembic/versions/*.sql
	$(BIN)/pyrefly check --min-severity error

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# From a cold load to a search, written to benchmarks/RESULTS.md; machines are noisy, so each compares in one run.
# SLICE=ebpf ("ebpf rust/crate-tokio"), CORPUS=DIR (laid out TYPE/SOURCE/…; default examples/), AGAINST=DIR (another
# checkout), QUESTIONS=FILE (as for evaluate), BENCH="--limit 10 --alone" (further options of benchmarks/ladder.py).
bench: $(STAMP)
	$(BIN)/python -m benchmarks.ladder $(if $(CORPUS),--corpus "$(CORPUS)") $(addprefix --slice ,$(SLICE)) \
		$(if $(AGAINST),--against "$(AGAINST)") $(if $(QUESTIONS),--questions "$(QUESTIONS)") $(BENCH)

# Latency and CPU of search over the store that the environment names, from memory and from PostgreSQL, with one client
# and with four. QUESTIONS=FILE (as for evaluate), BENCH="--own-type --new-queries" (further options).
bench-search: $(STAMP)
	$(BIN)/python -m benchmarks.search $(if $(QUESTIONS),--questions "$(QUESTIONS)") $(BENCH)
	$(BIN)/python -m benchmarks.serving $(if $(QUESTIONS),--questions "$(QUESTIONS)") --own-type
	$(BIN)/python -m benchmarks.concurrent_search

# What is made of the code and read in the repository: commands, keys of a catalogue, its JSON schema. A test holds it to the code.
reference: $(STAMP)
	$(BIN)/python -m docs_site reference

# The site, from the pages as they lie in the repository; a broken link or anchor, or a page outside the menu, is an error.
docs: $(DOCS)
	$(BIN)/python -m docs_site build

# What outside packages do that good guesses get wrong, each in an environment of its own that it installs and removes.
# FINDING=psycopg runs those whose names hold that.
findings:
	@failed=0; for script in findings/*$(FINDING)*.sh; do \
		if bash "$$script" > /dev/null; then echo "holds: $$script"; else failed=1; echo "NO LONGER HOLDS: $$script" >&2; fi; \
	done; exit $$failed

# Every reader of foreign bytes, a minute each; what is found becomes a seed that the tests replay. See fuzz/README.md.
fuzz: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[fuzz]"
	$(BIN)/python -m fuzz --minutes 1 --jobs 2

# The archives of a release in dist/, held against the checkout, and what they are built on. See docs/releasing.md.
# W004: Alembic's revisions begin with a digit; nobody imports them by name. A commit without a tag is named in the version
# of its archives, as 0.1.0+gCOMMIT: no index takes such a one, and no two wheels of one name differ.
RELEASE = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[release]"
dist: $(STAMP)
	$(BIN)/python -m release.version
	$(RELEASE)
	rm -rf dist build/lib build/bdist.*
	mkdir -p build
	$(BIN)/python -m release.version | sed 's/^[^+]*/[egg_info]\ntag_build = /' > build/dist.cfg
	SOURCE_DATE_EPOCH=$(EPOCH) DIST_EXTRA_CONFIG=$(CURDIR)/build/dist.cfg $(BIN)/python -m build --no-isolation --outdir dist . > build/dist.log || { cat build/dist.log; exit 1; }
	$(BIN)/twine check --strict dist/*
	$(BIN)/check-wheel-contents --ignore W004 dist/*.whl
	$(BIN)/python -m release.contents dist

# ARCHIVE=FILE, an OCI archive of the image: what is installed in that, the base included.
sbom: $(STAMP)
	$(RELEASE)
	SOURCE_DATE_EPOCH=$(EPOCH) $(BIN)/python -m release.sbom dist/doc-assets.cdx.json
	$(if $(ARCHIVE),$(BIN)/python -m release.image $(ARCHIVE) dist/doc-assets-image.cdx.json)

# docs/image.md has the variables: BASE, TORCH_INDEX, IMAGE, CONTAINER, and BUILD_ARGS for whatever else the build is given.
# Labels and times come from the commit, not from the hour of the build. A URL may carry a password: it is cut.
IMAGE ?= doc-assets:dev
CONTAINER ?= $(shell docker info >/dev/null 2>&1 && echo docker || command -v podman || command -v buildah)
EPOCH = $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
LABELS = VERSION=$(shell $(PYTHON) -m release.version) \
	REVISION=$(shell git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null || echo unknown) \
	CREATED=$(shell date -u -d @$(EPOCH) +%Y-%m-%dT%H:%M:%SZ) \
	SOURCE=$(shell git config --get remote.origin.url 2>/dev/null | sed 's|//[^/@]*@|//|')
TIMES = $(if $(filter docker,$(notdir $(CONTAINER))),--build-arg SOURCE_DATE_EPOCH=$(EPOCH),--layers --timestamp $(EPOCH))

image:
	@test -n "$(CONTAINER)" || { echo "make image needs docker (with its engine running), podman or buildah: install one, or name it as in make image CONTAINER=/path/to/podman" >&2; exit 2; }
	@$(PYTHON) -m release.version > /dev/null
	DOCKER_BUILDKIT=1 $(CONTAINER) build -f Containerfile -t $(IMAGE) $(TIMES) $(foreach name,BASE TORCH_INDEX EXTRAS,$(if $(filter undefined,$(origin $(name))),,--build-arg $(name)="$($(name))")) \
		$(addprefix --build-arg ,$(LABELS)) $(BUILD_ARGS) .
	@echo "$(IMAGE): $$($(CONTAINER) images --format '{{.Size}}' $(IMAGE) | head -n 1) uncompressed"

clean:
	rm -rf $(VENV) $(LOWEST) .doc-assets build/docs build/site

# uv brings the pinned set in a fifth of pip's computing time (20 CPU seconds for 88), and pip what is then missing: torch,
# for which the machine's pip may be pointed at a wheel for CPUs, or everything where uv could not. uv does not read pip's
# configuration: where that names an index, uv asks nobody.
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet
UNCOMPILED = $(PIP) install --no-compile -c constraints.txt
# It compiles on both cores while pip still installs, and not what nothing here imports: the tests of packages, models of
# other kinds, an asynchronous client, 86 of 273 MB. Python compiles what is missing when it is imported. Some packages
# hold files of other Pythons, which cannot be compiled.
SELDOM := tests?|testing|transformers/models|kubernetes/aio|torch/_inductor|networkx|pygments/lexers
COMPILE = $(BIN)/python -m compileall -qq -j 0 -x
$(STAMP): pyproject.toml constraints.txt
	@$(RIGHT_PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(UNCOMPILED) setuptools uv
	sed '/^#/,$$d; /^torch==/d' constraints.txt > $(VENV)/pinned.txt
	$(PIP) config list | grep -q '[.]index-url=' || $(BIN)/uv pip install --quiet --no-cache --no-deps \
		--python $(BIN)/python --requirement $(VENV)/pinned.txt || echo "pip installs what uv could not" >&2
	{ $(COMPILE) '/($(SELDOM)|torch)/' $(VENV)/lib doc_assets; \
		test ! -x $(BIN)/pytest || $(BIN)/python -m doc_assets_tests.support.rewriting doc_assets_tests; } & \
		$(UNCOMPILED) --no-build-isolation -e ".[dev]"; installed=$$?; wait; exit $$installed
	$(COMPILE) '/($(SELDOM))/' $(VENV)/lib || true
	touch $@

# What the extra docs names, by name: as an extra of the project, pip would write its metadata anew while tests read them.
$(DOCS): $(STAMP)
	if $(PIP) config list | grep -q '[.]index-url=' || ! $(BIN)/uv pip install --quiet --no-cache \
		--python $(BIN)/python -c constraints.txt mkdocs mkdocs-material; then $(UNCOMPILED) mkdocs mkdocs-material; fi
	touch $@
