# Where things go on a machine.

.PHONY: install
## install: install the programs and their manual pages under PREFIX (default /usr/local)
install: all
	$(Q)install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man8
	$(Q)install -m 755 $(B)/secretsd $(DESTDIR)$(PREFIX)/bin/
	$(Q)install -m 644 man/secretsd.8 $(DESTDIR)$(PREFIX)/share/man/man8/

.PHONY: deb
## deb: make a Debian package of the server (into build/)
deb: all
	+$(Q)tools/deb
