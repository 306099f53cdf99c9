// SPDX-License-Identifier: MIT
// Builds what tests need in addition to the programs, in the build directory that BUILD names.

import { execFileSync } from 'node:child_process';
import { join, relative } from 'node:path';

import { buildFolder, top } from './server.mjs';

function make(target) {
  const folder = relative(join(top, 'build'), buildFolder);
  const variables = /^(clang-?)?(address|undefined|thread|,)+$/.test(folder) ? [`SANITIZE=${folder.replace(/^clang-/, '')}`] : [];
  execFileSync('make', ['--no-print-directory', ...variables, join(relative(top, buildFolder), target)], { cwd: top, stdio: ['ignore', 'ignore', 'inherit'] });
}

/**
 * The folder of a secretsd that is built for tests: its memory can be read. With TEST_RACY=1 in its
 * environment it reads views and writes them in two steps. TEST_UNSHARED names resources of which
 * one client may take all (tests/support/server_hooks.c).
 */
export function testServer() {
  make('tests/server/secretsd');
  return join(buildFolder, 'tests/server');
}

/** The folder of a secretsd whose page derives keys at the least cost that readers accept, and itself at N = 2^10. */
export function cheapServer() {
  make('tests/cheap/secretsd');
  return join(buildFolder, 'tests/cheap');
}

/** The path of a client that derives keys at the least cost that readers accept. */
export function cheapClient() {
  make('tests/cheap/secrets');
  return join(buildFolder, 'tests/cheap/secrets');
}

/** The path of the load generator. */
export function loadGenerator() {
  make('bench/load');
  return join(buildFolder, 'bench/load');
}

/**
 * The path of a library for LD_PRELOAD of a server. `hang`: its disk or its input hangs or is slow as long as a
 * file is there (tests/system/support/tools/hang.c). `no-landlock`: its kernel has no Landlock.
 * `network-fs`: its file systems are of the kind FS_MAGIC. Not for builds with sanitizers.
 */
export function preload(name) {
  make(`tests/${name}.so`);
  return join(buildFolder, `tests/${name}.so`);
}
