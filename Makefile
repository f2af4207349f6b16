# Two commands matter: `make demo` and `make test`. Both first build .venv, once.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PICTURE := build/2nd_argmax_4_3.svg
WORKERS ?= 2
SLOW ?=

.DEFAULT_GOAL := help
.PHONY: help venv demo test test-slow oracles lint bench reference docs clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(READY) ## create .venv with the package and its tools (Python 3.11 or later)

$(READY): pyproject.toml constraints.txt
	@for python in python3.11 python3 python; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    found=$$python; break; \
	  fi; \
	done; \
	if [ -z "$$found" ]; then echo "Python 3.11 or later is needed, and was not found."; exit 1; fi; \
	echo "Building $(VENV) with $$($$found --version) ..."; \
	$$found -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check \
	  --constraint constraints.txt --editable '.[dev,docs]'
	@echo "Compiling for this machine ..."; $(BIN)/algzoo-exact warm
	@touch $@

demo: $(READY) ## exact accuracy of a trained model, and a picture of its regions
	@mkdir -p $(dir $(PICTURE))
	@$(BIN)/algzoo-exact accuracy 2nd_argmax_4_3
	@$(BIN)/algzoo-exact regions 2nd_argmax_4_3 --top 0 --picture $(PICTURE)

test: lint ## lint, types and the fast tests; all tests with SLOW=1
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal $(if $(SLOW),,-m "not slow")

test-slow: ## lint, types and all tests
	@$(MAKE) --no-print-directory test SLOW=1

oracles: $(READY) ## scores of a thousand models against independent ones: ten minutes and more
	cd tests && $(abspath $(BIN))/python -m oracles.thousand

lint: $(READY) ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY) ## the tables and plots of benchmarks/
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/limits.py

reference: $(READY) ## the parts of docs/ made from docstrings and commands, and the README's picture
	$(BIN)/python docs/site/reference.py
	$(BIN)/algzoo-exact regions 2nd_argmax_3_3 --top 0 --picture docs/regions.png
	$(BIN)/python -c "from PIL import Image; picture = Image.open('docs/regions.png'); \
	  picture.convert('RGB').quantize(64).save('docs/regions.png', optimize=True)"

docs: $(READY) ## the documentation as a site, in build/site
	@$(BIN)/python -m sphinx -q -W --keep-going -c docs/site -d build/doctrees . build/site
	@echo "build/site/index.html"

clean: ## remove .venv, build products and caches
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find algzoo_exact tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
