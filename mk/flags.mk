# Compiler and linker flags, from the OpenSSF hardening guide, for gcc 12 and clang 14.

# ARCH=arm64 builds for that processor with Debian's cross compiler.
ARCH ?=
CROSS := $(if $(filter arm64,$(ARCH)),aarch64-linux-gnu-)
CC := $(if $(filter default,$(origin CC)),$(CROSS)gcc,$(CC))
AR := $(if $(filter default,$(origin AR)),$(CROSS)ar,$(AR))
OBJCOPY := $(CROSS)objcopy
SANITIZE ?=
V ?=
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

# The date of packed files: that of the last commit, or a fixed one outside of a repository.
ifndef SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH := $(shell git log -1 --format=%ct 2>/dev/null || echo 1704067200)
endif
export SOURCE_DATE_EPOCH

empty :=
variant := $(strip $(if $(filter-out $(CROSS)gcc,$(notdir $(CC))),$(notdir $(CC))) $(ARCH) $(SANITIZE) $(VARIANT))
# The plain build is in build/, and every other build in a directory below it.
B := build$(if $(variant),/$(subst $(empty) ,-,$(variant)))

CPPFLAGS += -Isrc -I$(B)/gen -D_GNU_SOURCE -DVERSION='"$(VERSION)"'
# Sanitizers find the same with less optimization, in half the time.  -g1 keeps lines and functions for a backtrace;
# the variables as well (-g) cost an eighth of the build.
CFLAGS ?= $(if $(SANITIZE),-O1 -g1,-O2 -g1)
CFLAGS_ALL = -std=c17 $(CFLAGS) -pthread -fPIE -fvisibility=hidden -fno-common -fstack-protector-strong \
    -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing -fexceptions \
    $(WARNINGS) $(HARDENING) $(EXTRA_CFLAGS)
WARNINGS := -Wall -Wextra -Wformat=2 -Wconversion -Wsign-conversion -Wimplicit-fallthrough -Wshadow \
    -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wpointer-arith -Wwrite-strings \
    -Werror=format-security -Werror=implicit -Werror=incompatible-pointer-types -Werror=int-conversion
ifneq ($(filter gcc% $(CROSS)gcc%,$(notdir $(CC))),)
WARNINGS += -Wtrampolines -Wbidi-chars=any -Wlogical-op -Wduplicated-cond
# With less optimization it cannot tell how long a text is at most.
WARNINGS += $(if $(SANITIZE),-Wno-format-truncation)
endif
WERROR ?=
WARNINGS += $(if $(WERROR),-Werror)

HARDENING := -ftrivial-auto-var-init=zero
ifneq ($(findstring clang,$(notdir $(CC))),)
# gcc defines it by itself.
CPPFLAGS += $(if $(findstring address,$(SANITIZE)),-D__SANITIZE_ADDRESS__)
HARDENING += -enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang
endif
ifeq ($(SANITIZE),)
HARDENING += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
HARDENING += -fstack-clash-protection
ifneq ($(filter x86_64%,$(shell $(CC) -dumpmachine 2>/dev/null)),)
HARDENING += -fcf-protection=full
endif
else
HARDENING += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
endif

LDFLAGS_ALL = -pie -pthread -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,separate-code \
    -Wl,--as-needed $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(LDFLAGS)
