# The AWS Lambda function: a program that needs nothing of the system it runs on, and its zip.
#
# `bootstrap` is linked statically, libc included, so that it runs on provided.al2023 whatever is
# there.  Debian's libcurl.a is built with libraries that no request of ours reaches; tools/curl-stubs
# stands in for them.

FUNCTION := $(B)/function
CURL_A := $(shell $(CC) -print-file-name=libcurl.a 2>/dev/null)
FUNCTION_LIBS := -l:libscrypt-kdf.a -l:libjansson.a -l:libcurl.a -l:libssl.a -l:libcrypto.a
NM ?= $(CROSS)nm
STRIP ?= $(CROSS)strip

.PHONY: function
## function: make the AWS Lambda function (build/function.zip); ARCH=arm64 makes build/arm64/function.zip
function: $(B)/function.zip $(B)/function.cdx.json

# What another processor's build needs and is not here, by the libraries that the linker would not find.
cross_missing := $(if $(CROSS),$(shell for f in scrypt-kdf jansson curl ssl crypto sqlite3; do \
    p=$$($(CC) -print-file-name=lib$$f.a 2>/dev/null); [ -e "$$p" ] || printf '%s ' lib$$f.a; done))
ifneq ($(cross_missing),)
ifneq ($(filter function,$(MAKECMDGOALS)),)
define cross_help
not here: $(CC) or its $(cross_missing)
On Debian, best in a root of its own (debootstrap), since not all of it lives beside the usual build:
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

# Names are looked up in files and DNS alone, as libc has it built in: main.c sees to that.
$(FUNCTION)/bootstrap: $(LAMBDA_OBJ) $(FUNCTION)/curl-stubs.o $(CORE)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -static-pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--gc-sections \
	    -Wl,--build-id=none -o $@ $^ $(FUNCTION_LIBS) 2>$(FUNCTION)/link.log || { cat $(FUNCTION)/link.log; exit 1; }
	$(Q)$(STRIP) --strip-all $@

# Byte for byte the same from the same sources and tools: one file, one date, no extra fields.
$(B)/function.zip: $(FUNCTION)/bootstrap
	$(call say,ZIP,$@)
	$(Q)touch -d @$(SOURCE_DATE_EPOCH) $<
	$(Q)rm -f $@ && TZ=UTC zip -X -9 -q -j $@ $< && touch $@

# What is inside, for who has to know whether a fault of a library concerns them.
$(B)/function.cdx.json: $(B)/function.zip package-lock.json tools/sbom.mjs
	$(call say,SBOM,$@)
	$(Q)CC='$(CC)' node tools/sbom.mjs $(FUNCTION)/bootstrap $@ libc.a $(FUNCTION_LIBS:-l:%=%)
