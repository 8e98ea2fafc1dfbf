# Tracegate. Two commands do everything: `make run` and `make test`; `make help` lists the others.
#
#   make MODE=asan check     the same tests under AddressSanitizer and UBSan
#   make check T=schema/     only the tests whose path contains that
#   make V=1                 show the commands

MODE ?= debug
OUT  := build/$(MODE)
PKGS := libpq json-c openssl yaml-0.1 libcurl libevent libevent_openssl libnghttp2 libprotobuf-c \
        sqlite3 libqrencode libpng

flags_debug    := -O1 -g
flags_asan     := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer \
                  -Wno-format-truncation -Wno-unknown-warning-option
flags_coverage := -O0 -g --coverage
flags_release  := -O2 -g -fno-strict-aliasing -fno-strict-overflow -fno-delete-null-pointer-checks \
                  -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
                  -fstack-clash-protection -fcf-protection=full -fPIE
link_release   := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,nodlopen

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wcast-qual -Wformat=2 -Wundef -Wvla \
        -Wpointer-arith -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wsign-conversion \
        -Wimplicit-fallthrough -Walloca -Werror=format-security -Wno-missing-field-initializers -Werror

# The newest migration: what the programs of this build need the database to have.
MIGRATION := $(shell ls sql/*.sql | sed -n '$$s|sql/0*\([0-9]*\)_.*|\1|p')

CFLAGS   += -std=c11 $(flags_$(MODE)) $(WARN)
CPPFLAGS += -D_GNU_SOURCE -DTG_MIGRATION='"$(MIGRATION)"' -Ilib -Itest -Idaemons -I$(OUT)/gen -MMD -MP $(shell pkg-config --cflags $(PKGS))
LDFLAGS  += $(filter -fsanitize=% --coverage -fPIE,$(flags_$(MODE))) $(link_$(MODE)) -Wl,--as-needed
LDLIBS   := -lfcgi $(shell pkg-config --libs $(PKGS))

lib      := $(patsubst %.c,$(OUT)/%.o,$(filter-out lib/http/main.c,$(wildcard lib/*/*.c)))
harness  := $(patsubst %.c,$(OUT)/%.o,$(wildcard test/harness/*.c))
handlers := $(patsubst handlers/%.c,$(OUT)/bin/%,$(wildcard handlers/*.c))
daemons  := $(foreach d,$(wildcard daemons/*/main.c),$(OUT)/bin/tracegate-$(subst _,-,$(notdir $(patsubst %/,%,$(dir $d)))))
tests    := $(patsubst test/%.c,$(OUT)/test/%,$(wildcard test/*/*_test.c test/daemons/*/*_test.c))
sources  := $(wildcard lib/*/*.[ch] handlers/*.c daemons/*/*.[ch] test/*/*.[ch] test/daemons/*/*.[ch])
protos   := $(wildcard daemons/agent/proto/*.proto)
messages := $(patsubst daemons/agent/proto/%.proto,$(OUT)/gen/%.pb-c.o,$(protos))

Q := $(if $(V),,@)

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

# What nginx and the world know of the routes is made from the handlers' own tables.
$(OUT)/nginx/openapi.json: nginx/locations $(handlers)
	$(Q)nginx/locations $(handlers) -- $(@D)

check: $(tests)
	@test/with-database prove -j2 --exec '' $(if $(T),$(foreach t,$(tests),$(if $(findstring $(T),$t),$t)),$(tests))

# What every route shares, and how it fails, through nginx.
contract: all
	@test/with-database prove -v $(if $(V),,-Q) test/e2e/contract test/e2e/faults :: $(OUT)

# Each header stands alone.
check-headers: $(messages)
	@for h in $(filter %.h,$(sources)); do \
	    printf '#include "%s"\nextern int unused;\n' $$h | $(CC) $(CPPFLAGS) $(CFLAGS) -I. -MF /dev/null -fsyntax-only -x c - || exit 1; \
	done

# A module includes only what is left of it (architecture: layers).
check-layers:
	@test/check-layers

# Files up to 500 lines, functions up to 60, headers up to 120.
check-size:
	@test/check-size $(sources)

format:       ; clang-format -i $(sources)
check-format: ; @clang-format --dry-run -Werror $(sources)
tidy:         ; clang-tidy --quiet $(filter %.c,$(sources)) -- $(CPPFLAGS) -std=c11
clean:        ; rm -rf build

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# What protoc-c writes is not ours to warn about.
$(OUT)/gen/%.pb-c.c $(OUT)/gen/%.pb-c.h: daemons/agent/proto/%.proto
	@mkdir -p $(@D)
	$(Q)protoc-c --c_out=$(@D) -Idaemons/agent/proto $<
$(OUT)/gen/%.pb-c.o: $(OUT)/gen/%.pb-c.c
	$(Q)$(CC) -I$(OUT)/gen -std=c11 $(flags_$(MODE)) -w -c -o $@ $<
$(foreach d,agent,$(filter-out $(messages),$(call parts,$d)) $(filter $(OUT)/test/daemons/$d/%,$(tests:=.o))): | $(messages)

$(OUT)/tracegate.a: $(lib)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(handlers) $(daemons) $(tests):
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS)

$(OUT)/lib/store/health.o: $(wildcard sql/*.sql)

-include $(shell find build -name '*.d' 2>/dev/null)

.PHONY: all check contract check-headers check-layers check-size format check-format tidy clean
.SECONDARY:
