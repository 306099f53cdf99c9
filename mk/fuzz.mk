# Fuzzers.  Each fuzz/fuzz_NAME.c becomes a program with clang's libFuzzer, which starts from the
# inputs in fuzz/corpus/fuzz_NAME.  New inputs that a run finds are kept in build/.

FUZZ_SECONDS ?= 60
FUZZERS := $(patsubst fuzz/%.c,%,$(wildcard fuzz/fuzz_*.c))

FUZZ_MAKE = $(MAKE) --no-print-directory CC=clang SANITIZE=address,undefined VARIANT=fuzz \
    EXTRA_CFLAGS=-fsanitize=fuzzer-no-link FUZZ_SECONDS=$(FUZZ_SECONDS)

.PHONY: fuzz fuzzers fuzzers-and-unit fuzz-all fuzz-programs fuzz-programs-and-unit $(FUZZERS:%=run-%)

## fuzz: run every fuzzer for FUZZ_SECONDS (60) seconds; FUZZERS='fuzz_json ...' names some
fuzz:
	+$(Q)$(FUZZ_MAKE) fuzz-all

## fuzzers: build the fuzzers
fuzzers:
	+$(Q)$(FUZZ_MAKE) fuzz-programs

# The unit tests and the server with the sanitizers of the fuzzers, of the same objects.
fuzzers-and-unit:
	+$(Q)$(FUZZ_MAKE) fuzz-programs-and-unit

fuzz-all: $(FUZZERS:%=run-%)
fuzz-programs: $(FUZZERS:%=$(B)/fuzz/%)
fuzz-programs-and-unit: fuzz-programs unit $(B)/secretsd

$(FUZZERS:%=run-%): run-%: $(B)/fuzz/%
	$(Q)tools/run-fuzz $< fuzz/corpus/$* $(FUZZ_SECONDS)

FUZZ_SUPPORT := $(B)/fuzz/obj/support/same.o $(B)/tests/obj/memory_store.o $(B)/tests/obj/memory_blobs.o $(B)/tests/obj/scratch.o

$(B)/fuzz/%: $(B)/fuzz/obj/%.o $(FUZZ_SUPPORT) $(CLI_LIB) $(CORE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(TEST_LDFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(filter %.a,$^) $(CORE_LIBS) -lsqlite3 -lcurl -lqrencode -lunistring

# What a fuzzer takes from a program.
$(B)/fuzz/fuzz_lambda_event: $(B)/obj/lambda/event.o
$(B)/fuzz/fuzz_http: $(filter $(B)/obj/server/http/%,$(SERVER_OBJ)) $(B)/obj/server/metrics/metrics.o \
    $(B)/obj/server/process/process.o

$(B)/fuzz/obj/%.o: fuzz/%.c $(B)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Ifuzz -Itests/support $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

.SECONDARY: $(B)/fuzz/obj/support/same.o $(FUZZERS:%=$(B)/fuzz/%) $(FUZZERS:%=$(B)/fuzz/obj/%.o)
-include $(wildcard $(B)/fuzz/obj/*.d)
