# Tests.  `make check` runs every promise once, `make check-all` everything.
#
# tools/check NAME builds, and runs a group or a test: tools/check unit/store, tools/check races.

# Each tests/unit/MODULE/test_NAME.c is a program, linked with tests/support.
UNIT_SRC := $(wildcard tests/unit/*/test_*.c)
UNIT := $(patsubst %.c,$(B)/tests/%,$(notdir $(UNIT_SRC)))
# Linked into the test server only, and into some tests only.
SERVER_SUPPORT := server_hooks
SOME_SUPPORT := cheap_kdf
UNIT_COMMON := $(patsubst tests/support/%.c,$(B)/tests/obj/%.o,$(filter-out $(patsubst %,tests/support/%.c,$(SERVER_SUPPORT) $(SOME_SUPPORT)),$(wildcard tests/support/*.c)))
vpath test_%.c $(wildcard tests/unit/*/)
vpath %.c tests/support

.PHONY: check check-all check-unit check-aws check-deb unit lint syntax

## check: install what tests need, build, and test every promise once (6 minutes on two processors)
check:
	$(Q)tools/deps check
	$(Q)tools/check

## check-all: the same with long rounds, then sanitizers, fuzzers, page states and clouds (more than 20 minutes)
check-all:
	$(Q)tools/deps check
	$(Q)tools/check --all

## unit: build the C unit tests
unit: $(UNIT) $(B)/tests/sealtool

## check-unit: run the C unit tests
check-unit: unit
	$(Q)BUILD=$(B) tools/check unit

## check-aws: test the AWS stores on DynamoDB Local and moto, where they are installed
check-aws: all unit
	$(Q)BUILD=$(B) tools/check-aws

## check-deb: install, run, upgrade and purge the package in a Debian of its own (root, debootstrap, systemd-nspawn)
check-deb: all
	+$(Q)tools/check-deb

# Nobody attacks a unit test: gold, and lld behind clang, lack one of the options for hardening, and link it in a fifth
# of the time.
TEST_LINKER := $(if $(findstring clang,$(notdir $(CC))),lld,gold)
TEST_LDFLAGS := -pie -pthread -Wl,--as-needed $(if $(SANITIZE),-fsanitize=$(SANITIZE)) \
    $(if $(shell command -v ld.$(TEST_LINKER)),-fuse-ld=$(TEST_LINKER))

$(B)/tests/%: $(B)/tests/obj/%.o $(UNIT_COMMON) $(CLI_LIB) $(CORE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(TEST_LDFLAGS) $(WRAPPED:%=-Wl,--wrap=%) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(TEST_LIBS)

# The program with which tests in other languages seal and open.
$(B)/tests/obj/sealtool.o: tests/system/support/tools/sealtool.c $(B)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS_ALL) $(TEST_CFLAGS) -MMD -MP -c -o $@ $<

# Objects of the server that a test links.
$(B)/tests/test_sandbox $(B)/tests/test_sandbox_calls: $(B)/obj/server/process/sandbox.o
$(B)/tests/test_sqlite_power: $(B)/obj/server/process/sandbox.o
$(B)/tests/test_metrics: $(B)/obj/server/metrics/metrics.o
$(B)/tests/test_budget: $(B)/obj/server/http/budget.o
$(B)/tests/test_senders: $(B)/obj/server/http/senders.o
$(B)/tests/test_request_log: $(B)/obj/server/http/request_log.o $(B)/obj/server/metrics/metrics.o
$(B)/tests/test_ticker: $(B)/obj/server/process/ticker.o
$(B)/tests/test_sweeper: $(B)/obj/server/sweeper.o $(B)/obj/server/process/ticker.o
$(B)/tests/test_head: $(B)/obj/server/http/head.o
$(B)/tests/test_chunks: $(B)/obj/server/http/chunks.o
$(B)/tests/test_daemon $(B)/tests/test_work: $(filter $(B)/obj/server/http/%,$(SERVER_OBJ)) $(B)/obj/server/metrics/metrics.o \
	$(B)/obj/server/process/process.o
