// SPDX-License-Identifier: MIT
// What testssl.sh has to say about TLS as the shipped nginx configuration sets it up.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';

import { has, startNginx } from '../support/nginx.mjs';
import { startServer, top } from '../support/server.mjs';

const grave = ['MEDIUM', 'HIGH', 'CRITICAL', 'FATAL'];
const checks = ['--protocols', '--server-preference', '--server-defaults', '--headers'];

/** What it finds and what is not so. */
const known = {
  // The test signed the certificate by itself, for its own use.
  cert_revocation: 'Neither CRL nor OCSP URI provided',
  // Mozilla's guideline leaves the order of the intermediate ciphers, all of them strong, to the client.
  cipher_order: 'NOT a cipher order configured',
  // The page is compressed, and the same for everybody.  Answers that hold something are not: deploy.test.mjs.
  BREACH: "potentially VULNERABLE, gzip HTTP compression detected  - only supplied '/' tested",
};

/** What testssl.sh finds: [{ id, severity, finding }]. */
async function findings(folder, nginx, options) {
  const out = join(folder, 'found.json');
  // Its exit code counts what it does not like.
  await promisify(execFile)('testssl', ['--quiet', '--color', '0', '--warnings', 'off', '--fast', '--nodns', 'none', '--ip', '127.0.0.1', '--connect-timeout', '5', '--openssl-timeout', '5',
    '--add-ca', nginx.certificate, '--jsonfile', out, ...options, `https://secrets.example.org:${nginx.port}/`], { maxBuffer: 1 << 26, timeout: 420_000 }).catch((error) => { if (error.killed) throw error; });
  return JSON.parse(readFileSync(out, 'utf8'));
}

/** What the first line of tls-intermediate.conf tells an operator to do. */
function intermediate(shipped) {
  const instead = readFileSync(join(top, 'deploy/nginx/tls-intermediate.conf'), 'utf8');
  return shipped.replace(/^ *ssl_ecdh_curve .*\n/m, '').replace(/^ *ssl_protocols .*\n/m, instead);
}

describe('TLS by testssl.sh', { skip: !has('nginx') || !has('openssl') || !has('testssl'), concurrency: 2 }, () => {
  // What testssl.sh knows of attacks is on TLS up to 1.2, or on what is behind it, which is the same for both.
  for (const [name, change, versions, more] of [['modern', undefined, ['1_3'], []], ['intermediate', intermediate, ['1_2', '1_3'], ['--vulnerable']]])
    test(`${name}: nothing of weight`, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'tls-'));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      const server = await startServer({ env: { SECRETS_LISTEN: `unix:${folder}/secretsd.sock` } });
      t.after(() => server.stop());
      const nginx = await startNginx({ folder, change });
      t.after(() => nginx.stop());
      const found = await findings(folder, nginx, [...checks, ...more]);
      const of = (id) => found.find((one) => one.id === id)?.finding;
      assert.ok(found.length > 60, `${found.length} findings only: did it run?`);
      const bad = found.filter(({ id, severity, finding }) => grave.includes(severity) && known[id] !== finding);
      assert.deepEqual(bad, []);
      for (const version of ['1', '1_1', '1_2', '1_3']) assert.match(of(`TLS${version}`), versions.includes(version) ? /^offered/ : /^not offered/, version);
      assert.match(of('HSTS_time'), /63072000/);
      t.diagnostic(`${found.length} findings; ${found.filter(({ severity }) => ['LOW', 'WARN'].includes(severity)).map(({ id, finding }) => `${id}: ${finding}`).join('; ')}`);
    });

  test('control: an old protocol is found', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'tls-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const nginx = await startNginx({ folder, change: (text) => text.replace(/ssl_protocols .*/, 'ssl_protocols TLSv1.1 TLSv1.3; ssl_ciphers ALL:@SECLEVEL=0;') });
    t.after(() => nginx.stop());
    const found = await findings(folder, nginx, ['--protocols']);
    assert.ok(found.some(({ id, severity }) => id === 'TLS1_1' && severity !== 'OK' && severity !== 'INFO'), JSON.stringify(found));
  });
});
