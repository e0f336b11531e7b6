# `make test` runs everything. `make check` is what else must hold before a change is
# merged. The tools are pinned here, run from the module cache and need no installation.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO ?= go
GOFUMPT := mvdan.cc/gofumpt@v0.12.0
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.8.0
VERSITYGW := github.com/versity/versitygw/cmd/versitygw@v1.8.0

# BENCH selects benchmarks, COUNT repeats them, FUZZTIME is for each fuzz target.
BENCH ?= .
COUNT ?= 1
FUZZTIME ?= 60s

# SOAK selects the tests of make soak: those that read COMITY_SOAK.
SOAK ?= Kill|Crash|Fail

.PHONY: help
help: ## list the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1|\2/p' Makefile | while IFS='|' read -r name text; do printf '%-16s %s\n' "$$name" "$$text"; done

.PHONY: test
test: vet servers ## vet, and all tests
	$(GO) test -timeout 20m ./...

.PHONY: check
check: format tidy vet staticcheck vuln arch race ## format, modules, vet, staticcheck, known vulnerabilities, architecture, race

.PHONY: vet
vet: go
	$(GO) vet ./...

.PHONY: format
format: go
	@files=$$($(GO) run $(GOFUMPT) -l .); \
	if [ -n "$$files" ]; then printf 'not formatted, run make fix:\n%s\n' "$$files"; exit 1; fi

.PHONY: fix
fix: go ## format the Go files
	$(GO) run $(GOFUMPT) -w .

.PHONY: tidy
tidy: go
	$(GO) mod tidy -diff

.PHONY: staticcheck
staticcheck: go
	$(GO) run $(STATICCHECK) ./...

# An unreachable database is no finding, but it is said. Exit code 3 is a finding.
.PHONY: vuln
vuln: go
	@GOBIN="$(CURDIR)/bin" $(GO) install $(GOVULNCHECK)
	@status=0; out=$$(bin/govulncheck ./... 2>&1) || status=$$?; \
	if [ $$status -ne 0 ] && [ $$status -ne 3 ] && grep -q 'fetching vulnerabilities' <<<"$$out"; then \
		echo "govulncheck: SKIPPED, its database could not be reached: $$out"; exit 0; \
	fi; \
	echo "$$out"; exit $$status

.PHONY: arch
arch: go
	$(GO) test -count=1 -v -run '^(TestArchitecture|TestSizeReport)$$' .

# The benchmarks against peers have no concurrency of ours; building the peers with the
# race detector would take longer than all the rest.
.PHONY: race
race: go cc servers
	$(GO) test -race -short -timeout 30m $$($(GO) list ./... | grep -v /bench/)

.PHONY: bench
bench: go ## benchmarks beside peers; BENCH=regexp COUNT=n
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) -timeout 60m ./bench/...

.PHONY: classify-report
classify-report: go ## precision and recall of classify on the labelled data, beside peers
	$(GO) test -count=1 -v -run '^TestReport' ./internal/classify

# The loops that kill, crash and flip, at full count; `make test` runs about a tenth.
.PHONY: soak
soak: go ## the long loops at full count
	COMITY_SOAK=1 $(GO) test -count=1 -timeout 40m -run '$(SOAK)' ./internal/translog ./cmd/comity

.PHONY: fuzz
fuzz: go ## each fuzz target for FUZZTIME (60s)
	@while IFS=: read -r file target; do \
		echo "$$target in $$(dirname "$$file"), $(FUZZTIME)"; \
		$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5x "./$$(dirname "$$file")"; \
	done < <(grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' * | sed 's/:func /:/' | sort)

# What tests start: PostgreSQL from the system's packages, and an S3 gateway in bin/. A
# test whose server is missing is skipped, so that here it is an error.
.PHONY: servers
servers: go ## the servers that tests start
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || { \
		echo "installing PostgreSQL for the tests"; \
		if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
		$$sudo apt-get update -q && $$sudo apt-get install -qy --no-install-recommends postgresql; }
	@$(GO) version -m bin/versitygw 2>/dev/null | grep -qF "$(lastword $(subst @, ,$(VERSITYGW)))" || { echo "building versitygw for the tests"; GOBIN="$(CURDIR)/bin" $(GO) install $(VERSITYGW); }

.PHONY: go
go:
	@command -v $(GO) >/dev/null || { echo "Go is not installed: see https://go.dev/doc/install" >&2; exit 1; }

# The race detector needs a C compiler.
.PHONY: cc
cc:
	@command -v "$$($(GO) env CC)" >/dev/null && exit 0; \
	echo "installing a C compiler for the race detector"; \
	if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
	$$sudo apt-get update -q && $$sudo apt-get install -qy --no-install-recommends gcc libc6-dev
