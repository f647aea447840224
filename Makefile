# The verbs; nothing else to learn. `make run` and `make test` do all the set-up themselves.
PYTHON ?= python3
BIN := .venv/bin
PYTEST_ARGS ?=

.PHONY: run test check bench setup format clean

run: setup
	@exec $(BIN)/cmpctl serve

test: setup
	@$(BIN)/python -m tests.run $(PYTEST_ARGS)

check: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup
	@$(BIN)/python -m benchmarks

format: setup
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

setup:
	@$(PYTHON) tools/setup.py

clean:
	rm -rf .venv .web .states var