$(B)/tests/test_event: $(B)/obj/lambda/event.o

# Tests of classic secrets that are not about the cost of their keys.
CLASSIC := $(patsubst %,$(B)/tests/%,test_access test_api test_api_classic test_api_faults test_api_v1 test_vault_classic \
    test_vault_faults test_vault_operate)
$(CLASSIC): $(B)/tests/obj/cheap_kdf.o
$(CLASSIC): WRAPPED := kdf_pool_derive

# A copy of the code for vectors in which one of the rotations is wrong.
WRONG_KERNEL := $(B)/tests/wrong/crypto/kdf/lanes_kernel.h
$(WRONG_KERNEL): src/crypto/kdf/lanes_kernel.h
	$(Q)mkdir -p $(@D)
	$(Q)sed 's/KERNEL_QUARTER(2, 1, 0, 9)/KERNEL_QUARTER(2, 1, 0, 8)/' $< >$@
$(B)/tests/obj/test_lanes_wrong.o: $(WRONG_KERNEL)
$(B)/tests/obj/test_lanes_wrong.o: CPPFLAGS := -I$(B)/tests/wrong $(CPPFLAGS)

# Tests are compiled without optimization, in a third of the time. (_FORTIFY_SOURCE needs some.)  Undefined behaviour
# and coverage are watched in what they test.
TEST_CFLAGS := -O0 -U_FORTIFY_SOURCE $(if $(SANITIZE),-fno-sanitize=undefined) \
    $(if $(findstring fuzzer-no-link,$(EXTRA_CFLAGS)),-fno-sanitize=fuzzer-no-link)

$(B)/tests/obj/%.o: %.c $(B)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itests/support $(CFLAGS_ALL) $(TEST_CFLAGS) -MMD -MP -c -o $@ $<

# Libraries that tests preload into a server: system calls that hang, or an old kernel.
$(B)/tests/%.so: tests/system/support/tools/%.c $(B)/flags
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -O2 -fPIC $(WARNINGS) -shared -o $@ $<

