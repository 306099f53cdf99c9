# Ephemeral Secrets.  `make help` lists what can be made.
#
#   V=1                          show the commands
#   SANITIZE=address,undefined   build into build/address,undefined with that sanitizer (or thread)
#   CFLAGS='-Og -g'              for a debugger: the usual build knows lines and functions, but no variables
#   CC=clang                     another compiler (builds into build/clang)
#   DESTDIR= PREFIX=/usr/local   where `make install` installs

.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
NPROC := $(shell nproc 2>/dev/null || echo 2)
# A make below this one shares its jobs.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(NPROC)
endif

VERSION := $(shell cat VERSION)
PREFIX ?= /usr/local
DESTDIR ?=

include mk/flags.mk
include mk/programs.mk
include mk/web.mk
include mk/function.mk
include mk/test.mk
include mk/fuzz.mk
include mk/bench.mk
include mk/install.mk

.PHONY: all run deps help clean

## all: build every program (into build/)
all: $(PROGRAMS)

## deps: install what the build needs (Debian packages and npm modules)
deps:
	$(Q)tools/deps build

## run: install what is missing, build, and serve on http://127.0.0.1:8080
run: deps
	$(Q)$(MAKE) --no-print-directory $(B)/secretsd
	$(Q)if [ "$$(id -u)" = 0 ]; then \
	    export SECRETS_ALLOW_ROOT="$${SECRETS_ALLOW_ROOT:-on}"; \
	    echo "You are root: running with SECRETS_ALLOW_ROOT=$$SECRETS_ALLOW_ROOT, for a trial only. Give a server a user of its own."; \
	fi; exec $(B)/secretsd

## clean: remove build/
clean:
	rm -rf build

## help: this list
help:
	@sed -n 's/^## \([a-z-]*\): \(.*\)/  make \1\t\2/p' Makefile mk/*.mk | expand -t 22
