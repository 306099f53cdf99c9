# Where things go on a machine.

.PHONY: install
## install: install the programs and their manual pages under PREFIX (default /usr/local)
install: all
	$(Q)install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man8
	$(Q)install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	    $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(Q)install -m 755 $(B)/secretsd $(B)/secrets $(DESTDIR)$(PREFIX)/bin/
	$(Q)install -m 644 man/secretsd.8 $(DESTDIR)$(PREFIX)/share/man/man8/
	$(Q)install -m 644 man/secrets.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	$(Q)install -m 644 completions/secrets.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/secrets
	$(Q)install -m 644 completions/_secrets $(DESTDIR)$(PREFIX)/share/zsh/site-functions/
	$(Q)install -m 644 completions/secrets.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/

.PHONY: deb
## deb: make a Debian package of the server (into build/)
deb: all
	+$(Q)tools/deb
