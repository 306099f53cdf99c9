// SPDX-License-Identifier: MIT
// Where a secret comes from: streams that have no name, and those with nothing in them; and servers
// that are not there.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { exit, startServerAndHome, useCheapClient } from '../support/cli.mjs';
import { patience } from '../support/server.mjs';

const program = useCheapClient();
const { server, cli } = await startServerAndHome();
const run = promisify(execFile);

/** Run ${script} in bash, where $SECRETS is the client; resolves to { code, stdout, stderr }. */
const shell = (script) =>
  run('bash', ['-c', script], { cwd: cli.folder, env: { PATH: process.env.PATH, HOME: cli.folder, LC_ALL: 'C.UTF-8', SECRETS: program, SECRETS_SERVER: server.url } })
    .then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }), ({ code, stdout, stderr }) => ({ code, stdout, stderr }));

/** What the recipient of the link in ${stdout} gets: { name?, text? }. */
async function received(stdout) {
  const got = await cli.run(['get', '--json', stdout.trim()]);
  assert.equal(got.code, exit.done, got.stderr);
  const { name, text } = JSON.parse(got.stdout);
  return { name, text };
}

test('a stream has no name', async () => {
  for (const script of ['"$SECRETS" put -q <(printf inside)', 'printf inside | "$SECRETS" put -q /dev/stdin', 'printf inside | "$SECRETS" put -q -f /dev/fd/0',
    'printf inside >plain; "$SECRETS" put -q /dev/stdin <plain', 'mkfifo pipe; printf inside >pipe & "$SECRETS" put -q pipe']) {
    const put = await shell(script);
    assert.equal(put.code, exit.done, `${script}: ${put.stderr}`);
    assert.deepEqual(await received(put.stdout), { name: undefined, text: 'inside' }, script);
  }
  // Control: a file has one, and a name that is given counts.
  writeFileSync(join(cli.folder, 'stdin'), 'inside');
  assert.equal((await received((await shell('"$SECRETS" put -q stdin')).stdout)).name, 'stdin');
  assert.equal((await received((await shell('"$SECRETS" put -q -n given <(printf inside)')).stdout)).name, 'given');
});

test('an empty stream is refused before anything is shared', async () => {
  for (const script of ['false | "$SECRETS" put', '"$SECRETS" put </dev/null', '"$SECRETS" put <(false)', 'false | "$SECRETS" put --classic', 'false | "$SECRETS" put -n name']) {
    const put = await shell(script);
    assert.deepEqual([put.code, put.stdout], [exit.usage, ''], script);
    assert.match(put.stderr, /is empty\n {2}Nothing was shared\. .*--allow-empty/, script);
  }
  const allowed = await shell('"$SECRETS" put -q --allow-empty </dev/null');
  assert.equal(allowed.code, exit.done, allowed.stderr);
  assert.equal((await received(allowed.stdout)).text, '');
  writeFileSync(join(cli.folder, 'empty'), '');
  assert.equal((await shell('"$SECRETS" put -q empty')).code, exit.done, 'a file was named on purpose');
});

test('nohup stays in force: who hangs up ends the client only without it', async () => {
  const hangUp = async (prefix) => (await shell(`${prefix} "$SECRETS" put -q -s http://127.0.0.1:1/ --patience 5m <<<inside 2>/dev/null & pid=$!
    for i in $(seq 200); do grep -q 'SigCgt:.*[1-9a-f]' /proc/$pid/status && grep -qz put /proc/$pid/cmdline && break; sleep 0.05; done
    sleep 0.5; kill -HUP $pid; sleep 1
    if kill -0 $pid 2>/dev/null; then echo lives; kill -TERM $pid; fi
    wait $pid; echo $?`)).stdout;
  assert.match(await hangUp(''), /^130\n$/);
  assert.match(await hangUp('nohup'), /^lives\n130\n$/);
});

test('a name that does not exist fails in seconds, a port that refuses within the patience', async () => {
  const took = async (url, given) => {
    const began = performance.now();
    const put = await cli.run(['put', '-s', url, '--patience', given], { input: 'inside' });
    assert.equal(put.code, exit.network, put.stderr);
    return [performance.now() - began, put.stderr];
  };
  const [unknown, said] = await took('https://no-such-name.invalid/', '5m');
  assert.match(said, /no response from https:\/\/no-such-name\.invalid\/: .*resolve/i);
  assert.ok(unknown < 15_000 * patience, `${unknown} ms`);
  const [refused] = await took('http://127.0.0.1:1/', '6s');
  assert.ok(refused > 2000 && refused < 30_000 * patience, `${refused} ms`);
});
