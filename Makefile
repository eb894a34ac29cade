# Headwaters. Needs Python 3.11 (with venv), git and make; everything else is installed into this folder.
# `make` alone lists what there is.

SHELL := /bin/sh
.DEFAULT_GOAL := help
python := .venv/bin/python
install := requirements/install.sh
options = $(if $(data),--data '$(data)') $(if $(port),--port '$(port)')
# Static checks read the settings and connect to nothing.
static := SECRET_KEY=static DATABASE_URL=postgresql://nobody@127.0.0.1:1/none
sources := institute grants compute deploy
messages := $(patsubst %.po,%.mo,$(wildcard institute/locale/*/LC_MESSAGES/*.po))
fast := not slow and not browser and not recipes and not kill and not soak

.PHONY: help demo up test check coverage static lint format types imports templates migrations shape soak bench bench-pages lock \
        clean install-web install-dev install-jax install-torch messages chromium

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-19s %s\n", $$1, $$2}'

demo: install-web install-jax messages ## start, then play the chain from pledge to public model [data=DIR port=N once=1]
	@exec $(python) -m deploy.local --demo $(if $(once),--once) $(options)

up: install-web install-jax messages ## start the platform on an empty institute, in the foreground [data=DIR port=N]
	@exec $(python) -m deploy.local $(options)

test: install-dev install-jax install-torch node_modules chromium messages static ## set up and run every test
	@exec $(python) -m pytest -q -n 2 --dist worksteal

check: install-dev messages static ## static checks and the fast tests, up to two minutes
	@exec $(python) -m pytest -q -n 2 -m '$(fast)'

coverage: install-dev messages ## branch coverage of actions, rules and queries; fails below 100 %
	@exec $(python) -m pytest -q -n 2 -m '$(fast)' --cov --cov-fail-under=100

static: lint types imports templates ## only the static checks: lint, types, imports, templates

lint: install-dev ## ruff: rules and format
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --check --quiet . || { echo "Some files are not formatted: run make format."; exit 1; }

format: install-dev ## let ruff format and repair what it can
	@.venv/bin/ruff format --quiet .
	@.venv/bin/ruff check --quiet --fix .

types: install-dev ## mypy, strict
	@$(static) .venv/bin/mypy $(sources)

imports: install-dev ## import-linter: who may import whom
	@.venv/bin/lint-imports

templates: install-dev ## djlint on the templates
	@.venv/bin/djlint --lint --quiet institute grants compute

migrations: install-dev ## the migrations match the models, the system checks pass
	@$(python) -m pytest -q tests/test_house.py

shape: install-dev ## sizes and structure of the source
	@$(python) -m pytest -q tests/test_shape.py

soak: install-dev install-jax messages ## long random histories and a thousand injected crashes
	@HYPOTHESIS_PROFILE=soak $(python) -m pytest -q tests/properties
	@$(python) -m pytest -q -m soak

bench: bench-pages ## measure: every bench-<room>

bench-pages: install-dev messages ## SQL, CPU and bytes of every list and detail page at 1, 100 and 10,000 rows
	@exec $(python) -m pytest -q -s -p no:randomly tests/bench

lock: ## resolve all dependencies anew and write the lock files
	@$(install) uv uv
	@requirements/lock.sh
	@$(install) .venv dev
	@.venv/bin/npm install --package-lock-only --silent

clean: ## remove what builds and checks leave; never data or environments
	@rm -rf node_modules institute/static/vendor tests/screenshots $(messages)
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage*

install-web:
	@$(install) .venv web dev
install-dev:
	@$(install) .venv dev
install-jax:
	@$(install) .venv-recipes-jax recipes-jax
install-torch:
	@$(install) .venv-recipes-torch recipes-torch

messages: $(messages)
%.mo: %.po
	@.venv/bin/pybabel --quiet compile --input-file $< --output-file $@

# Curves zoom where uPlot is installed; the pages work without it.
node_modules: package.json package-lock.json | install-dev
	@.venv/bin/npm ci --silent
	@mkdir -p institute/static/vendor
	@cp node_modules/uplot/dist/uPlot.iife.min.js node_modules/uplot/dist/uPlot.min.css institute/static/vendor/
	@touch node_modules

chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing Chromium for the browser tests …"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	  else echo "The browser tests need Chromium: install it (on Debian: sudo apt-get install chromium)."; exit 1; fi; }
