# Works on a machine that has Python >= 3.11 and make; uses uv when it is there.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: demo test lint check format lock canvas server-logs bench bench-impact bench-oracle bench-peers clean

demo: $(INSTALLED)        ## import the sample data into a fresh store and open the app
	$(BIN)/lineage demo

test: $(INSTALLED)        ## every test, on SQLite and on a real Neo4j
	$(BIN)/pytest -n 2 --dist loadgroup --no-loadscope-reorder

lint: $(INSTALLED)        ## format, lint, types, architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test          ## the one definition of good

format: $(INSTALLED)      ## let ruff format and mend what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(INSTALLED)        ## resolve the dependencies anew; not Spark, which is half a gigabyte
	uv pip compile --quiet --universal --python-version 3.11 --group dev \
	  --extra neo4j-server --extra kafka --extra fast-http \
	  --generate-hashes --no-header --no-emit-index-url pyproject.toml -o requirements.lock

canvas:                   ## rebuild the lineage canvas (needs node)
	cd app/canvas/frontend && npm ci && npm test && npm run build

server-logs: $(INSTALLED) ## the logs of real servers, written anew and compared; skips what is not here
	$(BIN)/pytest $$(grep -l '^def test_' tests/servers/*.py)

bench: $(INSTALLED)       ## what it costs, as ratios in one run
	$(BIN)/python -m benchmarks.imports
	$(BIN)/python -m benchmarks.stores

bench-impact: $(INSTALLED) ## what a change breaks, against what breaks when it is made in DuckDB
	$(BIN)/python -m benchmarks.impact_truth

bench-oracle: $(INSTALLED) ## the columns that break and influence a statement, by execution
	$(BIN)/python -m benchmarks.oracle tests/cases/oracle --worlds 3

bench-peers: $(INSTALLED)  ## other tools on the same log, and cases: make bench-peers CASES=cases.jsonl
	$(BIN)/python -m benchmarks.peers.importing
	$(if $(CASES),$(BIN)/python -m benchmarks.peers $(CASES))

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(INSTALLED): pyproject.toml requirements.lock
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python '>=3.11' .venv && \
	  uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock && \
	  uv pip install --quiet --python $(BIN)/python --no-deps -e . ; \
	else \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=")' && \
	  $(PYTHON) -m venv .venv && \
	  $(BIN)/python -m pip install --quiet --upgrade pip && \
	  $(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock && \
	  $(BIN)/python -m pip install --quiet --no-deps -e . ; \
	fi
	@touch $@
