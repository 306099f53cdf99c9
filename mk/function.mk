# The AWS Lambda function and its zip.
#
# `bootstrap` is linked statically, including libc, so that it needs nothing from provided.al2023.
# Debian's libcurl.a requires libraries that our requests never reach.  tools/curl-stubs replaces
# them.

FUNCTION := $(B)/function
CURL_A := $(shell $(CC) -print-file-name=libcurl.a 2>/dev/null)
FUNCTION_LIBS := -l:libscrypt-kdf.a -l:libjansson.a -l:libcurl.a -l:libssl.a -l:libcrypto.a
NM ?= $(CROSS)nm
STRIP ?= $(CROSS)strip

.PHONY: function
## function: make the AWS Lambda function (build/function.zip); ARCH=arm64 makes build/arm64/function.zip
function: $(B)/function.zip $(B)/function.cdx.json

# The static libraries for the other processor that are not installed.
cross_missing := $(if $(CROSS),$(shell for f in scrypt-kdf jansson curl ssl crypto sqlite3; do \
    p=$$($(CC) -print-file-name=lib$$f.a 2>/dev/null); [ -e "$$p" ] || printf '%s ' lib$$f.a; done))
ifneq ($(cross_missing),)
ifneq ($(filter function,$(MAKECMDGOALS)),)
define cross_help
not here: $(CC) or its $(cross_missing)
On Debian, best in a root of its own (debootstrap), because some of it conflicts with the usual packages:
  dpkg --add-architecture arm64 && apt-get update
  apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross libscrypt-kdf-dev:arm64 libjansson-dev:arm64 \
    libcurl4-openssl-dev:arm64 libssl-dev:arm64 libsqlite3-dev:arm64
endef
$(error $(cross_help))
endif
endif

$(FUNCTION)/curl-stubs.c: $(CURL_A) tools/curl-stubs
	$(Q)mkdir -p $(@D)
	$(Q)tools/curl-stubs $(CURL_A) $(NM) >$@

$(FUNCTION)/curl-stubs.o: $(FUNCTION)/curl-stubs.c
	$(Q)$(CC) -O2 -w -c -o $@ $<

# A static libc looks up names only in files and DNS.  src/lambda/main.c configures that.
$(FUNCTION)/bootstrap: $(LAMBDA_OBJ) $(FUNCTION)/curl-stubs.o $(CORE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -static-pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--gc-sections \
	    -Wl,--build-id=none -o $@ $^ $(FUNCTION_LIBS) 2>$(FUNCTION)/link.log || { cat $(FUNCTION)/link.log; exit 1; }
	$(Q)$(STRIP) --strip-all $@

# The same sources and tools give the same bytes: one file, one date, no extra fields.
$(B)/function.zip: $(FUNCTION)/bootstrap
	$(call say,ZIP,$@)
	$(Q)touch -d @$(SOURCE_DATE_EPOCH) $<
	$(Q)rm -f $@ && TZ=UTC zip -X -9 -q -j $@ $< && touch $@

# A list of what is inside, to look up whether a vulnerability of a library concerns the function.
$(B)/function.cdx.json: $(B)/function.zip package-lock.json tools/sbom.mjs
	$(call say,SBOM,$@)
	$(Q)CC='$(CC)' node tools/sbom.mjs $(FUNCTION)/bootstrap $@ libc.a $(FUNCTION_LIBS:-l:%=%)
