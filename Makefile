# The verbs of this repository. Each sets up what it needs in .venv first.

PYTHON ?= python3
# trust what this machine trusts, also behind a company's proxy (two names: uv renamed the option)
export UV_SYSTEM_CERTS ?= true
export UV_NATIVE_TLS ?= true
BIN := .venv/bin
RUN := $(BIN)/python -m
# pytest's 5: no test was chosen. With ARGS that is no fault, half of the tests may lie elsewhere
NONE_THERE = { code=$$?; test -n "$(ARGS)" && test $$code -eq 5; }

.PHONY: help demo test check format fix bench soak docs mutants clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: .venv/ready ## Start the bridge with emulated Slack, Rocket.Chat and SuperOffice, and the playground
	@$(RUN) bridge demo

test: .venv/ready-dev ## Run every test
	@$(RUN) pytest -q -m "not alone" -n 2 --dist worksteal $(ARGS) || $(NONE_THERE)
	@$(RUN) pytest -v -m alone $(ARGS) || $(NONE_THERE)

check: .venv/ready-dev ## Format, lint, types, import rules, dead code, docs in step with code, licences, weaknesses
	$(BIN)/ruff format --check bridge docs tests
	$(BIN)/ruff check bridge docs tests
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/vulture
	$(RUN) tests.generated --check
	$(RUN) tests.supply

fix: .venv/ready-dev ## Format, apply safe fixes, rewrite the generated parts
	$(BIN)/ruff check --fix bridge docs tests
	$(BIN)/ruff format bridge docs tests
	$(RUN) tests.generated

bench: .venv/ready-dev ## Measure against baselines in the same run
	$(RUN) tests.bench $(ARGS)

soak: .venv/ready-dev ## All promises together, ten minutes, random faults
	$(RUN) tests.soak $(ARGS)

# no --quiet: it would silence the warnings that --strict counts. The variable hides a notice of the theme
docs: .venv/ready-dev ## Build the documentation into site/, warnings as errors
	NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs build --strict -f docs/mkdocs.yml

mutants: .venv/ready-dev ## Would a test notice? Mutation score of the pure rooms (ROOM=access for one)
	$(RUN) tests.mutants $(ROOM) $(ARGS)

clean: ## Remove what the other verbs made
	rm -rf .venv site var mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Deskbridge needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Setting up .venv ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check 'uv>=0.5,<1'

.venv/ready: .venv/bin/uv pyproject.toml uv.lock
	@$(BIN)/uv sync --quiet --frozen --inexact --no-dev --python $(BIN)/python
	@touch $@

.venv/ready-dev: .venv/bin/uv pyproject.toml uv.lock
	@$(BIN)/uv sync --quiet --frozen --inexact --python $(BIN)/python
	@touch $@ .venv/ready
