# Two commands do everything on a fresh machine with Python 3.11 or later, make and git:
#   make claims   set up, run the claims on the stand-ins, leave the reports in reports/
#   make test     set up, pass all checks and tests
# TORCH names the build of torch to install, e.g. TORCH=torch==2.13.0.

PYTHON ?= python3
TORCH ?= torch
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: claims test setup check tests audit benchmark clean

setup: $(VENV)/.done

$(VENV)/.done: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet "$(TORCH)"
	$(BIN)/python -m pip install --quiet -e ".[models,dev]"
	touch $@

# The certificate is made beside the claims, whose page shows it at the end; a rate that is off fails the target.
claims: setup
	mkdir -p reports
	export OMP_NUM_THREADS=1; \
	test -f reports/calibration.json || $(BIN)/causal-claims calibrate --runs 200 --json reports/calibration.json & made=$$!; \
	$(BIN)/python -m pytest claims -n 2 --claims-stand-in --claims-inconclusive=skip --junitxml reports/junit.xml; judged=$$?; \
	wait $$made; made=$$?; exit $$((judged ? judged : made))

test: check tests

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pip check

tests: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not calibration and not slow"
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

# Known vulnerabilities of what is installed; it asks a service on the internet, so CI without one does not run it.
audit: setup
	$(BIN)/python -m pip install --quiet pip-audit
	$(BIN)/python -m pip_audit --skip-editable

benchmark: setup
	$(BIN)/python benchmarks/instrument.py
	$(BIN)/python benchmarks/report.py

clean:
	rm -rf $(VENV) build dist reports/claims.* reports/measurements.parquet reports/calibration.json reports/status.html
