# Measurements.  The figures depend on the machine: each stands beside a limit of the same machine.

.PHONY: bench soak

## bench: measure the server and print the figures beside their goals
bench: $(B)/secretsd $(B)/secrets $(B)/bench/load $(B)/bench/bare
	$(Q)BUILD=$(B) node bench/bench.mjs
	$(Q)TMPDIR=$(CURDIR)/$(B) BUILD=$(B) node bench/cli.mjs

$(B)/bench/load $(B)/bench/bare: $(B)/bench/%: bench/%.c $(CORE) $(B)/flags
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< $(CORE) -lmicrohttpd -lcrypto -ljansson

## soak: the tests of races, crashes and load with large figures (hours)
soak: $(B)/secretsd $(B)/secrets
	$(Q)BUILD=$(B) ROUNDS=100000 KILLS=1000 CREATES=5000 node --test tests/system/store/races.test.mjs \
	    tests/system/store/kill.test.mjs tests/system/edge/load.test.mjs tests/system/store/canary.test.mjs
	$(Q)TMPDIR=$(CURDIR)/$(B) BUILD=$(B) STREAM_MIB=4096 ROUNDS=1000 node --test tests/system/cli-stream.test.mjs \
	    tests/system/cli-interrupt.test.mjs
