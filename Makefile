# Every developer command. Continuous integration runs `make test` and
# `make check`, and nothing else (.ci/run).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo build test test-kurrent check bench golden release-test postgresql compiler

GO ?= go

# Pinned tools live here, not in go.mod: as tool directives their module graphs
# would move the versions that the program itself is built with.
TOOLS := $(CURDIR)/.tools
STATICCHECK := $(TOOLS)/staticcheck-v0.8.2
GOLANGCI := $(TOOLS)/golangci-lint-v2.15.0
GOVULNCHECK := $(TOOLS)/govulncheck-v1.8.0

# A tree that another account owns makes git refuse to name the revision, and
# the build with it. Only `make build` needs the revision.
test test-kurrent check bench golden release-test: export GOFLAGS := $(filter-out -buildvcs=%,$(GOFLAGS)) -buildvcs=false

# What these tests are about happens in a program built without the race
# detector, or on one goroutine: `make test` runs them, and racing them would find
# nothing that the packages they drive, which are raced, do not show.
UNRACED := ^(TestBlackBox|TestTamperCorpus|TestTheErasureDrill|TestARestoredKeystore)

help: ## list these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */\1\t/' | expand -t 16

demo: ## serve an invented population on this machine; needs Go only
	$(GO) run ./cmd/caseledger demo

build: ## build the programs into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/ ./cmd/...

test: postgresql ## every test, with a PostgreSQL that the tests start and stop themselves
	PATH="$$(.ci/postgresql --dir):$$PATH" CASELEDGER_TEST_KILL_ROUNDS=200 $(GO) test -tags postgres -timeout 15m ./...
	cd eventstore/ledger/interop && $(GO) test -mod=mod -timeout 10m ./...

test-kurrent: ## the event store's contract on the EventStoreDB or KurrentDB that CASELEDGER_TEST_KURRENT_URL names
	@[ -n "$${CASELEDGER_TEST_KURRENT_URL:-}" ] || { echo "make test-kurrent needs a server to test on. Run:"; \
		echo "    CASELEDGER_TEST_KURRENT_URL='esdb://user:password@host:2113?tls=true' make test-kurrent"; exit 1; } >&2
	$(GO) test -count 1 -v -timeout 60m -run '^TestServer$$' ./eventstore/kurrent/

check: compiler postgresql $(STATICCHECK) $(GOLANGCI) $(GOVULNCHECK) ## format, linters, known vulnerabilities, module hashes, race detector
	@unformatted="$$(gofmt -l .)"; if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	$(GO) mod verify
	$(GO) vet -tags postgres,powercut ./...
	$(STATICCHECK) -tags postgres ./...
	$(GOLANGCI) run
	GOVULNCHECK=$(GOVULNCHECK) .ci/govulncheck
	$(GO) test -race -timeout 15m -skip "$(UNRACED)" ./...
	PATH="$$(.ci/postgresql --dir):$$PATH" $(GO) test -race -tags postgres -timeout 15m ./eventstore/postgres/... ./eventstore/keep/... ./eventstore/vault/...

bench: postgresql ## benchmarks, each beside the plain alternative it is compared with
	PATH="$$(.ci/postgresql --dir):$$PATH" $(GO) test -tags postgres -run '^$$' -bench . -benchmem -count 1 -timeout 60m ./...

golden: ## write the golden files that a new event or version lacks; review them like code
	CASELEDGER_TEST_GOLDEN=write $(GO) test -count 1 -run ^TestPublished ./domain/...

release-test: postgresql ## the tests at the sizes wanted before a release, then every fuzz target; takes hours
	PATH="$$(.ci/postgresql --dir):$$PATH" CASELEDGER_TEST_KILL_ROUNDS=1000 CASELEDGER_TEST_PLANT_PEOPLE=2000 CASELEDGER_TEST_SERVER_KILLS=200 \
		CASELEDGER_TEST_PG_ROUNDS=200 CASELEDGER_TEST_PG_FOLLOW=30m CASELEDGER_TEST_PG_HISTORIES=60 CASELEDGER_TEST_KURRENT_HISTORIES=60 \
		CASELEDGER_TEST_ENGINE_FEEDS=all CASELEDGER_TEST_PG_KILL_ROUNDS=200 CASELEDGER_TEST_TAKE_OVERS=50 CASELEDGER_TEST_SEALER_KILLS=50 CASELEDGER_TEST_WITNESS_CASES=5000 CASELEDGER_TEST_TAMPER=all $(GO) test -tags postgres -race -count 1 -timeout 6h ./...
	PATH="$$(.ci/postgresql --dir):$$PATH" CASELEDGER_TEST_POWER_CUTS=30 $(GO) test -tags postgres,powercut -count 1 -run '^TestPowerCut$$' ./eventstore/postgres/ # wants root
	.ci/fuzz

postgresql:
	@.ci/postgresql

compiler: # the race detector is linked with cgo
	@command -v "$$($(GO) env CC)" >/dev/null || { echo "make check needs a C compiler. Run:"; \
		echo "    sudo apt-get install --no-install-recommends gcc libc6-dev"; exit 1; } >&2

$(STATICCHECK): PKG := honnef.co/go/tools/cmd/staticcheck@v0.8.2
$(GOLANGCI): PKG := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
$(GOVULNCHECK): PKG := golang.org/x/vuln/cmd/govulncheck@v1.8.0
$(STATICCHECK) $(GOLANGCI) $(GOVULNCHECK):
	@mkdir -p $(TOOLS)/install
	GOFLAGS= GOBIN=$(TOOLS)/install $(GO) install $(PKG)
	@mv $(TOOLS)/install/$(notdir $(firstword $(subst @, ,$(PKG)))) $@
