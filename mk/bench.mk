# Measurements.  They depend on the machine, so each is printed next to a limit of the same machine.

.PHONY: bench bench-peers bench-events bench-kdf bench-function bench-store bench-stored soak soak-aws soak-kill

# RESULTS=FILE writes the tables to FILE as well.
export RESULTS

## bench: measure the server, the CLI and the function, and print the figures next to their goals
bench: $(B)/secretsd $(B)/secrets $(B)/bench/load $(B)/bench/bare $(B)/bench/kdf $(B)/tests/server/secretsd bench-function
	$(Q)BUILD=$(B) node bench/bench.mjs
	$(Q)TMPDIR=$(CURDIR)/$(B) BUILD=$(B) node bench/cli.mjs

## bench-peers: measure creates and opens beside Redis, if it is installed
bench-peers: $(B)/secretsd $(B)/bench/load
	$(Q)BUILD=$(B) node bench/peers.mjs

## bench-kdf: measure key derivations on each path of crypto/kdf/lanes.c, alone and in the server
bench-kdf: $(B)/bench/load $(B)/bench/kdf $(B)/tests/server/secretsd
	+$(Q)BUILD=$(B) node bench/bench.mjs kdf

bench-function: $(B)/function.zip $(B)/bootstrap
	$(Q)BUILD=$(B) node bench/function.mjs
	$(Q)BUILD=$(B) node bench/aws-costs.mjs

## bench-events: measure what events cost, in processor time of the server
bench-events: $(B)/secretsd $(B)/bench/load
	$(Q)BUILD=$(B) node bench/events.mjs

## bench-store: measure the SQLite store without the server, with STORED secrets in it (at least 9728; default 10240)
STORED ?= 10240
bench-store: $(B)/bench/store_bench
	$(Q)d=$$(mktemp -d $(B)/store.XXXXXX) && { $< "$$d" 64 150 $(STORED); status=$$?; rm -rf "$$d"; exit $$status; }

## bench-stored: measure the server with 10,000 secrets in its store and with STORED (default 1,000,000)
bench-stored: $(B)/secretsd $(B)/bench/load
	$(Q)STORED=$(if $(filter command line environment,$(origin STORED)),$(STORED),1000000) BUILD=$(B) node bench/stored.mjs

BENCH_LIBS := $(CORE_LIBS) -lsqlite3
# What the server is compared with.
$(B)/bench/bare: BENCH_LIBS += -lmicrohttpd
$(B)/bench/%: bench/%.c $(CORE) $(B)/flags
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Itests/support $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< $(CORE) $(BENCH_LIBS)

## soak: run the tests of races, crashes and load with many rounds (hours)
soak: $(B)/secretsd $(B)/secrets soak-aws soak-kill
	$(Q)BUILD=$(B) ROUNDS=100000 CREATES=5000 node --test tests/system/store/races.test.mjs \
	    tests/system/edge/load.test.mjs tests/system/store/canary.test.mjs
	$(Q)TMPDIR=$(CURDIR)/$(B) BUILD=$(B) STREAM_MIB=4096 ROUNDS=1000 node --test \
	    tests/system/cli/cli-stream.test.mjs tests/system/cli/cli-interrupt.test.mjs
	$(Q)BUILD=$(B) ROUNDS=200 node --test tests/system/world/foreign.test.mjs

## soak-kill: kill the server 1,000 times under load, with events (20 minutes)
soak-kill: $(B)/secretsd $(B)/secretsctl
	$(Q)BUILD=$(B) KILLS=1000 node --test tests/system/store/kill.test.mjs

soak-aws: $(B)/tests/test_aws_faults $(B)/tests/test_request_faults $(B)/tests/test_request_race $(B)/secretsd
	$(Q)FAULT_SCHEDULES=50000 $(B)/tests/test_aws_faults
	$(Q)FAULT_SCHEDULES=5000 $(B)/tests/test_request_faults
	$(Q)AWS_RACE_ROUNDS=2000 $(B)/tests/test_request_race
	$(Q)BUILD=$(B) HTTP_FAULTS=5000 node --test tests/system/aws/aws-faults.test.mjs
