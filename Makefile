# make run      train on the bundled images and write runs/first/report.html
# make lab      open the notebooks in JupyterLab
# make test     everything that must hold: lint, types, tests, notebooks
# make stress   trainings that are killed, starved, interrupted; notebooks run twice, from elsewhere, with the oldest versions; hours
# make check    lint, types, spelling, rules of notebooks; no tests
# make notebooks   run the solved notebooks, write the learner's copies and run those; store all outputs
# make site     the notebooks as a web site in build/site, with working explorers; needs no server
# make slides   slides with speaker's notes for each notebook in build/slides; needs no server
# make lock     write requirements.lock anew: what a learner installs, with the hash of every file
# make audit    look up known vulnerabilities of all pinned versions; needs the internet
# make release  build the wheel and the source archive in dist/, and try the wheel alone in a clean environment
# make bench    the shorter measurements in bench/
# make bench-training   training and its input pipeline beside others', and what each ingredient is worth; two hours
#
# Each sets up .venv first if it is not there. Another Python: make run PYTHON=python3.12

PYTHON ?= python3
BIN := .venv/bin
# Tests side by side, each file's on one worker: they share what was trained or opened for them.
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile
# JupyterLab would begin by asking whether it may fetch its news.
LAB_PAGE := .venv/etc/jupyter/labconfig/page_config.json
REQUIREMENTS := requirements.txt constraints.txt pyproject.toml
PIP_AUDIT := pip-audit==2.10.1

.PHONY: run lab test stress check notebooks site slides lock audit release bench bench-training clean
.DELETE_ON_ERROR:

run: .venv/.run
	$(BIN)/python -m practicum train --data emoji --out runs/first --restart

lab: .venv/.run
	$(BIN)/jupyter lab notebooks

test: check
	$(PYTEST) --cov --cov-report=term
	PRACTICUM_PROGRESS=off $(PYTEST) --nbval --nbval-current-env -p no:cacheprovider --doctest-glob='' notebooks

stress: .venv/.dev
	$(BIN)/python -m pytest --durations=0 --durations-min=1 tests/stress

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell README.md CONTRIBUTING.md CHANGELOG.md SECURITY.md docs practicum tools/*.py
	$(BIN)/python tools/lint.py

notebooks: .venv/.dev
	$(BIN)/python -m practicum workshop build
	$(BIN)/python tools/execute.py 'solutions/*.ipynb'
	$(BIN)/python -m practicum workshop build
	$(BIN)/python tools/execute.py '*.ipynb'

site: .venv/.pages
	$(BIN)/python docs/site/build.py

slides: .venv/.pages
	$(BIN)/python docs/slides/build.py

# Versions come from constraints.txt. What builds this package itself is locked, too: docs/decisions/0022-supply-chain.md.
lock: .venv/.dev
	printf 'hatchling\neditables\n' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-emit-package practicum --custom-compile-command 'make lock' \
	  --constraints constraints.txt --output-file requirements.lock requirements.txt -

# A package that the database does not answer about counts as not looked up (--strict), and then nothing is known.
audit: .venv/.dev
	@said=$$($(BIN)/uv tool run $(PIP_AUDIT) --strict --disable-pip --no-deps --progress-spinner off \
	  --requirement constraints.txt 2>&1); status=$$?; echo "$$said" | tail -n 100; \
	case "$$status $$said" in \
	  0*) ;; \
	  *"Found "*" known vulnerabilit"*) echo "make audit: raise these versions in constraints.txt, then run make lock."; exit 1;; \
	  *) echo "make audit: not done. pip-audit, or the database it asks, could not be reached (what it said" \
	       "stands above), so nothing is known about these versions. Try again with internet."; exit 1;; \
	esac

# A release is made of what is committed, and the CHANGELOG says what is new in it.
release: .venv/.dev
	@test -z "$$(git status --porcelain)" || { echo "make release: commit or put aside what git status lists first."; exit 1; }
	@version=$$($(BIN)/python -c 'import practicum; print(practicum.__version__)'); grep -q "^## $$version" CHANGELOG.md || \
	  { echo "make release: CHANGELOG.md has no heading '## $$version'. Name the release there, or set __version__."; exit 1; }
	rm -rf dist
	$(BIN)/uv build --quiet --out-dir dist
	PRACTICUM_DIST=dist $(BIN)/python -m pytest tests/stress/test_stress_release.py
	@ls -l dist

clean:
	rm -rf .venv runs

.venv/.run: $(REQUIREMENTS)
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "The practicum needs Python 3.11 to 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv || \
	  { echo "Python could not make a virtual environment. On Debian or Ubuntu: sudo apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet -r requirements.txt -c constraints.txt
	@test -f $(LAB_PAGE) || { mkdir -p $(dir $(LAB_PAGE)); cp practicum/static/jupyterlab/page_config.json $(LAB_PAGE); }
	@touch $@

.venv/.dev: .venv/.run requirements-dev.txt
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt -c constraints.txt
	@touch $@

# Formulas of the web site and the slides; the rest of what builds them comes with JupyterLab.
.venv/.pages: .venv/.run
	$(BIN)/python -m pip install --quiet latex2mathml -c constraints.txt
	@touch $@

bench: .venv/.dev
	$(BIN)/python bench/cpu_choices.py
	$(BIN)/python bench/reference_speed.py
	$(BIN)/python bench/explorer_speed.py

bench-training: .venv/.dev
	$(BIN)/python bench/training_speed.py
	$(BIN)/python bench/input_pipeline.py
	$(BIN)/python bench/recipe_ablation.py
