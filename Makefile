# Plain `make` builds what manifest.yaml names, as `plakar pkg build` expects.
.DEFAULT_GOAL := davault
.PHONY: davault demo test bench check tools help

davault: ## build the executable, optimised, as ./davault
	cargo build --release --locked
	cp target/release/davault davault

demo: ## back up, lose and restore a calendar of a real server (about 3 minutes the first time)
	demo/run

test: tools ## run every test, with real servers
	cargo test --locked

bench: tools ## measure davault beside vdirsyncer and write docs/performance.md (about half an hour)
	bench/run

check: ## what CI runs: formatting, lints, dependencies, tests
	.ci/run

tools: ## install the tests' servers and libraries from PyPI into target/tools
	tests/servers/install.sh radicale xandikos vdirsyncer reader

help: ## list these
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
