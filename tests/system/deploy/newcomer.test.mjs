// SPDX-License-Identifier: MIT
// What somebody does who has a Debian and the package: installs it, puts the shipped nginx in front as
// docs/OPERATIONS.md says, and shares a text and a file by page and by client. Each opens what the other shared.
// `make check-deb` makes the package and the base system.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { CHROMIUM, newPage, startBrowser } from '../support/browser.mjs';
import { boot } from '../support/machine.mjs';
import { edit } from '../support/nginx.mjs';
import { top } from '../support/server.mjs';
import { createLink, openLink, savedFile, sha, shownText } from '../support/stage.mjs';

const folder = join(top, 'build/check-deb');
const root = join(folder, 'root');
const HOST = 'secrets.example.net';
const TEXT = 'correct horse\nbattery ✓\n';
const FILE = randomBytes(3_000_000);

describe('a new user', { timeout: 300_000 }, () => {
  let machine, browser;

  before(async () => {
    rmSync(root, { recursive: true, force: true });
    execFileSync('cp', ['-a', join(folder, 'base'), root]);
    copyFileSync(join(folder, 'this.deb'), join(root, 'root/this.deb'));
    machine = await boot(root);
  });
  after(async () => {
    await browser?.close();
    await machine?.stop();
    rmSync(root, { recursive: true, force: true });
  });

  /** The commands of the manual's section ${heading}, as one script. */
  function commandsOf(heading) {
    const manual = readFileSync(join(top, 'docs/OPERATIONS.md'), 'utf8');
    const section = manual.split(`## ${heading}\n`)[1].split('\n## ')[0];
    return [...section.matchAll(/^( *)```sh\n([\s\S]*?)^ *```/gm)].map(([, indent, lines]) => lines.replaceAll(new RegExp(`^${indent}`, 'gm'), '')).join('');
  }

  test('installs the package, and puts nginx in front of it by the commands of the manual', async () => {
    await machine.run('env', 'DEBIAN_FRONTEND=noninteractive', 'dpkg', '-i', '/root/this.deb');
    await machine.run('sh', '-ec', `unset TMPDIR; mkdir -p /etc/ssl/secretsd && cd /etc/ssl/secretsd
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=${HOST} -addext subjectAltName=DNS:${HOST} \\
        -keyout privkey.pem -out fullchain.pem 2>/dev/null
      cp fullchain.pem /usr/local/share/ca-certificates/own.crt && update-ca-certificates >/dev/null
      echo 127.0.0.1 ${HOST} >>/etc/hosts`);

    // They are run as root, next to the package's examples; the editor enters the host name.
    const script = edit(commandsOf('Put TLS in front'), { 'sudo ': '', 'deploy/nginx/': '/usr/share/doc/secretsd/examples/', 'editor ': `sed -i s/secrets.example.org/${HOST}/ ` });
    assert.match(script, /systemctl reload nginx/);
    await machine.run('sh', '-ec', script);
    // A reload returns before the new configuration is in force.
    await machine.sh(`for i in $(seq 50); do curl -s -o /dev/null -w '%{http_code}' http://${HOST}/ | grep -q 301 && break; sleep 0.2; done`);
    assert.equal(await machine.sh(`curl -s -o /dev/null -w '%{http_code} %{redirect_url}' http://${HOST}/`), `301 https://${HOST}/`);
    assert.match(await machine.run('curl', '-sSi', `https://${HOST}/`), /^HTTP\/2 200[\s\S]*<!doctype html>/i);

    // The browser is outside, and looks at the network of the machine.
    const wrapper = join(folder, 'browser');
    writeFileSync(wrapper, `#!/bin/sh\nexec nsenter -t ${machine.pid} -n ${CHROMIUM} "$@"\n`, { mode: 0o755 });
    browser = await startBrowser({ executablePath: wrapper, args: [`--host-resolver-rules=MAP ${HOST} 127.0.0.1`] });
  });

  const secrets = (...words) => machine.run('env', `SECRETS_SERVER=https://${HOST}/`, 'HOME=/root', 'secrets', ...words);
  const visit = () => newPage(browser, { ignoreHTTPSErrors: true, locale: 'en-GB' });
  const inMachine = (name) => machine.path(`/root/${name}`);

  test('shares by page, and opens with the client', async () => {
    const page = await visit();
    await page.goto(`https://${HOST}/`);
    await page.locator('textarea').fill(TEXT);
    const link = await createLink(page);
    assert.ok(link.startsWith(`https://${HOST}/#`), link);
    assert.equal(await secrets('get', link), TEXT);

    await page.goto(`https://${HOST}/`);
    await page.locator('input[type=file]').setInputFiles({ name: 'plan.bin', mimeType: 'application/octet-stream', buffer: FILE });
    const fileLink = await createLink(page);
    mkdirSync(inMachine('got'));
    await secrets('get', '-o', '/root/got/', fileLink);
    assert.equal(sha(readFileSync(inMachine('got/plan.bin'))), sha(FILE));
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });

  test('shares with the client, and opens by page', async () => {
    const page = await visit();
    writeFileSync(inMachine('text'), TEXT);
    const link = (await machine.run('sh', '-c', `SECRETS_SERVER=https://${HOST}/ HOME=/root secrets put -q </root/text`)).trim();
    await openLink(link, page);
    assert.equal(await shownText(page), TEXT);

    writeFileSync(inMachine('plan.bin'), FILE);
    const fileLink = (await secrets('put', '-q', '/root/plan.bin')).trim();
    await openLink(fileLink, page);
    const saved = await savedFile(page);
    assert.equal(saved.name, 'plan.bin');
    assert.equal(sha(saved.bytes), sha(FILE));
    assert.match(await secrets('receipt', fileLink), /^Opened/);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });
});
