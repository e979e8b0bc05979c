# Everything a newcomer needs: `make demo` and `make test`. Both make the virtual environment they need.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INTO ?= demo-journey
CHILDREN ?= 2000
# the benchmarks in sizes that end within 40 minutes; BENCH= plays them whole
BENCH ?= --quick

.PHONY: demo test dev lint types contracts docs reference dist bench clean

demo: $(VENV)/.tre
	$(BIN)/tre demo --children $(CHILDREN) --into $(INTO)

test: $(VENV)/.test
	$(BIN)/python -m pytest

dev: $(VENV)/.dev

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	PYTHON=$(BIN)/python .ci/spelling

types: $(VENV)/.dev
	$(BIN)/mypy

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	$(BIN)/python .ci/site site

# every page that is made from the code and the catalogue, made again
reference: $(VENV)/.dev
	$(BIN)/python -m tre_toolkit.manual docs/reference/commands
	$(BIN)/python tests/helpers/graph.py > docs/images/imports.svg
	$(BIN)/python -m tre_toolkit.research.gallery > docs/reference/recipes.md
	$(BIN)/tre schema docs

# hatchling sorts what it packs and writes one date (SOURCE_DATE_EPOCH, else a fixed one), owner and mode: the same bytes each time
dist: $(VENV)/.dev
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/python .ci/sbom dist/*.whl dist/sbom.cdx.json
	cd dist && sha256sum *.whl *.tar.gz sbom.cdx.json > SHA256SUMS

bench: $(VENV)/.test
	$(BIN)/python -m tests.benchmarks $(BENCH)

clean:
	rm -rf $(VENV) site dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# one stamp a set of extras; each is made again when the project file or the constraints change
$(VENV)/.tre: EXTRA = tre
$(VENV)/.test: EXTRA = test
$(VENV)/.dev: EXTRA = dev
$(VENV)/.tre $(VENV)/.test $(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet -c constraints.txt -e '.[$(EXTRA)]'
	touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
