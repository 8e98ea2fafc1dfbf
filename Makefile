# Tracegate. Two commands do everything: `make run` and `make test`; `make help` lists the others.
#
#   make MODE=asan check     the same tests under AddressSanitizer and UBSan
#   make check T=schema/     only the tests whose path contains that
#   make V=1                 show the commands
#
# MODE is one of debug, release, asan, tsan, coverage, clang, analyzer, fuzz; each has a folder of its own.

MODE ?= debug
ifneq ($(filter clang fuzz,$(MODE)),)
override CC := $(filter ccache,$(CC)) clang
endif
OUT  := build/$(MODE)
PKGS := libpq json-c openssl yaml-0.1 libcurl libevent libevent_openssl libnghttp2 libprotobuf-c \
        sqlite3 libqrencode libpng

flags_debug    := -O1 -g
flags_asan     := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
                  -Wno-format-truncation -Wno-unknown-warning-option
flags_tsan     := -O1 -g -fsanitize=thread -fno-omit-frame-pointer -Wno-format-truncation
flags_coverage := -O0 -g --coverage
flags_clang    := -O1 -g
flags_analyzer := -O1 -fanalyzer
flags_fuzz     := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer
flags_release  := -O2 -g -fno-strict-aliasing -fno-strict-overflow -fno-delete-null-pointer-checks \
                  -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
                  -fstack-clash-protection -fcf-protection=full -ftrivial-auto-var-init=zero -fPIE
link_release   := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,nodlopen

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wcast-qual -Wformat=2 -Wundef -Wvla \
        -Wpointer-arith -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wsign-conversion \
        -Wimplicit-fallthrough -Walloca -Werror=format-security -Wno-missing-field-initializers -Werror
ifeq ($(findstring clang,$(CC)),)
WARN += -Wjump-misses-init -Wbidi-chars=any
else
WARN += -Wno-string-concatenation
endif

# The newest migration: what the programs of this build need the database to have.
MIGRATION := $(shell ls sql/*.sql | sed -n '$$s|sql/0*\([0-9]*\)_.*|\1|p')

CFLAGS   += -std=c11 $(flags_$(MODE)) $(WARN)
CPPFLAGS += -D_GNU_SOURCE -DTG_MIGRATION='"$(MIGRATION)"' -include lib/base/banned.h -Ilib -Itest -Idaemons -I$(OUT)/gen -MMD -MP $(shell pkg-config --cflags $(PKGS))
LDFLAGS  += $(filter -fsanitize=% --coverage -fPIE,$(subst fuzzer-no-link,fuzzer,$(flags_$(MODE)))) $(link_$(MODE)) -Wl,--as-needed
LDLIBS   := -lfcgi $(shell pkg-config --libs $(PKGS)) -lm

lib      := $(patsubst %.c,$(OUT)/%.o,$(filter-out lib/http/main.c,$(wildcard lib/*/*.c)))
harness  := $(patsubst %.c,$(OUT)/%.o,$(wildcard test/harness/*.c))
handlers := $(patsubst handlers/%.c,$(OUT)/bin/%,$(wildcard handlers/*.c))
daemons  := $(foreach d,$(wildcard daemons/*/main.c),$(OUT)/bin/tracegate-$(subst _,-,$(notdir $(patsubst %/,%,$(dir $d)))))
tests    := $(patsubst test/%.c,$(OUT)/test/%,$(wildcard test/*/*_test.c test/daemons/*/*_test.c))
sources  := $(wildcard lib/*/*.[ch] handlers/*.c daemons/*/*.[ch] test/*/*.[ch] test/daemons/*/*.[ch])
protos   := $(wildcard daemons/agent/proto/*.proto)
messages := $(patsubst daemons/agent/proto/%.proto,$(OUT)/gen/%.pb-c.o,$(protos))

headers  := $(filter %.h,$(sources))
programs := $(handlers) $(daemons)
fuzzers  := $(patsubst %.c,$(OUT)/%,$(wildcard test/fuzz/*_fuzz.c))
objects  := $(lib) $(patsubst %.c,$(OUT)/%.o,lib/http/main.c $(wildcard handlers/*.c daemons/*/*.c))

JOBS ?= 2
Q    := $(if $(V),,@)

all: $(handlers) $(daemons) $(OUT)/nginx/openapi.json

