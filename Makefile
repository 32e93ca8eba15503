# One command for everything; CI runs `make test`.
PYTHON ?= python3
BIN := .venv/bin
.PHONY: setup setup-test demo test check format protos lock bench goldens clean help

help:
	@echo "make demo    set up, then run server, counter and printer; ONCE=1 plays the customer and ends"
	@echo "make test    set up, then everything that CI runs"
	@echo "make bench   measure; ONLY=name for one row"
	@echo "make setup   .venv with choba, choba-server, choba-device"
	@echo "make check   format, lint, types, import rules, contracts (no tests)"
	@echo "make format  rewrite the code's layout"
	@echo "make protos  generate the stubs"
	@echo "make goldens draw the golden screens and slips again"
	@echo "make lock    resolve the dependencies again"

setup:
	@PYTHON=$(PYTHON) tools/setup.sh run

setup-test:
	@PYTHON=$(PYTHON) tools/setup.sh test

demo: setup
	@$(BIN)/python -m tools.demo

test: setup-test check
	@$(BIN)/python -m pytest -m journey
	@$(BIN)/python -m pytest -m "not journey" -n 2

check: setup-test
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy device server protos hardware tools tests
	@PYTHONPATH=. $(BIN)/lint-imports
	@cd protos && ../$(BIN)/buf lint && ../$(BIN)/buf breaking --against released.binpb
	@PATH=$(BIN):$$PATH $(BIN)/python tools/build_protos.py --check

format: setup-test
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

protos: setup-test
	@PATH=$(BIN):$$PATH $(BIN)/python tools/build_protos.py

bench: setup-test
	@$(BIN)/python -m tests.benchmarks $(if $(ONLY),--only $(ONLY))

goldens: setup-test
	@$(BIN)/python -m pytest tests/golden --regenerate-goldens

lock: setup-test
	@tools/lock.sh

clean:
	rm -rf .venv .setup demo-output bench-output test-output var
