# memecap: `make help` lists what there is. Every target sets up what it needs.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
RUN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test test-slow check docs dist bench bench-captioners clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## virtual environment in .venv, pinned packages, Tesseract where it may be installed
	@sh scripts/install_tesseract.sh

$(READY): pyproject.toml constraints.txt
	@sh scripts/make_venv.sh "$(PYTHON)" "$(VENV)"
	@touch $(READY)

demo: setup  ## the whole road on painted memes: scrape, train, measure, caption → output/demo/report.html
	$(RUN)/memecap demo --out output/demo

serve: setup  ## the page on this machine, with the demo's captioner where `make demo` has trained it
	$(RUN)/memecap serve --corrections data/corrections $(if $(wildcard output/demo/run/run.json),--model output/demo/run)

test: setup  ## the default tests: offline, no GPU, a few minutes
	$(RUN)/python -m pytest -n 2 -m "not slow"

test-slow: setup  ## the tests that take minutes: kill -9, torchrun, real sizes, the whole demo
	$(RUN)/python -m pytest -m slow

check: setup  ## ruff, mypy --strict, import rules
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

docs: setup  ## the documents as a site in output/site, strict: no dead link, no missing page
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	$(RUN)/python scripts/write_reference.py
	$(RUN)/mkdocs build --strict

dist: setup  ## a wheel and a source archive in dist/
	@rm -rf build dist
	$(RUN)/python -c 'from setuptools import build_meta as make; make.build_sdist("dist"), make.build_wheel("dist")' >/dev/null
	@ls -l dist

bench: setup  ## every benchmark of scripts/bench, one after another
	@for script in scripts/bench/bench_*.py; do echo "== $$script"; $(RUN)/python $$script || exit 1; done

bench-captioners: setup  ## every captioner beside the floors → output/bench_captioners/leaderboard.html; MEMES=a read corpus of real ones
	$(RUN)/python scripts/bench/bench_captioners.py $(if $(MEMES),--memes "$(MEMES)") $(if $(MEMORY),--memory "$(MEMORY)")

clean:  ## remove caches and the virtual environment; data/ and output/ stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
