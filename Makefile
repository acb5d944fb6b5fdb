# make run      train on the bundled images and write runs/first/report.html
# make lab      open the notebooks in JupyterLab
# make test     everything that must hold: lint, types, tests, notebooks
# make stress   trainings that are killed, starved, interrupted; notebooks run twice, from elsewhere, with the oldest versions; hours
# make check    lint, types, spelling, rules of notebooks; no tests
# make notebooks   run the solved notebooks, write the learner's copies and run those; store all outputs
# make site     the notebooks as a web site in build/site, with working explorers; needs no server
# make bench    the shorter measurements in bench/
# make bench-training   training and its input pipeline beside others', and what each ingredient is worth; two hours
#
# Each sets up .venv first if it is not there. Another Python: make run PYTHON=python3.12

PYTHON ?= python3
BIN := .venv/bin
REQUIREMENTS := requirements.txt constraints.txt pyproject.toml

.PHONY: run lab test stress check notebooks site bench bench-training clean
.DELETE_ON_ERROR:

run: .venv/.run
	$(BIN)/python -m practicum train --data emoji --out runs/first --restart

lab: .venv/.run
	$(BIN)/jupyter lab notebooks

test: check
	$(BIN)/python -m pytest --cov --cov-report=term
	PRACTICUM_PROGRESS=off $(BIN)/python -m pytest --nbval --nbval-current-env -p no:cacheprovider --doctest-glob='' notebooks

stress: .venv/.dev
	$(BIN)/python -m pytest --durations=0 --durations-min=1 tests/stress

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell README.md CONTRIBUTING.md docs practicum notebooks/*.py
	$(BIN)/python notebooks/lint.py

notebooks: .venv/.dev
	$(BIN)/python notebooks/execute.py 'solutions/*.ipynb'
	$(BIN)/python -m practicum workshop build
	$(BIN)/python notebooks/execute.py '*.ipynb'

site: .venv/.dev
	$(BIN)/python docs/site/build.py

clean:
	rm -rf .venv runs

.venv/.run: $(REQUIREMENTS)
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "The practicum needs Python 3.11 to 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv || \
	  { echo "Python could not make a virtual environment. On Debian or Ubuntu: sudo apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet -r requirements.txt -c constraints.txt
	@touch $@

.venv/.dev: .venv/.run requirements-dev.txt
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt -c constraints.txt
	@touch $@

bench: .venv/.dev
	$(BIN)/python bench/cpu_choices.py
	$(BIN)/python bench/reference_speed.py
	$(BIN)/python bench/explorer_speed.py

bench-training: .venv/.dev
	$(BIN)/python bench/training_speed.py
	$(BIN)/python bench/input_pipeline.py
	$(BIN)/python bench/recipe_ablation.py
