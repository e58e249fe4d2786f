# Everything here also works by hand; the targets only spell the commands. `make` alone explains them.
.DEFAULT_GOAL := help
.PHONY: help check lint test generate bench search large torture requirements schema-diff

GO ?= go
LINT = $(GO) tool -modfile=tools/go.mod golangci-lint

# Flags for go test, for instance: make test TEST='-race -run TestArrows'
TEST ?=

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: ## Everything .ci/run looks at but the tests: formatting, vet, modules, lint, generated code
	@./.ci/run check

lint: ## Lint only; LINTFLAGS=--fix repairs what it can
	$(LINT) run $(LINTFLAGS)

test: ## Run the tests
	$(GO) test $(TEST) ./...

generate: ## Write generated code anew
	$(GO) generate ./...

bench: ## Run the benchmarks, three times each, with the database on a disk as a hub has it
	TMPDIR=$${TMPDIR:-/tmp} $(GO) test -run '^$$' -bench . -benchmem -count 3 ./...

search: ## Search by name among 1 000 000 customers, sixteen at a time (about two minutes)
	HUB_SEARCH=$${HUB_SEARCH:-1000000} $(GO) test -run '^$$' -bench '^BenchmarkSearch$$' -benchtime 1x -timeout 1h ./internal/hub

large: ## Import 100 000 customers with five kills, plan and apply a first run of as many, and measure memory (about a quarter of an hour)
	HUB_LARGE=$${HUB_LARGE:-100000} $(GO) test $(TEST) -count 1 -timeout 12h -v -run '^TestLarge(Import|Plan)$$' ./cmd/hub

torture: ## Random edits, faults and lost answers over 2 000 seeds with Netvisor, KYC and Flex, then 42 kills of the real program (about half an hour)
	HUB_TORTURE=$${HUB_TORTURE:-2000} $(GO) test $(TEST) -count 1 -timeout 1h -v -run '^Test(Seeds|NegativeControls)$$' ./internal/torture
	HUB_KILLS=all $(GO) test $(TEST) -count 1 -timeout 1h -v -run '^TestT1_T2_T3_T5_T7_Kills$$' ./cmd/hub

requirements: ## List every requirement with its tests or the reason why it has none
	@$(GO) run ./internal/tool/requirements

schema-diff: ## What changed in the schema since the last tag, or since REF; fails when a client would break
	@$(GO) run ./internal/tool/schemadiff $(REF)
