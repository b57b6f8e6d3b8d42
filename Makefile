# make help lists what there is; CONTRIBUTING.md says when to use which.
PYTHON ?= python3
VENV ?= .venv
OUT ?= build/html
# What is published, released or tested has every example.
ifneq ($(filter site release test reproduce,$(MAKECMDGOALS)),)
HEAVY := 1
endif
GROUPS := docs pytorch keras deploy $(if $(GPU),gpu,tensorflow) $(if $(HEAVY),heavy)
# What is not timed runs side by side, in up to four places.
ifneq ($(filter test,$(MAKECMDGOALS)),)
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
JOBS := $(or $(JOBS),$(shell [ $(CORES) -gt 4 ] && echo 4 || echo $(CORES)))
endif
# Where site_ext, publisher and commands are found.
export PYTHONPATH := $(CURDIR)/conf
SETTINGS := PATTERN SHARD JOBS STRICT GPU HEAVY REPOSITORY SITE BRANCH SITE_URL RELEASES DEV \
  RECORDS BUDGET CLUSTER TIME_LIMIT_FACTOR ALLOW_BUSY \
  WORKLOAD STACK DEVICE DTYPE BATCH THREADS ROUNDS RECORD
# As they were given: make would expand the dollar of PATTERN='a$$|b'.
$(foreach one,$(SETTINGS),$(if $(filter command environment,$(firstword $(origin $(one)))),$(eval override $(one) := $$(value $(one)))))
export $(SETTINGS)

ifeq ($(VENV),)
PY := $(PYTHON)
READY := active
TESTABLE := active
else
PY := $(VENV)/bin/python
READY := $(VENV)/.ready$(if $(HEAVY),-heavy)
# With records at hand nothing need run: an environment that is made for it has no framework.
ifneq ($(RECORDS),)
ifeq ($(HEAVY)$(filter worker,$(MAKECMDGOALS))$(wildcard $(VENV)/.ready $(VENV)/.ready-heavy),)
READY := $(VENV)/.ready-docs
endif
endif
ifneq ($(CLUSTER),)
READY += $(VENV)/.ready-cluster
endif
TESTABLE := $(VENV)/.testable
# Never two at once, under -j.
$(READY): | $(if $(filter test lint lock,$(MAKECMDGOALS)),$(TESTABLE))
endif
# What is released or published is a commit: seen before anything is installed for it.
ifneq ($(filter release site,$(MAKECMDGOALS)),)
$(READY): | looked-at
endif
# Each builder remembers for itself what it has read: one would hide from the others what is new.
# Pages are written side by side as examples run; of a JOBS that is no number the build itself tells.
SPHINX = $(PY) -m sphinx -nW --keep-going -j $(or $(filter 2 3 4 5 6 7 8,$(JOBS)),1) -c conf -d build/doctrees/$(1)$(if $(SITE_VERSION),-site) -b $(1)
.DEFAULT_GOAL := help
.PHONY: help html examples worker bench reproduce test doctest linkcheck epub text latex freshness
.PHONY: site compare release serve lint lock clean

html: $(READY) ## execute what is out of date, build build/html/ (RECORDS= PATTERN= JOBS= SHARD= BUDGET= CLUSTER= STRICT=1 VENV= GPU=1 HEAVY=1)
	$(call SPHINX,html) -q docs $(OUT)

examples: $(READY) ## only execute what is out of date, for instance one SHARD=2/4
	$(PY) -m commands.examples

worker: $(READY) ## execute for others: CLUSTER=tcp://host:port of a Dask scheduler
	$(PY) -m commands.worker "$(CLUSTER)"

bench: $(READY) ## time the frameworks on this machine, 20 minutes (WORKLOAD= STACK= DEVICE=cuda BATCH= THREADS= ROUNDS= BUDGET= CLUSTER=)
	@$(PY) -m commands.bench

reproduce: $(READY) ## execute here what a release executed, and compare (RELEASE=0.2, or RECORDS=)
	@MAKE="$(MAKE)" $(PY) -m commands.reproduce "$(RELEASE)"

# Libraries with as many threads as cores in each worker would wait for each other.
test: $(TESTABLE) html ## every test, doctests among them
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PY) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

doctest: $(READY) ## the snippets in the pages; executes no example
	$(call SPHINX,doctest) -q docs build/doctest

linkcheck: $(READY) ## every link in the pages; executes no example
	$(call SPHINX,linkcheck) -q docs build/linkcheck

epub text latex: $(READY) ## the pages in another form, of what was executed last, in build/
	$(call SPHINX,$@) -q docs build/$@

freshness: $(READY) ## sources and measurements by age, what is due, newer releases
	@$(PY) -m commands.freshness

site: $(READY) ## this version into build/site/, beside the others (SITE= BRANCH= SITE_URL= RELEASES="0.1 0.2" DEV=1)
	@MAKE="$(MAKE)" $(PY) -m commands.site

compare: $(READY) ## what moved between two versions: OLD=v0.1 NEW=dev
	@$(PY) -m commands.compare --look "$(OLD)" "$(NEW)"
	$(if $(filter dev,$(OLD) $(NEW)),@$(MAKE) --no-print-directory html)
	@$(PY) -m commands.compare "$(OLD)" "$(NEW)"

release: $(READY) ## commit, tag, build and publish the next version: VERSION=0.2
	@MAKE="$(MAKE)" $(PY) -m commands.release "$(VERSION)"

serve: $(READY) ## build, open a server, build again at each change
	$(PY) -m sphinx_autobuild -c conf -d build/doctrees/html --watch gallery --watch conf --ignore "*/docs/gallery/*" docs $(OUT)

lint: $(TESTABLE) ## ruff and mypy
	$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(PY) -m mypy

lock: $(TESTABLE) ## pin today's versions of everything in constraints.txt, with the hashes of their files
	@$(PY) -m commands.lock

clean: ## remove what was built; environments and the published site stay
	rm -rf docs/gallery $(filter-out build/site build/environments,$(wildcard build/*))

help: ## this list
	@sed -n 's/^\([a-z ]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{printf "%-15s %s\n", $$1, $$2}'

.PHONY: looked-at
looked-at:
	@$(PYTHON) -m commands.look $(firstword $(filter release site,$(MAKECMDGOALS)))

.PHONY: active
active:
	@$(PYTHON) -m commands.environment --check

$(VENV)/.ready $(VENV)/.ready-heavy: pyproject.toml constraints.txt conf/commands/environment.py
	$(PYTHON) -m commands.environment $(VENV) $(GROUPS)
	@touch $@

$(VENV)/.ready-docs: pyproject.toml constraints.txt conf/commands/environment.py
	$(PYTHON) -m commands.environment $(VENV) docs
	@touch $@

$(VENV)/.ready-cluster: $(firstword $(READY))
	$(PYTHON) -m commands.environment $(VENV) cluster
	@touch $@

# Has all that a build needs, so `make test` in a fresh clone installs once.
$(VENV)/.testable: pyproject.toml constraints.txt conf/commands/environment.py
	$(PYTHON) -m commands.environment $(VENV) $(GROUPS) cluster tests lint
	@touch $(VENV)/.ready $(READY) $@
