# Each target is the one way to do that thing.
PYTHON ?= python3
VENV   ?= .venv
BENCH_VENV ?= .venv-bench
BIN     = $(VENV)/bin
SERVER_PACKAGES = samba samba-common-bin cifs-utils postgresql postgresql-postgis rclone gcc libc6-dev systemd util-linux procps logrotate faketime bash-completion groff-base man-db \
    mmdebstrap systemd-container iproute2 lintian binutils slapd openssl
BUILD_PACKAGES = debhelper dpkg-dev
ROOT_PACKAGES = mmdebstrap iproute2 util-linux
ARM64_PACKAGES = arch-test qemu-user-static
GUEST_PACKAGES = qemu-system-x86 e2fsprogs

.DEFAULT_GOAL := help
.PHONY: help demo test appliance-test guest-test arm64-test lint bench deb clean venv lock

help: ## show the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: venv ## run a whole night of the four pipelines here, on sample data
	@$(BIN)/python -m tests.demo demo

test: packages lint ## install what is missing, start real servers on loopback, boot the package, run every test
	$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --no-loadscope-reorder --ignore=tests/guest

appliance-test: packages venv ## install the package in a Debian that boots here, and live with it; DIST=trixie or bookworm
	DIST='$(DIST)' $(BIN)/python -m pytest --numprocesses=2 --no-loadscope-reorder tests/appliance

guest-test: venv ## clock and kernel mount in an emulated machine (QEMU); about 20 minutes
	@.ci/packages.sh $(BUILD_PACKAGES) $(ROOT_PACKAGES) $(GUEST_PACKAGES)
	DIST='$(DIST)' $(BIN)/python -m pytest tests/guest --ignore=tests/guest/test_arm64.py

arm64-test: venv ## the arm64 package and a night in an arm64 system, under emulation; about 20 minutes
	@.ci/packages.sh $(BUILD_PACKAGES) $(ROOT_PACKAGES) $(ARM64_PACKAGES)
	DIST='$(DIST)' $(BIN)/python -m pytest tests/guest/test_arm64.py

lint: venv ## ruff, mypy strict, import directions, shellcheck
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/shellcheck bin/* .ci/run .ci/*.sh

bench: ## time, memory and bytes written, as ratios within one run
	@$(PYTHON) .ci/environment.py $(BENCH_VENV) requirements-bench.lock
	$(BENCH_VENV)/bin/python -m tests.bench

deb: venv ## build the Debian package; DIST=trixie or bookworm, ARCH=arm64 or amd64
	@.ci/packages.sh $(BUILD_PACKAGES)
	@.ci/deb.sh $(BIN)/python '$(DIST)' '$(ARCH)'

clean: ## remove what the targets made
	rm -rf $(VENV) $(BENCH_VENV) demo build .mypy_cache .ruff_cache .hypothesis .import_linter_cache bench.json
	find . -name __pycache__ -prune -exec rm -rf {} +

.PHONY: packages
packages:
	@.ci/packages.sh $(SERVER_PACKAGES) $(BUILD_PACKAGES)

venv:
	@$(PYTHON) .ci/environment.py $(VENV) requirements-dev.lock

lock: # resolve the dependencies anew; needs uv
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url -c requirements.lock --extra dev pyproject.toml -o requirements-dev.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url -c requirements-dev.lock --extra dev --extra bench pyproject.toml -o requirements-bench.lock
