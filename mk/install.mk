# Installation and packages.

.PHONY: install install-web
## install: install the programs, their manual pages and the page's files under PREFIX (default /usr/local)
install: all install-web
	$(Q)install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man8
	$(Q)install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	    $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(Q)install -m 755 $(B)/secretsd $(B)/secrets $(B)/secretsctl $(DESTDIR)$(PREFIX)/bin/
	$(Q)install -m 644 man/secretsd.8 man/secretsctl.8 $(DESTDIR)$(PREFIX)/share/man/man8/
	$(Q)install -m 644 man/secrets.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	$(Q)install -m 644 completions/secrets.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/secrets
	$(Q)install -m 644 completions/secretsctl.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/secretsctl
	$(Q)install -m 644 completions/_secrets completions/_secretsctl $(DESTDIR)$(PREFIX)/share/zsh/site-functions/
	$(Q)install -m 644 completions/secrets.fish completions/secretsctl.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/

# For a web server that serves the page: the files, each with a compressed copy.
PAGE_DIR := $(DESTDIR)$(PREFIX)/share/secretsd/web
install-web: $(WEB)
	$(Q)install -d $(PAGE_DIR)
	$(Q)install -m 644 build/web/*.html build/web/*.css build/web/*.js build/web/*.json build/web/SHA256SUMS $(PAGE_DIR)/
	$(Q)cd $(PAGE_DIR) && gzip -9nkf *.html *.css *.js

.PHONY: deb release sbom image
## deb: make a Debian package of the server and the CLI (into build/)
deb:
	$(Q)command -v dh >/dev/null || { echo 'debhelper is not installed' >&2; exit 1; }
	$(Q)test "$$(dpkg-parsechangelog -S Version)" = $(VERSION) || { echo 'debian/changelog and VERSION differ' >&2; exit 1; }
	$(Q)tools/deps build >&2
	$(Q)dh_clean
	+$(Q)DEB_DIR=build dpkg-buildpackage -us -uc -b -d -nc --changes-file=build/secretsd.changes --buildinfo-file=build/secretsd.buildinfo \
	    --changes-option=-ubuild --buildinfo-option=-ubuild >build/deb.log 2>&1 || { tail -n 40 build/deb.log >&2; exit 1; }
	$(Q)dh_clean
	$(Q)printf '%s\n' build/secretsd_$(VERSION)_$$(dpkg --print-architecture).deb

## sbom: list what the programs consist of (build/*.cdx.json, CycloneDX)
sbom: $(B)/secretsd.cdx.json $(B)/secrets.cdx.json $(B)/secretsctl.cdx.json

PODMAN ?= podman

## image: build the container image; BASE=NAME@sha256:DIGEST is the image that it is built in
image:
	$(Q)printf '%s\n' '$(BASE)' | grep -Eq '^[^ ]+@sha256:[0-9a-f]{64}$$' || { \
	    echo 'BASE has to be NAME@sha256:DIGEST, so that the same sources give the same image (deploy/container/Containerfile)' >&2; exit 1; }
	$(Q)$(PODMAN) build --build-arg BASE='$(BASE)' -t secretsd:$(VERSION) -f deploy/container/Containerfile .

## release: put package, function, their contents' lists and SHA256SUMS into build/release; KEY=FILE signs with that SSH key
release: deb function sbom
	$(Q)rm -rf build/release && mkdir -p build/release
	$(Q)cp build/secretsd_$(VERSION)_*.deb build/function.zip build/function.cdx.json build/secretsd.cdx.json build/secrets.cdx.json \
	    build/secretsctl.cdx.json \
	    build/release/
	$(Q)cd build/release && sha256sum * >SHA256SUMS
	$(if $(KEY),$(Q)ssh-keygen -q -Y sign -n secretsd-release -f '$(KEY)' build/release/SHA256SUMS)
	$(Q)ls build/release
