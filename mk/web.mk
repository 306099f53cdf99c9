# The page.  esbuild makes plain files of the TypeScript (build/web), and the programs embed them.

WEB_SRC := $(shell find web -type f)
WEB := build/web/SHA256SUMS

.PHONY: web
## web: build the page as plain files for any static host (into build/web/)
web: $(WEB)

# The sums are written last, so they stand for all files.
$(WEB): $(WEB_SRC)
	$(call say,WEB,build/web)
	$(Q)node web/build.mjs build/web

$(B)/gen/page_files.c: $(WEB) tools/embed.mjs
	$(call say,EMBED,$@)
	$(Q)mkdir -p $(@D)
	$(Q)node tools/embed.mjs build/web $@

$(B)/obj/gen/page_files.o: $(B)/gen/page_files.c $(B)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(CORE): $(B)/obj/gen/page_files.o
