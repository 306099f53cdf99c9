# The programs, and the archive of the modules that they share.

MODULES := base crypto http aws vault store api admin settings
# The sources of a module, in its directory and the directories in it, up to two levels deep.
sources = $(wildcard src/$(1)/*.c src/$(1)/*/*.c src/$(1)/*/*/*.c)
CORE_SRC := $(foreach m,$(MODULES),$(call sources,$(m)))
CORE_OBJ := $(CORE_SRC:src/%.c=$(B)/obj/%.o) $(B)/obj/scrypt-arena.o
SERVER_OBJ := $(patsubst src/%.c,$(B)/obj/%.o,$(call sources,server))
LAMBDA_OBJ := $(patsubst src/%.c,$(B)/obj/%.o,$(call sources,lambda))
CLI_OBJ := $(patsubst src/%.c,$(B)/obj/%.o,$(call sources,cli))
CTL_OBJ := $(patsubst src/%.c,$(B)/obj/%.o,$(call sources,ctl))
# Objects that only the program links.  Unit tests link the others.
CLI_MAIN := $(B)/obj/cli/main.o $(B)/obj/cli/terminal/no_gnutls.o
CLI_LIB := $(B)/libcli.a
CORE := $(B)/libcore.a

PROGRAMS := $(if $(wildcard src/server/main.c),$(B)/secretsd) $(if $(wildcard src/lambda/main.c),$(B)/bootstrap) \
    $(if $(wildcard src/cli/main.c),$(B)/secrets) $(if $(wildcard src/ctl/main.c),$(B)/secretsctl)

SCRYPT_A := $(shell $(CC) -print-file-name=libscrypt-kdf.a 2>/dev/null)
CORE_LIBS := -l:libscrypt-kdf.a -ljansson -lcrypto
# secretsd loads libcurl at run time (src/server/process/curl.c).  GnuTLS, which libcurl loads, looks for the symbol.
SERVER_LIBS := $(CORE_LIBS) -lsqlite3 -lseccomp -Wl,--export-dynamic-symbol=_gnutls_global_init_skip
LAMBDA_LIBS := $(CORE_LIBS) -lcurl
CLI_LIBS := $(CORE_LIBS) -lcurl -lqrencode -lunistring
CTL_LIBS := $(CORE_LIBS) -lcurl
TEST_LIBS := $(CORE_LIBS) -lcmocka -lsqlite3 -lcurl -lseccomp -lqrencode -lunistring

$(B)/secretsd: $(SERVER_OBJ) $(CORE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(SERVER_LIBS)

$(B)/bootstrap: $(LAMBDA_OBJ) $(CORE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LAMBDA_LIBS)

$(CLI_LIB): $(filter-out $(CLI_MAIN),$(CLI_OBJ))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/secrets: $(CLI_MAIN) $(CLI_LIB) $(CORE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(CLI_LIBS)

$(B)/secretsctl: $(CTL_OBJ) $(CORE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(CTL_LIBS)

# What a program consists of, as CycloneDX.
$(B)/%.cdx.json: $(B)/% package-lock.json tools/sbom.mjs
	$(call say,SBOM,$@)
	$(Q)CC='$(CC)' node tools/sbom.mjs $< $@ libscrypt-kdf.a libcurl.so.4

$(CORE): $(CORE_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/obj/%.o: src/%.c $(B)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# scrypt allocates in the arena of the calling thread (src/crypto/kdf/kdf.c).  For that, the one object
# of libscrypt-kdf that allocates is extracted from its archive, and its calls are renamed.
$(B)/obj/scrypt-arena.o: $(B)/flags
	$(call say,RENAME,$@)
	$(Q)mkdir -p $(@D)
	$(Q)cd $(@D) && $(AR) x $(SCRYPT_A) libscrypt_kdf_la-crypto_scrypt.o
	$(Q)$(OBJCOPY) --redefine-sym posix_memalign=kdf_arena_memalign --redefine-sym free=kdf_arena_release \
	    $(@D)/libscrypt_kdf_la-crypto_scrypt.o $@

# Rebuild when flags change.  Whether a warning is an error changes no object.
flags_now := $(filter-out -Werror,$(CC) $(CPPFLAGS) $(CFLAGS_ALL) $(LDFLAGS_ALL))
$(B)/flags: FORCE
	$(Q)test -e '$(SCRYPT_A)' || { echo "libscrypt-kdf is not installed: \`make deps\` installs what the build needs" >&2; exit 1; }
	$(Q)mkdir -p $(@D)
	$(Q)printf '%s\n' '$(subst ','\'',$(flags_now))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(flags_now))' >$@

.PHONY: FORCE
FORCE:

-include $(CORE_OBJ:.o=.d) $(SERVER_OBJ:.o=.d) $(LAMBDA_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(CTL_OBJ:.o=.d)
