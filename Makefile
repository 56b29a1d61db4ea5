# Two commands to know: `make quickstart` and `make test`. Each sets up all it needs in .venv on its first call.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready

.PHONY: install quickstart test test-slow lint clean

install: $(READY)

$(READY): setup.cfg constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed (Keras 3.15 does), this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	touch $@

quickstart: $(READY)
	bin/train --flagfile=configs/quickstart.flags

test: $(READY) lint
	$(RUN) -m pytest --quiet --numprocesses=logical --maxprocesses=4

test-slow: $(READY)
	$(RUN) -m pytest --quiet -m slow

lint: $(READY)
	$(RUN) -m ruff check --quiet .
	$(RUN) -m ruff format --check --quiet .

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .hypothesis
