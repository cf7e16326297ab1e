# textclf-nb: `make demo` shows what it does, `make test` that it is right.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
SHELL  := /bin/bash
export WANDB_MODE ?= offline
export WANDB_SILENT ?= true
export TOKENIZERS_PARALLELISM ?= true
export HF_HUB_OFFLINE ?= 1

.DEFAULT_GOAL := help
.PHONY: help env demo test test-matrix torture lab notebooks links clean

help:  ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(VENV)/.installed  ## the environment, in .venv, and no more

$(VENV)/.installed: settings.ini setup.py constraints.txt
	@echo "Installing into $(VENV) (once; a few minutes) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	@touch $@

demo: env  ## real text, a transformer from scratch, a baseline, a report: minutes on a laptop
	@$(BIN)/textclf suite run experiments/suites/demo.yaml

test: env  ## notebooks in sync, style, every chapter, the experiments, pytest; one summary
	@$(BIN)/python tests/run_all.py

test-matrix: env  ## numerical chapters and tests as other processors compute; pytest on each Python 3.10 to 3.13 found
	@$(BIN)/python tests/matrix.py

MINUTES ?= 10
SEED    ?= 0

torture: env  ## a standing attack: kills, full disks, damaged files, odd input (MINUTES=10 SEED=0)
	@$(BIN)/python tests/torture.py --minutes $(MINUTES) --seed $(SEED)

lab: env  ## Jupyter, at the chapters
	@$(BIN)/jupyter lab --notebook-dir=nbs

notebooks: env  ## execute every chapter in place, clean, export
	@for n in $$(find nbs -name '*.ipynb' -not -path '*/.*' | sort -t/ -k3); do echo $$n; $(BIN)/jupyter nbconvert --log-level ERROR --to notebook --execute --inplace $$n || exit 1; done
	@$(BIN)/nbdev_clean && $(BIN)/nbdev_export

links: env  ## Colab badges, install cells and README's chapters from settings.ini and the chapters' titles
	@$(BIN)/python tests/links.py

clean:  ## remove what runs left behind (experiments/pretraining, finetuning, baseline, comparisons, attention_maps, cost)
	@cd experiments && rm -rf pretraining finetuning baseline comparisons attention_maps cost
