# Everything needs Go and nothing else. Tools come as Go modules at the versions
# below, so that two machines never disagree about what is well formed.

TEMPL       := go tool templ
GOFUMPT     := go run mvdan.cc/gofumpt@v0.12.0
STATICCHECK = go run -exec "env 'GOFLAGS=$$GOFLAGS $(TESTED)'" honnef.co/go/tools/cmd/staticcheck@v0.8.2

RELEASE := $(shell git describe --tags --always --dirty 2>/dev/null)

# What is tested is compiled without inlining, which takes half the time.
TESTED := -gcflags=protocol.chat/console/...=-l

# The race detector needs a C compiler. It does not look into SQLite and the C library, which
# were translated from C, nor into what reads HTML and matches expressions: that would take most
# of the time of all tests. Packages with atomics or a sync.Map of their own can't be left out so:
# they would take those of watched ones with them.
UNWATCHED := modernc.org/sqlite/lib modernc.org/libc modernc.org/memory golang.org/x/net/html \
	github.com/andybalholm/cascadia github.com/PuerkitoBio/goquery regexp regexp/syntax
WATCHED   := -race $(UNWATCHED:%=-gcflags=%=-race=false)

.DEFAULT_GOAL := help
.PHONY: help run dev build generate test test-fast race lint form analyze check bench dist torture clean

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: build ## build and start the console on a SQLite database under data/
	@bin/console serve

# It has a database of its own. LOG_LEVEL=debug logs the queries of each request, and
# DEBUG_LISTEN=127.0.0.1:6060 serves profiles.
dev: ## start the console with sample data; pages reload whenever a file changes
	@mkdir -p data/dev
	TEMPL_DEV_MODE_ROOT=$(CURDIR)/data/dev $(TEMPL) generate --watch --log-level warn --ignore-pattern '_test\.go$$' \
		--cmd "go run ./cmd/console serve -dev -database sqlite:data/dev/console.db"

build: ## build bin/console, one file that needs nothing beside it
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.release=$(RELEASE)" -o bin/console ./cmd/console

generate: ## write the Go code of the views, and the list of licenses, again
	$(TEMPL) generate
	go run ./cmd/licenses

# lint finds what vet would.
test: ## run every test, on SQLite and on PostgreSQL
	go run $(TESTED) ./cmd/testrun go test $(TESTED) -p $(AT_ONCE) -vet=off -shuffle=on -timeout 30m $(TESTS)

# It takes three times the processor time, so it is not in every run. Each watched process would
# wait a second before it ends, in case another thread still reports a race.
race: ## run every test with the race detector, for half an hour or so
	GORACE=atexit_sleep_ms=0 go run ./cmd/testrun go test $(WATCHED) -p $(AT_ONCE) -vet=off -shuffle=on -timeout 60m $(TESTS)

# Flags for make test and make race: TESTS="./models -run TestGroup". The packages that take longest come first.
TESTS := ./handlers ./models ./...

# Packages at once: one more than processors, as tests also wait. More tests of each at once end no
# sooner, and then some take longer than the console waits for its database.
AT_ONCE := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

# Without shuffling, so that Go keeps the results of packages that did not change.
test-fast: ## run the tests on SQLite alone: no browser, nothing slow
	go test $(TESTED) -short -vet=off ./...

lint: form analyze ## check form, generated code and usual mistakes

form:
	@$(TEMPL) fmt -log-level error -fail .
	@before=$$($(checksum)); $(TEMPL) generate -log-level error; test "$$before" = "$$($(checksum))" || \
		{ echo "The generated code was not current. It is now: commit it."; exit 1; }
	@unformatted=$$($(GOFUMPT) -l .); test -z "$$unformatted" || \
		{ echo "Not formatted as gofumpt does:"; echo "$$unformatted"; exit 1; }
	@go run ./cmd/licenses -check

# With the flags of the tests, so that nothing is compiled for the one that is of no use to the other.
analyze:
	go vet $(TESTED) ./...
	$(STATICCHECK) -checks $(CHECKS) ./...

# All but two about comments: the one takes what templ writes for a package
# comment, the other allows none over a group of functions.
CHECKS := all,-ST1000,-ST1020

checksum = find . -name '*_templ.go' -exec cksum {} + | sort

check: lint test ## lint and test: what must pass before a commit

bench: build ## measure the console against a program written by hand, for an hour or so
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o bin/baseline ./cmd/baseline
	CGO_ENABLED=0 go build -trimpath -o bin/bench ./cmd/bench
	@bin/bench $(BENCH)

# Flags for make bench: BENCH="-sizes 1000 -engines sqlite".
BENCH :=

# .ci/deb/try tries the Debian package in a new Debian, as root.
dist: ## build what is released to bin/dist: programs, Debian packages, SBOM, checksums
	@.ci/dist

# Kills, lost servers, failover, partitions, full disks, damaged and replaced files, wrong clocks,
# poolers, interrupted migrations, and backups while writing.
FAULTS := Kill|Failover|StartsAgain|Partition|Stop.*Request|Standby|TwoConsoles|Interrupted|OldDatabases|Pooler|Full|Damaged|Moved|PutBack|Clock|Busy|ReadOnly|Outages|Backup|TooSlow|FileGone|Twins|Room

torture: ## cause every fault that the console must survive, many times, for an hour or so
	@mkdir -p bin
	NIGHTLY=1 go run ./cmd/testrun go test -v -count 1 -vet=off -timeout 3h -run '$(FAULTS)' ./cmd/console ./models/... ./handlers/api >bin/torture.log 2>&1; \
		status=$$?; grep -vE '^ *(===|PASS)' bin/torture.log; exit $$status

clean: ## remove what was built; data/ stays
	rm -rf bin