# What a daemon is made of: daemons/NAME/*.c; its tests have a main of their own, and may share what
# lies beside them.
parts     = $(patsubst %.c,$(OUT)/%.o,$(wildcard daemons/$1/*.c)) $(if $(filter agent,$1),$(messages))
testparts = $(filter-out %/main.o,$(call parts,$1)) \
            $(patsubst %.c,$(OUT)/%.o,$(filter-out %_test.c,$(wildcard test/daemons/$1/*.c)))

# A handler is its route table and the shared main; its test is the table and the test's main.
$(handlers): $(OUT)/bin/%: $(OUT)/handlers/%.o $(OUT)/lib/http/main.o $(OUT)/tracegate.a
$(filter $(OUT)/test/handlers/%,$(tests)): $(OUT)/test/handlers/%_test: $(OUT)/handlers/%.o
$(tests): %: %.o $(harness) $(OUT)/tracegate.a
$(foreach d,$(patsubst daemons/%/main.c,%,$(wildcard daemons/*/main.c)),\
    $(eval $(OUT)/bin/tracegate-$(subst _,-,$d): $(call parts,$d) $(OUT)/tracegate.a))
$(foreach d,$(patsubst daemons/%/,%,$(sort $(dir $(wildcard daemons/*/*.c)))),\
    $(eval $(filter $(OUT)/test/daemons/$d/%,$(tests)): $(call testparts,$d)))
# Its tests run the program itself.
$(filter $(OUT)/test/daemons/init_db/%,$(tests)): | $(OUT)/bin/tracegate-init-db

# What nginx and the world know of the routes is made from the handlers' own tables.
$(OUT)/nginx/openapi.json: nginx/locations nginx/openapi.py $(handlers)
	$(Q)nginx/locations $(handlers) -- $(@D)

# -- tests -----------------------------------------------------------------------------------------

chosen = $(if $(T),$(foreach t,$(tests),$(if $(findstring $(T),$t),$t)),$(tests))

check: $(chosen)
	@V=$(V) test/with-database prove -j$(JOBS) --exec test/tap $(chosen)

# The contract, through nginx: what every route shares and how it fails, then what /openapi.json promises.
contract: shared promises
shared: all
	@V=$(V) test/with-database prove $(if $(V),-v) --exec test/tap test/e2e/contract test/e2e/limits test/e2e/metrics test/e2e/faults test/e2e/agent test/e2e/init_db :: $(OUT)

# The same races of workers, with ThreadSanitizer looking on. What leads from one who gives a connection
# back to one who takes it is in the kernel, where it cannot look.
threads:
	@$(MAKE) -s MODE=tsan all
	@V=$(V) TSAN_OPTIONS=suppressions=$(CURDIR)/test/tsan.supp test/with-database prove $(if $(V),-v) --exec test/tap test/e2e/races :: build/tsan

# Of openapi.json: that it is valid and says all; that programs made from it work; and what schemathesis
# finds in CASES requests made from it, with our programs under AddressSanitizer.
promises := openapi clients requests
promises: build/venv/made build/npm/made
	@$(MAKE) -s MODE=asan all
	@V=$(V) CASES=$(CASES) NPM=build/npm PATH="$(CURDIR)/build/venv/bin:$$PATH" test/with-database \
	    prove $(if $(V),-v) --exec test/tap $(promises:%=test/contract/%) :: build/asan

# Programs in Python that tests use, in the versions and with the hashes that are kept in git.
build/venv/made: test/contract/requirements.txt
	@rm -rf build/venv && python3 -m venv build/venv
	@build/venv/bin/pip install -q --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

# The same for TypeScript, by the npm of build/venv; where it gets nothing, the test says so.
build/npm/made: test/contract/typescript/package-lock.json build/venv/made
	@rm -rf build/npm && mkdir -p build/npm && cp test/contract/typescript/package*.json build/npm
	@PATH="$(CURDIR)/build/venv/bin:$$PATH" npm --prefix build/npm ci --silent --ignore-scripts --no-audit --no-fund && \
	    touch $@ || echo 'npm cannot install: no client in TypeScript.'

# The stories of test/handlers through nginx. Then the story from a REST call to a client's packet, with
# real gateways; each starts a stack of its own. The bundles are tried with the program that they are for.
tables := routes actors races hostile exports
stories := commands spine killing
bundles := bundles ranges
e2e: all build/peers/xray build/peers/xrayctl $(filter $(OUT)/test/handlers/%,$(tests))
	@$(MAKE) -s peers || echo 'Not all clients can be built here: what wants them is skipped.'
	@V=$(V) test/with-database prove -j$(JOBS) $(if $(V),-v) --exec test/tap $(tables:%=test/e2e/%) :: $(OUT)
	@BUILD=$(OUT) prove $(if $(V),-v) --exec test/tap $(bundles:%=test/deploy/%) $(stories:%=test/e2e/%)

# What this machine lacks: Debian's packages.
deps:
	@chart/image/deps build run test

# All of it, ending in one line: N passed, N failed, N skipped.
test: deps
	@JOBS=$(JOBS) test/all peers check 'check MODE=asan' shared 'shared MODE=asan' threads promises e2e 'e2e MODE=asan' $(GUARDS)

coverage:
	@$(MAKE) -s MODE=coverage check
	@gcovr --root . --object-directory build/coverage --filter lib/ --exclude-throw-branches \
	    --exclude-lines-by-pattern '.*(abort|assert)\(.*' --print-summary \
	    $(if $(CI),--fail-under-line 95) --txt build/coverage/lib.txt
	@awk '/^lib/ && $$4 + 0 < 95 { print }' build/coverage/lib.txt

# Each target for SECONDS; what it finds is kept in build/fuzz, and belongs into test/fuzz/corpus.
SECONDS := 20
fuzz:
	@$(MAKE) -s MODE=fuzz $(fuzzers:$(OUT)/%=build/fuzz/%)
	@prove $(if $(V),-v) --exec test/tap test/fuzz/run :: $(SECONDS) $(fuzzers:$(OUT)/%=build/fuzz/%)

# -- guards ----------------------------------------------------------------------------------------

GUARDS := check-format check-layers check-headers check-size check-bans check-generated \
          check-release check-clang tidy cppcheck analyzer

guards:
	@JOBS=$(JOBS) test/all $(GUARDS)

format:       ; clang-format -i $(sources)
check-format: ; @clang-format --dry-run -Werror $(sources)

# A module includes only what is left of it (architecture: layers).
check-layers:
	@test/check-layers

# Each header stands alone.
check-headers: $(headers:%=$(OUT)/%.ok)
$(OUT)/%.h.ok: %.h | $(messages)
	@mkdir -p $(@D)
	@printf '#include "%s"\nextern int unused;\n' $< | \
	    $(CC) $(CPPFLAGS) $(CFLAGS) -I. -MF $@.d -MT $@ -fsyntax-only -x c - && touch $@

# Files up to 500 lines, functions up to 60, headers up to 120.
check-size:
	@test/check-size $(sources)

check-bans: $(objects)
	@test/check-bans $(objects)

# What is made from the tables and kept in git is as the tables are.
check-generated: $(OUT)/test/settings/example
	@$(OUT)/test/settings/example | diff -u .env.example -
.env.example: $(OUT)/test/settings/example
	$< >$@

check-release:
	@$(MAKE) -s MODE=release all
	@prove --exec test/tap test/hardening :: $(programs:$(OUT)/%=build/release/%)

check-clang:
	@$(MAKE) -s MODE=clang all $(tests:$(OUT)/%=build/clang/%)

# Lint again only what was compiled again.
tidy: $(objects:$(OUT)/%.o=$(OUT)/%.tidy)
$(OUT)/%.tidy: %.c $(OUT)/%.o .clang-tidy
	@clang-tidy --quiet $< -- $(CPPFLAGS:-M%=) -std=c11 2>/dev/null >$@.log || { cat $@.log; exit 1; }
	@touch $@

cppcheck:
	@mkdir -p build/cppcheck
	@cppcheck -q -j$(JOBS) --std=c11 --enable=warning,performance,portability --error-exitcode=1 \
	    --cppcheck-build-dir=build/cppcheck --inline-suppr --suppressions-list=test/cppcheck.txt \
	    -Ilib -Idaemons -D_GNU_SOURCE lib handlers daemons

analyzer:
	@$(MAKE) -s MODE=analyzer $(lib:$(OUT)/%=build/analyzer/%)

clean: ; rm -rf build

# -- a run on this machine -------------------------------------------------------------------------

# STATE, PORT and the other ports, NODE=dry: see chart/local/run.
export STATE PORT AGENT_PORT DISPATCHER_METRICS_PORT CAMOUFLAGE_PORT VLESS_REALITY_PORT NODE

run: deps
	@$(MAKE) -s MODE=release all
	@[ "$(NODE)" = dry ] || $(MAKE) -s build/peers/xray || echo 'No Xray can be built here: the node runs dry.'
	@chart/local/run build/release

stop status wipe: ; @chart/local/$@
logs: ; @chart/local/logs $(S)
demo: ; @test/e2e/demo $(or $(STATE),.state)

# Programs beside ours: gateways, a client for the API of Xray, and clients of users.
peers := $(addprefix build/peers/,xray xrayctl wireguard-go sing-box mihomo-check)
peers: $(peers)
build/peers/xray build/peers/wireguard-go: $(wildcard test/peers/go.*)
build/peers/xrayctl: $(wildcard test/peers/go.* test/peers/xrayctl/*)
build/peers/sing-box: $(wildcard test/peers/sing-box/*)
build/peers/mihomo-check: $(wildcard test/peers/mihomo/*)
$(peers):
	@test/peers/fetch $(@D) $(@F)

bench:
	@$(MAKE) -s MODE=release all build/release/bench/hello build/release/bench/size
	@[ "$(P)" = size ] || $(MAKE) -s peers
	@BUILD=build/release SIZE=$(SIZE) test/bench/bench $(P)

help:
	@sed -n 's/^#//;/^ /p;/^$$/q' Makefile
	@awk -F: '/^[a-z][a-z -]*:[^=]/ || /^[a-z][a-z -]*:$$/ { printf " %s", $$1 } END { print "" }' Makefile

# -- how things are made ---------------------------------------------------------------------------

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The commit that is built, for those who ask what runs; changed only when it changes.
$(OUT)/gen/commit.h: commit
	@mkdir -p $(@D)
	@printf '#define TG_COMMIT "%s"\n' "$$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)" >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(OUT)/handlers/metrics.o: $(OUT)/gen/commit.h

# What protoc-c writes is not ours to warn about.
$(OUT)/gen/%.pb-c.c $(OUT)/gen/%.pb-c.h: daemons/agent/proto/%.proto
	@mkdir -p $(@D)
	$(Q)protoc-c --c_out=$(@D) -Idaemons/agent/proto $<
$(OUT)/gen/%.pb-c.o: $(OUT)/gen/%.pb-c.c
	$(Q)$(CC) -I$(OUT)/gen -std=c11 $(flags_$(MODE)) -w -c -o $@ $<
$(foreach d,agent,$(filter-out $(messages),$(call parts,$d)) $(filter $(OUT)/test/daemons/$d/%,$(tests:=.o))): | $(messages)

$(OUT)/tracegate.a: $(lib)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Calls that the tests of test/torture make fail.
tortured := PQsendQuery PQsendPrepare PQsendQueryPrepared PQsendQueryParams PQconsumeInput PQconnectPoll \
            write fsync fchmod rename mkostemp mkdir
$(filter $(OUT)/test/torture/%,$(tests)): $(OUT)/test/torture/torture.o
$(filter $(OUT)/test/torture/%,$(tests)): LDFLAGS += $(tortured:%=-Wl,--wrap=%)
$(fuzzers): %: %.o $(OUT)/tracegate.a
$(OUT)/test/fuzz/batch_fuzz: $(OUT)/daemons/agent/batch.o $(OUT)/daemons/agent/scan.o
$(OUT)/test/settings/example: $(OUT)/test/settings/example.o $(OUT)/tracegate.a

$(OUT)/bench/size: $(OUT)/test/bench/size.o $(OUT)/test/bench/size_reads.o $(OUT)/tracegate.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OUT)/bench/hello: test/bench/hello.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(shell pkg-config --cflags --libs libpq) -o $@ $< -lfcgi -lpq

$(programs) $(tests) $(fuzzers) $(OUT)/test/settings/example:
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS)

$(OUT)/lib/store/health.o: $(wildcard sql/*.sql)

-include $(shell find build -name '*.d' 2>/dev/null)

.PHONY: all commit check contract shared threads promises e2e run stop status wipe logs demo peers bench deps test coverage fuzz guards format $(GUARDS) clean help
.SECONDARY:
