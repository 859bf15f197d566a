# `make demo` and `make test` work on a fresh clone: both build the environment they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The usual places of a data directory: the project's own, or one shared beside it.
TAGKIN_DATA ?= $(firstword $(wildcard data ../shared/data) data)
TAGKIN_ENGINE ?= tagkin-index
export TAGKIN_DATA TAGKIN_ENGINE

.PHONY: demo demo-elasticsearch test test-fast lint bench serve model elasticsearch clean

demo: $(VENV)/.installed
	@if ls $(TAGKIN_DATA)/magnatagatune/annotations_final.csv* $(TAGKIN_DATA)/fma/tracks.csv* >/dev/null 2>&1; then \
	  echo "== Indexing MagnaTagATune songs and the Free Music Archive from $(TAGKIN_DATA)"; \
	  $(BIN)/tagkin index mtat fma; \
	else \
	  echo "== No data sets in $(TAGKIN_DATA): indexing 5,000 INVENTED tracks instead."; \
	  echo "   Their tags go together as on real music; titles and artists are made up. Real ones: $(BIN)/tagkin data fetch"; \
	  $(BIN)/tagkin index invented; \
	fi
	@if ls $(TAGKIN_DATA)/audio/demo/*.mp3 >/dev/null 2>&1; then \
	  echo; echo "== Listening to the recordings in $(TAGKIN_DATA)/audio/demo"; \
	  $(BIN)/tagkin index $(TAGKIN_DATA)/audio/demo; \
	  echo; echo "== tagkin similar 'piloting waves'"; \
	  $(BIN)/tagkin similar piloting waves -k 3; \
	fi
	@echo; echo "== tagkin search 'sad piano -vocals'"
	@$(BIN)/tagkin search 'sad piano -vocals' -k 5 --outside 3
	@echo; echo "== tagkin suggest sitar tabla slow"
	@$(BIN)/tagkin suggest sitar tabla slow -k 5
	@echo; echo "== Serving; open the address below in a browser"
	@TAGKIN_AUDIO_ROOT=$(wildcard $(TAGKIN_DATA)/audio/demo) $(BIN)/tagkin serve

serve: $(VENV)/.installed
	$(BIN)/tagkin serve

# The same demo on a real Elasticsearch server, which is started for it and stopped with it.
demo-elasticsearch: $(VENV)/.installed
	$(BIN)/pip install -q -e ".[elasticsearch]"
	$(BIN)/python -m tests.servers --port 0 $(MAKE) demo

# A real server to try things on, fetched on first use; Ctrl-C stops it. Options: make elasticsearch ARGS=--help
elasticsearch: $(VENV)/.installed
	@$(BIN)/python -m tests.servers $(ARGS)

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/mypy

# The fast suite first, on all cores: a slip is said within minutes, before real processes are killed and models trained.
# The slow one waits for servers half of the time: two processes, each given a test when it is free.
test: lint
	$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile -m "not slow and not data and not browser"
	$(BIN)/python -m pytest -q -n 2 --dist load --maxschedchunk 1 -m "slow or data or browser"

test-fast: $(VENV)/.tested
	$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile -m "not slow and not data and not browser"

bench: $(VENV)/.tested
	mkdir -p build
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.search_latency > build/search_latency.json
	$(BIN)/python -m benchmarks.completion_latency > build/completion_latency.json
	$(BIN)/python -m benchmarks.index_throughput > build/index_throughput.json
	$(BIN)/python -m benchmarks.kin_ablation --data-dir $(TAGKIN_DATA) > build/kin_ablation.json
	$(BIN)/python -m benchmarks.http_load --data-dir $(TAGKIN_DATA) --soak 10 > build/http_load.json
	@if [ -n "$(TAGKIN_TEST_ELASTICSEARCH)" ]; then $(BIN)/python -m benchmarks.elasticsearch > build/elasticsearch.json; \
	else echo "No Elasticsearch measured: TAGKIN_TEST_ELASTICSEARCH=http://host:port says where one is."; fi

# The shipped model, from all five data sets; two runs give the same bytes.
model: $(VENV)/.tested
	$(BIN)/tagkin train tags --data mtat,fma,jamendo,lastfm,musiccaps --out tagmodel/models/default

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --upgrade pip

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install -q -e ".[audio]"
	touch $@

$(VENV)/.tested: pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install -q -e ".[test]"
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache
