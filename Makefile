# One command each: `make demo` runs the service, `make test` runs the whole gate's tests, `make check` the whole gate.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
FHIR_SERVER := tests/fhir-server/node_modules/.package-lock.json
# Tests that alone must cover the clinical code; measuring the others too would double their time
MEASURED := tests/record tests/facts tests/rules tests/advice tests/test_vignettes.py tests/test_examples.py
HOST ?= 127.0.0.1
PORT ?= 8000

.PHONY: demo test check lint types docs notebook book cpg bench bench-check bench-peers audit sbom release clean

$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-virtualenv -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(STAMP)

demo: $(STAMP)
	@$(BIN)/python -m service.commands.demo --host $(HOST) --port $(PORT)

# The packages of the FHIR server that tests read from. npm writes this file last; where it cannot, those tests are skipped
$(FHIR_SERVER): tests/fhir-server/package-lock.json | $(STAMP)
	@BIN=$(BIN) sh .ci/fhir-server

test: $(STAMP) $(FHIR_SERVER)
	@BIN=$(BIN) sh .ci/cql
	@sh .ci/chromium
	@sh .ci/programs
	@sh .ci/java
	$(BIN)/python -m pytest -q --numprocesses auto --cov --cov-report=term $(MEASURED)
	$(BIN)/python -m pytest -q --numprocesses auto $(MEASURED:%=--ignore=%)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

check: lint types test

docs: $(STAMP)
	$(BIN)/python -m docs.generate

notebook: $(STAMP)
	$(BIN)/python -m docs.notebook

# The rule book as a site: build/book/site/index.html
book: $(STAMP)
	$(BIN)/allcue content book build/book
	$(BIN)/mkdocs build --quiet --strict -f build/book/mkdocs.yml

# The content as FHIR with CQL, and its translation to ELM: build/cpg; docs/exchange.md
cpg: $(STAMP)
	$(BIN)/allcue content export --output build/cpg
	@BIN=$(BIN) sh .ci/cql
	$(BIN)/python tests/cql/node.py translate.mjs build/cpg/cql build/elm
	$(BIN)/allcue content export --output build/cpg --elm build/elm

# Known vulnerabilities of the pinned dependencies; needs the network, says so without
audit: $(STAMP)
	@BIN=$(BIN) sh .ci/audit

# What runs, for those who ask what is in it: build/sbom.json (CycloneDX)
sbom: $(STAMP)
	$(BIN)/allcue release sbom build/sbom.json

# Everything a release needs; docs/releases.md
release: $(STAMP)
	$(BIN)/allcue release check

bench: $(STAMP)
	$(BIN)/python -m bench
	$(BIN)/python -m bench.pages

# Ratios alone, as CI does: fails where one fell by a third
bench-check: $(STAMP)
	@BIN=$(BIN) sh .ci/bench

# Beside other ways to answer the same calls, installed below build/peers; docs/performance.md tells the method
bench-peers: $(STAMP)
	$(BIN)/python -m bench.peers

clean:
	rm -rf $(VENV) tests/fhir-server/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage build dist *.egg-info
