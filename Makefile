# Everything a person or a pipeline does with this repository. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# The tests start hundreds of Python processes: each would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

# The first that is new enough; where none is, python3, about which check_prerequisites.py complains.
PYTHONS := python3 python3.14 python3.13 python3.12 python3.11
PYTHON ?= $(firstword $(shell for python in $(PYTHONS); do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python; \
	done) python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest
UNIT := $(PYTEST) tests/unit -m "not campaign" --numprocesses=auto --dist=worksteal
HELM := $(BIN)/consortium sandbox tool helm --
KUBECTL := $(BIN)/consortium sandbox tool kubectl --
CHART := charts/consortium-operator
CRD := consortium.dev_consortiumchains.yaml

.PHONY: help
help: ## Show this help
	@grep -hE '^[a-z][a-z0-9-]*:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

# What is imported is compiled then; most of it never is.
$(STAMP): pyproject.toml requirements/dev.txt
	$(PYTHON) scripts/check_prerequisites.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

.PHONY: venv
venv: $(STAMP) ## Make the virtual environment, .venv

.PHONY: demo
demo: venv ## Bring up a real cluster with a running consortium chain on it
	$(BIN)/consortium demo up

.PHONY: demo-down
demo-down: venv ## Remove everything that `make demo` made
	$(BIN)/consortium demo down

.PHONY: test
test: lint ## Run every test but the long campaigns (the command that CI runs)
	$(MAKE) --jobs=3 --no-print-directory unit-aside on-clusters

# Tests on clusters wait for pods much of the time; the unit tests take what is left over.
.PHONY: unit-aside
unit-aside: venv ## Run the fast tests with little processor time, where others want it
	$(BIN)/python scripts/spare_time.py $(UNIT)

.PHONY: on-clusters
on-clusters: venv ## Run e2e, then integration and conformance (with -j beside each other)
	$(MAKE) e2e
	$(MAKE) --output-sync=target integration conformance

.PHONY: check-all
check-all: test docs ## Run the tests and the long campaigns (at most 90 minutes)
	$(PYTEST) tests/unit tests/conformance tests/integration -m campaign --numprocesses=auto --dist=loadfile --no-loadscope-reorder
	$(PYTEST) tests/e2e -m campaign
	$(MAKE) benchmarks

.PHONY: lint
lint: venv ## Check style, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

.PHONY: unit
unit: venv ## Run the fast tests (no cluster)
	$(UNIT)

.PHONY: conformance
conformance: venv ## Hold the stand-in node, or NODE_COMMAND, against what real nodes do
	$(PYTEST) tests/conformance -m "not campaign" --numprocesses=auto --dist=loadfile \
		$(if $(NODE_COMMAND),--node-command '$(NODE_COMMAND)')

.PHONY: integration
integration: venv ## Run the tests that need a real kube-apiserver
	$(PYTEST) tests/integration -m "not campaign" --numprocesses=auto --dist=loadfile --no-loadscope-reorder

.PHONY: e2e
e2e: venv ## Run the tests that need real pods
	$(PYTEST) tests/e2e -m "not campaign"

.PHONY: benchmarks
benchmarks: venv ## Count what a quiet chain costs, and print it
	$(PYTEST) tests/benchmarks

.PHONY: crds
crds: venv ## Write the CRD from the models
	$(BIN)/python -m consortium_operator.api.crd crds/$(CRD)
	cp crds/$(CRD) charts/consortium-operator/files/

.PHONY: dashboards
dashboards: venv ## Write the Grafana dashboards from their module
	$(BIN)/python -m consortium_operator.metrics.dashboards charts/consortium-operator/files/dashboards

.PHONY: reference
reference: venv ## Write docs/reference.md from the models
	$(BIN)/python -m consortium_operator.api.reference docs/reference.md

# Of its own, so that what the tests and the demo need does not grow.
DOCS_VENV := build/docs-venv
DOCS_STAMP := $(DOCS_VENV)/.installed

$(DOCS_STAMP): requirements/docs.txt
	$(PYTHON) -m venv --clear $(DOCS_VENV)
	$(DOCS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/docs.txt
	@touch $(DOCS_STAMP)

.PHONY: docs
docs: $(DOCS_STAMP) ## Build the documentation as a site into build/site; a broken link is an error
	NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs --quiet build --strict

.PHONY: captures
captures: venv ## Take the pictures of what `consortium` prints, in docs/images, from the demo's chain
	$(BIN)/python scripts/captures.py

.PHONY: chart
chart: venv ## Lint the chart and pack it into dist/
	$(HELM) lint --strict $(CHART)
	$(HELM) package $(CHART) --destination dist

.PHONY: install-yaml
install-yaml: venv ## Write the kustomize base from the chart, and dist/install.yaml from the base
	$(HELM) template consortium-operator $(CHART) --namespace consortium-system --kube-version 1.31 \
		--skip-tests --set installCRD=false | $(BIN)/python scripts/plain_manifests.py deploy/kustomize/operator.yaml
	mkdir -p dist
	$(KUBECTL) kustomize deploy/kustomize --output dist/install.yaml

.PHONY: wheel
wheel: venv ## Build the wheel of the command line and the operator into dist/
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

.PHONY: image
image: venv ## Build the images of the operator and of the stand-in node as OCI archives in dist/
	$(BIN)/consortium sandbox images --output dist

# What the files have in common: every platform, the oldest Python, hashes, no addresses.
COMPILE := build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.PHONY: lock
lock: ## Pin the Python packages anew, with hashes, in requirements/
	$(PYTHON) -m venv --clear build/lock
	trap 'rm -rf build/lock' EXIT; \
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check uv; \
	$(COMPILE) pyproject.toml --extra dev requirements/build.in -o requirements/dev.txt; \
	$(COMPILE) requirements/build.in -c requirements/dev.txt -o requirements/build.txt; \
	$(COMPILE) pyproject.toml -c requirements/dev.txt -o requirements/operator.txt; \
	$(COMPILE) requirements/docs.in -c requirements/dev.txt -o requirements/docs.txt; \
	$(COMPILE) requirements/stand-in.in -c requirements/dev.txt -o requirements/stand-in.txt

.PHONY: clean
clean: ## Remove what the targets above left in the working tree (not the sandbox, nor its cache)
	rm -rf $(VENV) build dist .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find operator tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
