// SPDX-License-Identifier: MIT
// What a release says of itself: the lists of contents, the signature, and that no package of npm runs a script.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildFolder, top } from '../support/server.mjs';

const json = (path) => JSON.parse(readFileSync(path, 'utf8'));
const lock = json(join(top, 'package-lock.json'));

function scratch(t) {
  const folder = mkdtempSync(join(tmpdir(), 'release-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('a program lists the libraries that it loads and the packages in its page', (t) => {
  const folder = scratch(t);
  const program = join(buildFolder, 'secretsd');
  const make = (name) => {
    const out = join(folder, name);
    execFileSync('node', [join(top, 'tools/sbom.mjs'), program, out, 'libscrypt-kdf.a', 'libcurl.so.4']);
    return out;
  };
  const list = json(make('one.json'));
  assert.equal(list.bomFormat, 'CycloneDX');
  assert.equal(list.metadata.component.hashes[0].content, createHash('sha256').update(readFileSync(program)).digest('hex'));
  const names = list.components.map(({ name }) => name);
  for (const name of ['libc6', 'libscrypt-kdf-dev', 'libsqlite3-0', 'libssl3', 'libcurl4', 'libnghttp2-14', '@noble/hashes', 'uqr'])
    assert.ok(names.includes(name), name);
  for (const { name, version } of list.components) assert.ok(version, name);
  assert.ok(!names.includes('playwright-core'), 'nothing that only tests use');
  assert.deepEqual(readFileSync(make('two.json')), readFileSync(join(folder, 'one.json')), 'the same bytes');
});

test('the build installs only what the page is made of', () => {
  const built = Object.entries(lock.packages).filter(([path, entry]) => path !== '' && !entry.dev && !entry.optional);
  assert.deepEqual(built.map(([path]) => path.replace('node_modules/', '')).sort(), ['@noble/ciphers', '@noble/curves', '@noble/hashes', 'esbuild', 'uqr']);
  const installs = readFileSync(join(top, 'tools/deps'), 'utf8').match(/npm (ci|install).*/g);
  assert.equal(installs.length, 1);
  assert.match(installs[0], /--ignore-scripts/);
});

test('the image of a release is built in a base that is named by its digest', (t) => {
  const folder = scratch(t);
  const seen = join(folder, 'seen');
  writeFileSync(join(folder, 'podman'), `#!/bin/sh\nprintf '%s\\n' "$@" >${seen}\n`, { mode: 0o755 });
  const image = (base) => spawnSync('make', ['-s', 'image', `PODMAN=${folder}/podman`, ...base], { cwd: top, encoding: 'utf8' });
  const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
  for (const base of [[], ['BASE=debian:bookworm-slim'], ['BASE=debian@sha256:0123'], [`BASE=debian:bookworm-slim ${digest}`], [`BASE=debian@${digest}0`]]) {
    const { status, stderr } = image(base);
    assert.notEqual(status, 0, base[0]);
    assert.match(stderr, /BASE has to be NAME@sha256:DIGEST/);
    assert.ok(!existsSync(seen), base[0]);
  }
  assert.equal(image([`BASE=docker.io/library/debian@${digest}`]).status, 0);
  assert.match(readFileSync(seen, 'utf8'), new RegExp(`^build\n--build-arg\nBASE=docker.io/library/debian@${digest}\n`));
  // The base of the file is for trying it out, and can be replaced.
  assert.match(readFileSync(join(top, 'deploy/container/Containerfile'), 'utf8'), /^ARG BASE=\S+\nFROM \$\{BASE\} AS build$/m);
});

test('a signed list of sums is verified, and a changed one is not', (t) => {
  const folder = scratch(t);
  const key = join(folder, 'key');
  const sums = join(folder, 'SHA256SUMS');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  writeFileSync(sums, `${'0'.repeat(64)}  secretsd.deb\n`);
  const sign = /ssh-keygen -q (-Y sign -n \S+)/.exec(readFileSync(join(top, 'mk/install.mk'), 'utf8'))[1];
  execFileSync('ssh-keygen', ['-q', ...sign.split(' '), '-f', key, sums]);
  writeFileSync(join(folder, 'signers'), `maintainers ${readFileSync(`${key}.pub`, 'utf8')}`);
  const verify = (text) =>
    spawnSync('ssh-keygen', ['-Y', 'verify', '-f', join(folder, 'signers'), '-I', 'maintainers', '-n', sign.split(' ')[3], '-s', `${sums}.sig`], { input: text }).status;
  assert.equal(verify(readFileSync(sums)), 0);
  assert.notEqual(verify('0'), 0);
});

test('the page is built from these packages without their scripts', { timeout: 120_000 }, (t) => {
  const folder = scratch(t);
  for (const name of ['@noble', '@esbuild', 'esbuild', 'uqr'])
    cpSync(join(top, 'node_modules', name), join(folder, 'node_modules', name), { recursive: true });
  for (const name of ['web', 'package.json', 'VERSION']) cpSync(join(top, name), join(folder, name), { recursive: true });
  execFileSync('node', ['web/build.mjs', 'out'], { cwd: folder });
  assert.ok(readFileSync(join(folder, 'out/SHA256SUMS'), 'utf8').includes('page.js'));
});
