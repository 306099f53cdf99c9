// SPDX-License-Identifier: MIT
// The content of the container's image, made by the script that the Containerfile runs.  It runs with that
// directory as its root and as a user without a name.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildFolder, get, top } from '../support/server.mjs';

const plain = !/address|undefined|thread/.test(buildFolder);

test('the image: two programs with their libraries, no shell, and it serves', { skip: process.getuid() !== 0 || !plain }, async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'secretsd-image-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  chmodSync(root, 0o755);
  execFileSync(join(top, 'deploy/container/rootfs'), [root, join(buildFolder, 'secretsd'), join(buildFolder, 'secretsctl')]);
  const files = execFileSync('find', [root, '-type', 'f', '-printf', '%f\n'], { encoding: 'utf8' }).trim().split('\n');
  assert.deepEqual(files.filter((name) => !/\.so(\.|$)/.test(name)).sort(), ['ca-certificates.crt', 'group', 'passwd', 'secretsctl', 'secretsd']);

  const inside = ['--userspec=65532:65532', '--groups=', root];
  const env = { SECRETS_DATA: '/data', SECRETS_LISTEN: '127.0.0.1:0', SECRETS_ADMIN_LISTEN: 'unix:/data/admin.sock' };
  const child = spawn('/usr/sbin/chroot', [...inside, '/usr/bin/secretsd'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let log = '';
  const url = await new Promise((done, failed) => {
    child.stderr.on('data', (data) => {
      const open = /open=(\S+)/.exec((log += data));
      if (open) done(open[1]);
    });
    child.on('exit', () => failed(new Error(log)));
  });
  assert.equal((await get({ url }, '/readyz')).status, 200, log);
  const made = await (await fetch(`${url}encrypt`, { method: 'POST', body: '{"secret": "from the image"}' })).text();
  assert.equal((await (await fetch(`${url}decrypt`, { method: 'POST', body: made })).json()).data, 'from the image');
  const { stdout } = spawnSync('/usr/sbin/chroot', [...inside, '/usr/bin/secretsctl', 'events'], { env, encoding: 'utf8' });
  assert.match(stdout, /"kind":"opened"/);
  const ended = new Promise((done) => child.on('exit', done));
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
});

test('the image is made as the test makes it, and runs as a user of its own', () => {
  const file = readFileSync(join(top, 'deploy/container/Containerfile'), 'utf8');
  assert.match(file, /deploy\/container\/rootfs \/rootfs build\/secretsd build\/secretsctl/);
  assert.match(file, /^FROM scratch$/m);
  assert.match(file, /^USER 65532:65532$/m);
});
