# make book    set up, execute every chapter, leave the book in _build/html/index.html
# make test    set up, run pytest, doctests and every chapter
# make lint    check the style          make clean    remove the built book
# make results run again what is missing of the stored results

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
CHAPTERS := $(wildcard book/*.ipynb)
EXTRAS := book,test

# One thread a process: on a busy machine several threads wait for one another more than they help.
.PHONY: book test lint clean setup assets results classifiers mixtures

book: $(READY)
	rm -rf _build
	OMP_NUM_THREADS=1 $(BIN)/jupyter-book build . --all -W --keep-going
	$(BIN)/python tools/check_book.py

# Two at a time: on two cores that beats one at a time on both.
test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --ignore=tests/book
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --nbval-lax $(CHAPTERS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/nbstripout --keep-id --verify $(CHAPTERS)

setup: $(READY)

# The environment is made once, and again when what it is made from changes.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[$(EXTRAS)]'
	touch $@

# Scripts and fonts of the rendered pages; git keeps them in one archive.
assets: $(READY)
	$(BIN)/python -m tools.fetch_assets

# Runs what is missing of the results that the package ships; delete a result to have it run again. The tables of
# numbers take an hour or two; those of images, TABLES="table3 ablations", days on a CPU.
RESULTS := cpvae_lite/artifacts/results
TABLES ?= synthetic temperature last slow
results: $(READY)
	$(BIN)/cpvae-lite reproduce $(TABLES) --out $(RESULTS) --jobs 2

# The classifiers that the package ships, from all training images; about nine minutes on one core.
classifiers: $(READY)
	$(BIN)/python tools/train_classifiers.py

# The mixtures that the package ships, fitted to the codes of its VAE of clothes; about a minute.
mixtures: $(READY)
	$(BIN)/python tools/fit_mixtures.py

clean:
	rm -rf _build
