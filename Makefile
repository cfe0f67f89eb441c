# Plain `make` builds what manifest.yaml names, as `plakar pkg build` expects.
.DEFAULT_GOAL := davault
.PHONY: davault package demo test test-stores test-servers test-plakar bench bench-compare check tools stores servers docs/servers.md help

davault: ## build the executable, optimised, as ./davault
	cargo build --release --locked
	cp $(or $(CARGO_TARGET_DIR),target)/release/davault davault

version := $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' Cargo.toml | head -n 1)

package: davault ## pack it for plakar, as target/package/davault_VERSION_OS_ARCH.ptar
	mkdir -p target/package
	rm -f target/package/davault_v$(version)_*.ptar
	./davault pkg create manifest.yaml v$(version) -out target/package

demo: ## back up, lose and restore a calendar of a real server (about 3 minutes the first time)
	demo/run

test: tools ## run every test, with real servers
	cargo test --locked

test-stores: stores ## back up to servers that speak S3, Google's and Azure's languages
	cargo test --locked --test all -- --ignored vault::stores

test-servers: tools servers ## put an account on every server that the registries have, and see what comes back
	cargo test --locked --test all -- --ignored matrix::

docs/servers.md: tools servers ## write down what came back
	docs/servers

test-plakar: package tools ## let genuine plakar, 1.1 or 1.0, run our package: PLAKAR=/path/to/plakar
	DAVAULT_PACKAGE=$(firstword $(wildcard $(CURDIR)/target/package/davault_v$(version)_*.ptar)) PLAKAR=$(PLAKAR) \
		cargo test --locked --test all -- --ignored story_plakar

bench: tools ## measure davault beside others and write docs/performance.md (an hour and more; SMALL=--small tries it in a few minutes)
	bench/run $(SMALL)
	bench/growth $(SMALL)
	bench/scale $(SMALL)
	bench/stores $(SMALL)

bench-compare: ## say what got worse in docs/performance.json since it was committed, or in NEW=file since OLD=file
	bench/compare $(OLD) $(NEW)

check: ## what CI runs: formatting, lints, dependencies, tests
	.ci/run

tools: ## install the tests' servers and libraries from PyPI into target/tools
	tests/servers/install.sh radicale xandikos vdirsyncer reader

stores: ## install the servers of `make test-stores` from PyPI and npm into target/tools
	tests/servers/install.sh moto
	tests/servers/install-azurite.sh

servers: ## install the servers of `make test-servers` from Debian and the Go module proxy (needs root or sudo)
	tests/servers/packages.sh

help: ## list these
	@awk -F ':.*## ' '/^[a-z/.-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
