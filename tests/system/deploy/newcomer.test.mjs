// SPDX-License-Identifier: MIT
// What somebody does who has a Debian and the package: installs it, puts the shipped nginx in front as
// docs/OPERATIONS.md says, and shares a text and a file by page and by client. Each opens what the other shared. Then
// only the inner name shares, and a public one opens.
// `make check-deb` makes the package and the base system.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { CHROMIUM, newPage, startBrowser } from '../support/browser.mjs';
import { boot } from '../support/machine.mjs';
import { blocksOf } from '../support/manual.mjs';
import { edit } from '../support/nginx.mjs';
import { top } from '../support/server.mjs';
import { createLink, openLink, savedFile, sha, shownText } from '../support/stage.mjs';

const folder = join(top, 'build/check-deb');
const root = join(folder, 'root');
const HOST = 'secrets.example.net';
const OPEN = 'open.example.net';
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

  /** Give ${host} a certificate, whose files begin with ${prefix}, and ${address}. */
  const certify = (host, prefix, address) => machine.run('sh', '-ec', `unset TMPDIR; mkdir -p /etc/ssl/secretsd && cd /etc/ssl/secretsd
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=${host} -addext subjectAltName=DNS:${host} \\
      -keyout ${prefix}privkey.pem -out ${prefix}fullchain.pem 2>/dev/null
    cp ${prefix}fullchain.pem /usr/local/share/ca-certificates/own-${prefix}.crt && update-ca-certificates >/dev/null
    echo ${address} ${host} >>/etc/hosts`);

  test('installs the package, and puts nginx in front of it by the commands of the manual', async () => {
    await machine.run('env', 'DEBIAN_FRONTEND=noninteractive', 'dpkg', '-i', '/root/this.deb');
    await certify(HOST, '', '127.0.0.1');

    // They are run as root, next to the package's examples; the editor enters the host name.
    const script = edit(blocksOf('Put TLS in front').join(''), { 'sudo ': '', 'deploy/nginx/': '/usr/share/doc/secretsd/examples/', 'editor ': `sed -i s/secrets.example.org/${HOST}/ ` });
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

  test('lets the inner name share and a public name open, by the commands of the manual', async () => {
    const [sockets, nginx, check] = blocksOf('One name to share, one to open').map((block) => block.replaceAll('sudo ', ''));
    await certify(OPEN, 'open-', '127.0.0.2');
    await machine.run('sh', '-ec', sockets);
    const addresses = `sed -i '/listen \\[::]/d; s/listen \\(80\\|443\\)/listen 127.0.0.1:\\1/' /etc/nginx/conf.d/secretsd.conf`;
    await machine.run('sh', '-ec', addresses + edit(`\n${nginx}`, { 'editor ': `sed -i s/open.example.org/${OPEN}/ ` }));
    await machine.run('sh', '-ec', `echo SECRETS_PAGE=https://${OPEN}/ >>/etc/secretsd/secretsd.env; systemctl restart secretsd.service`);

    const local = edit(check, { 'open.example.org': OPEN, 'secrets.example.org': HOST });
    assert.deepEqual((await machine.sh(local)).trim().split('\n'), ['200', '404', '404']);
    await machine.run('sh', '-ec', `mkdir -p /root/.config/secrets && echo page = https://${OPEN}/ >/root/.config/secrets/config`);
    const link = (await machine.run('sh', '-c', `SECRETS_SERVER=https://${HOST}/ HOME=/root secrets put -q </root/text`)).trim();
    assert.ok(link.startsWith(`https://${OPEN}/#`), link);
    assert.equal(await machine.run('env', 'HOME=/root', 'secrets', 'get', link), TEXT);

    // The control: at the inner address the third command reaches the socket that shares.
    await machine.run('sed', '-i', `s/127.0.0.2 ${OPEN}/127.0.0.1 ${OPEN}/`, '/etc/hosts');
    assert.notEqual((await machine.sh(local)).trim().split('\n')[2], '404');
  });
});