.SECONDARY: $(UNIT:$(B)/tests/%=$(B)/tests/obj/%.o) $(UNIT_COMMON)
-include $(wildcard $(B)/tests/obj/*.d)

# The test server.  Its memory can be read, its store can be made to race, and it can be without the bounds of a
# client (tests/support/server_hooks.c).
SERVER_WRAPPED := process_harden stores_open daemon_start lanes_path turns_enter storage_shares_take \
    storage_shares_check upload_limits_begin rate_take rate_wait http_address_group sqlite_events_changed sqlite_conn_committed \
    job_queue_add

$(B)/tests/server/secretsd: $(SERVER_OBJ) $(B)/tests/obj/server_hooks.o $(B)/tests/obj/racy.o $(CORE)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) $(SERVER_WRAPPED:%=-Wl,--wrap=%) -o $@ $^ $(SERVER_LIBS)

# A server whose page, and a client that, derive keys at the least cost that readers accept, and so in a twentieth of
# the time.  For tests that are not about that.  The server derives those of classic secrets at N = 2^10.
CHEAP := $(B)/tests/cheap
$(CHEAP)/web/SHA256SUMS: $(WEB)
	$(Q)rm -rf $(@D) && mkdir -p $(@D) && cp build/web/* $(@D)
	$(Q)sed -i 's/{logN:14,r:8,p:1}/{logN:10,r:8,p:1}/; s/{logN:15,r:8,p:3}/{logN:10,r:8,p:3}/' $(@D)/worker.js
	$(Q)test "$$(grep -o '{logN:10,r:8,p:[13]}' $(@D)/worker.js | sort -u | wc -l)" = 2 || { echo "the worker's costs are written in another way" >&2; rm $@; exit 1; }

$(CHEAP)/page_files.c: $(CHEAP)/web/SHA256SUMS tools/embed.mjs
	$(call say,EMBED,$@)
	$(Q)node tools/embed.mjs $(CHEAP)/web $@

$(CHEAP)/page_files.o: $(CHEAP)/page_files.c $(B)/flags
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(CHEAP)/secretsd: $(SERVER_OBJ) $(CHEAP)/page_files.o $(B)/tests/obj/cheap_kdf.o $(CORE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(TEST_LDFLAGS) -Wl,--wrap=kdf_pool_derive -o $@ $^ $(SERVER_LIBS)

# Of the client's sources, these know the costs.
CHEAP_CLIENT := crypto/envelope/header cli/transfer/seal cli/request/asked
$(CHEAP)/src/costs: $(CHEAP_CLIENT:%=src/%.c) src/crypto/envelope/envelope.h
	$(Q)rm -rf $(@D) && mkdir -p $(@D) && cp --parents $^ $(@D:%/src=%)
	$(Q)sed -i 's/{\.log2_n = 1[45], /{.log2_n = 10, /; s/(1 << 15) \* 8/(1 << 10) * 8/' $(^:src/%=$(@D)/%)
	$(Q)cat $(^:src/%=$(@D)/%) | grep -Eo '\{.log2_n = 10, .r = 8, .p = [13]\}|\(1 << 10\) \* 8' | sort -u >$@
	$(Q)test "$$(wc -l <$@)" = 3 || { echo "the client's costs are written in another way" >&2; rm $@; exit 1; }

$(CHEAP)/obj/%.o: $(CHEAP)/src/costs $(B)/flags
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -I$(CHEAP)/src $(CPPFLAGS) $(CFLAGS_ALL) -MMD -MP -c -o $@ $(CHEAP)/src/$*.c

# The archives have these objects too: those that come first are linked.
$(CHEAP)/secrets: $(CLI_MAIN) $(CHEAP_CLIENT:%=$(CHEAP)/obj/%.o) $(CLI_LIB) $(CORE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(TEST_LDFLAGS) -o $@ $^ $(CLI_LIBS)

-include $(wildcard $(CHEAP)/obj/*/*/*.d)

# System tests build what they need.  Built before, it is not built twice by tests that run at once.
.PHONY: test-tools
## test-tools: build what system tests use in addition to the programs
test-tools: $(B)/tests/server/secretsd $(CHEAP)/secretsd $(CHEAP)/secrets $(B)/bench/load \
    $(patsubst tests/system/support/tools/%.c,$(B)/tests/%.so,$(filter-out %/sealtool.c,$(wildcard tests/system/support/tools/*.c)))

# Every source through the front end of the compiler, which gives its warnings (CC=clang: clang's).  BESIDE_FUZZERS=1
# leaves out what `make fuzzers-and-unit` compiles with clang and the same warnings.
SYNTAX := $(CORE_SRC) $(call sources,server) $(call sources,lambda) $(call sources,cli) $(call sources,ctl) $(UNIT_SRC) \
    $(wildcard tests/support/*.c tests/system/support/tools/sealtool.c bench/*.c fuzz/*.c fuzz/support/*.c)
UNFUZZED_SRC := $(call sources,lambda) $(call sources,ctl) src/cli/main.c src/cli/terminal/no_gnutls.c \
    $(SERVER_SUPPORT:%=tests/support/%.c) $(wildcard bench/*.c)
syntax:
	$(Q)printf '%s\n' $(if $(BESIDE_FUZZERS),$(UNFUZZED_SRC),$(SYNTAX)) | xargs -P $(NPROC) -n 16 $(CC) $(CPPFLAGS) -Itests/support -Ifuzz $(CFLAGS_ALL) -fsyntax-only

## lint: style, static analysis and the project's own structural checks
lint:
	$(Q)tools/lint
