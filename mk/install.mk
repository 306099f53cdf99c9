# Where things go on a machine.

.PHONY: install install-web
## install: install the programs, their manual pages and the page's files under PREFIX (default /usr/local)
install: all install-web
	$(Q)install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man8
	$(Q)install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	    $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(Q)install -m 755 $(B)/secretsd $(B)/secrets $(DESTDIR)$(PREFIX)/bin/
	$(Q)install -m 644 man/secretsd.8 $(DESTDIR)$(PREFIX)/share/man/man8/
	$(Q)install -m 644 man/secrets.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	$(Q)install -m 644 completions/secrets.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/secrets
	$(Q)install -m 644 completions/_secrets $(DESTDIR)$(PREFIX)/share/zsh/site-functions/
	$(Q)install -m 644 completions/secrets.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/

# For a web server that serves the page itself: the files, and each compressed beside it.
PAGE_DIR := $(DESTDIR)$(PREFIX)/share/secretsd/web
install-web: $(WEB)
	$(Q)install -d $(PAGE_DIR)
	$(Q)install -m 644 build/web/*.html build/web/*.css build/web/*.js build/web/*.json build/web/SHA256SUMS $(PAGE_DIR)/
	$(Q)cd $(PAGE_DIR) && gzip -9nkf *.html *.css *.js

.PHONY: deb
## deb: make a Debian package of the server (into build/)
deb: all
	+$(Q)tools/deb
