// SPDX-License-Identifier: MIT
// Keys for AWS from files, as systemd and container services hand them over: read inside the sandbox
// whenever keys are renewed, refused where others could have written them, never in the log.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { assertSandboxed, get, startServer as start } from '../support/server.mjs';

/** The response of STS to a web identity: keys if it is ${aws.token}. */
async function answerSts(aws, req, res) {
  let text = '';
  for await (const chunk of req) text += chunk;
  const form = new URLSearchParams(text);
  aws.asked.push(form.get('WebIdentityToken'));
  if (form.get('WebIdentityToken') !== aws.token || form.get('RoleArn') !== 'arn:aws:iam::123456789012:role/secrets') {
    res.writeHead(400, { 'Content-Type': 'text/xml' });
    return res.end('<ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code></Error></ErrorResponse>');
  }
  res.writeHead(200, { 'Content-Type': 'text/xml' });
  res.end(`<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>${aws.good}</AccessKeyId>` +
    `<SecretAccessKey>from-sts</SecretAccessKey><SessionToken>session</SessionToken><Expiration>${new Date(Date.now() + 3600e3).toISOString()}</Expiration>` +
    '</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>');
}

/** A table that accepts only the keys named ${aws.good}, and a container's endpoint that wants ${aws.token}. */
async function startAws(t) {
  const aws = { good: 'AKIDFIRST', token: null, asked: [] };
  const listening = createServer(async (req, res) => {
    if (req.headers['content-type'] === 'application/x-www-form-urlencoded') return answerSts(aws, req, res);
    const given = req.headers.authorization ?? '';
    if (req.url === '/keys') {
      aws.asked.push(given);
      const ok = given === aws.token;
      res.writeHead(ok ? 200 : 401, { 'Content-Type': 'application/json' });
      return res.end(ok ? JSON.stringify({ AccessKeyId: aws.good, SecretAccessKey: 'from-endpoint', Token: 't' }) : '{}');
    }
    aws.session = req.headers['x-amz-security-token'];
    const ok = given.includes(`Credential=${aws.good}/`);
    res.writeHead(ok ? 200 : 400, { 'Content-Type': 'application/x-amz-json-1.0' });
    res.end(ok ? '{}' : '{"__type":"com.amazon.coral.service#UnrecognizedClientException"}');
  });
  await new Promise((done) => listening.listen(0, '127.0.0.1', done));
  t.after(() => { listening.close(); listening.closeAllConnections(); });
  aws.url = `http://127.0.0.1:${listening.address().port}`;
  aws.env = { DYNAMO_TABLE: 'Secrets', AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: aws.url, AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nonexistent' };
  return aws;
}

async function startServer(t, env) {
  const server = await start({ env });
  t.after(() => server.kill());
  return server;
}

function scratch(t) {
  const folder = mkdtempSync(join(tmpdir(), 'secretsd-credentials-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const put = (folder, values) => {
  for (const [name, value] of Object.entries(values)) writeFileSync(join(folder, name), value, { mode: 0o400 });
};

/** It answers, but is never ready: resolves to its log. */
async function refused(env) {
  let said;
  await assert.rejects(start({ env, timeout: 1500 }), (error) => Boolean((said = error.message)));
  return said;
}

test('keys come from files named as the variables, and are read again when they are refused', async (t) => {
  const aws = await startAws(t);
  const folder = scratch(t);
  put(folder, { AWS_ACCESS_KEY_ID: 'AKIDFIRST', AWS_SECRET_ACCESS_KEY: 'canary-first\n', AWS_SESSION_TOKEN: 'session-1\n' });
  const server = await startServer(t, { ...aws.env, CREDENTIALS_DIRECTORY: folder });
  assert.equal(aws.session, 'session-1', 'without the line end');
  aws.good = 'AKIDSECOND';
  assert.equal((await get(server, '/readyz')).status, 503);
  for (const [name, value] of [['AWS_ACCESS_KEY_ID', 'AKIDSECOND'], ['AWS_SECRET_ACCESS_KEY', 'canary-second'], ['AWS_SESSION_TOKEN', 'session-2']]) {
    put(folder, { [`${name}.new`]: value });
    renameSync(join(folder, `${name}.new`), join(folder, name));
  }
  assert.equal((await get(server, '/readyz')).status, 200);
  assert.equal(aws.session, 'session-2');
  await server.stop();
  assert.doesNotMatch(server.stderr(), /canary|session-[12]|AKID/);
});

test('some from files, the others from variables', async (t) => {
  const aws = await startAws(t);
  const folder = scratch(t);
  put(folder, { AWS_SECRET_ACCESS_KEY: 'canary' });
  await startServer(t, { ...aws.env, CREDENTIALS_DIRECTORY: folder, AWS_ACCESS_KEY_ID: 'AKIDFIRST' });
});

test('what others can write, what is too large, no file or given twice is refused and named', async (t) => {
  const aws = await startAws(t);
  const name = 'AWS_SECRET_ACCESS_KEY';
  const cases = [
    ['writable by others', (path) => { writeFileSync(path, 'canary'); chmodSync(path, 0o602); }],
    ['writable by others', (path) => { writeFileSync(path, 'canary'); chmodSync(path, 0o620); }],
    ['too large', (path) => writeFileSync(path, 'canary'.repeat(2000))],
    ['empty or too long, or not printable ASCII', (path) => writeFileSync(path, 'canary'.repeat(100))],
    ['empty or too long, or not printable ASCII', (path) => writeFileSync(path, 'can\u0001ary')],
    ['empty or too long, or not printable ASCII', (path) => writeFileSync(path, '\n')],
    ['not a regular file', (path) => mkdirSync(path)],
    ['set as a variable and as a file', (path) => writeFileSync(path, 'canary'), { AWS_SECRET_ACCESS_KEY: 'canary' }],
  ];
  await Promise.all(cases.map(async ([reason, make, more]) => {
    const folder = scratch(t);
    make(join(folder, name));
    const said = await refused({ ...aws.env, CREDENTIALS_DIRECTORY: folder, AWS_ACCESS_KEY_ID: 'AKIDFIRST', ...more });
    assert.match(said, new RegExp(`event=aws.credentials refused=\\S*${name} reason="${reason}"`));
    assert.doesNotMatch(said, /canary/);
  }));
});

for (const [title, place, env] of [
  ['in its own folder', '.aws/credentials', (folder) => ({ HOME: folder })],
  ['in a flat folder', 'keys/credentials', (folder, path) => ({ AWS_SHARED_CREDENTIALS_FILE: path })],
])
  test(`a profile file ${title} is read again inside the sandbox, after another took its place`, async (t) => {
    const aws = await startAws(t);
    const folder = scratch(t);
    const path = join(folder, place);
    const profile = (id) => `[default]\naws_access_key_id = ${id}\naws_secret_access_key = canary\n`;
    mkdirSync(dirname(path));
    writeFileSync(path, profile('AKIDFIRST'), { mode: 0o600 });
    const server = await startServer(t, { ...aws.env, ...env(folder, path) });
    assertSandboxed(server);
    for (const id of ['AKIDSECOND', 'AKIDTHIRD']) {
      aws.good = id;
      assert.equal((await get(server, '/readyz')).status, 503);
      writeFileSync(`${path}.new`, profile(id), { mode: 0o600 });
      renameSync(`${path}.new`, path);
      assert.equal((await get(server, '/readyz')).status, 200);
    }
    assert.doesNotMatch(server.stderr(), /stays closed|canary/);
  });

test('of a profile file beside other folders nothing but itself is opened, and the log says so', async (t) => {
  const aws = await startAws(t);
  const folder = scratch(t);
  const path = join(folder, 'credentials');
  mkdirSync(join(folder, 'others'));
  writeFileSync(path, '[default]\naws_access_key_id = AKIDFIRST\naws_secret_access_key = canary\n', { mode: 0o600 });
  const server = await startServer(t, { ...aws.env, AWS_SHARED_CREDENTIALS_FILE: path });
  assert.match(server.stderr(), /event=aws.credentials file=\S*credentials reason="its directory has subdirectories/);
  aws.good = 'AKIDSECOND';
  writeFileSync(path, '[default]\naws_access_key_id = AKIDSECOND\naws_secret_access_key = canary\n');
  assert.equal((await get(server, '/readyz')).status, 200, 'it is the same file');
  assertSandboxed(server);
});

test("of a container's token beside other folders nothing but itself is opened, and the log says so", async (t) => {
  const aws = await startAws(t);
  const folder = scratch(t);
  const path = join(folder, 'token');
  mkdirSync(join(folder, 'others'));
  writeFileSync(path, 'token-1\n', { mode: 0o600 });
  aws.token = 'token-1';
  const server = await startServer(t, {
    ...aws.env, AWS_CONTAINER_CREDENTIALS_FULL_URI: `${aws.url}/keys`, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: path,
  });
  assert.match(server.stderr(), /event=aws.credentials file=\S*token reason="its directory has subdirectories/);
  writeFileSync(path, 'token-2\n');
  aws.token = 'token-2';
  aws.good = 'AKIDSECOND';
  assert.equal((await get(server, '/readyz')).status, 200, 'it is the same file');
  assertSandboxed(server);
});

test("a container's token is read again inside the sandbox, from a folder that is swapped", async (t) => {
  const aws = await startAws(t);
  const folder = scratch(t);
  // As Kubernetes does: `token` leads into a directory, which is then replaced by a new one.
  for (const n of ['1', '2']) {
    mkdirSync(join(folder, `..${n}`));
    put(join(folder, `..${n}`), { token: `token-${n}-${'x'.repeat(6000)}\n` });
  }
  symlinkSync('..1', join(folder, '..data'));
  symlinkSync('..data/token', join(folder, 'token'));
  aws.token = `token-1-${'x'.repeat(6000)}`;
  const server = await startServer(t, {
    ...aws.env, AWS_CONTAINER_CREDENTIALS_FULL_URI: `${aws.url}/keys`, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(folder, 'token'),
  });
  symlinkSync('..2', join(folder, '..new'));
  renameSync(join(folder, '..new'), join(folder, '..data'));
  aws.token = `token-2-${'x'.repeat(6000)}`;
  aws.good = 'AKIDSECOND';
  assert.equal((await get(server, '/readyz')).status, 200);
  assert.ok(aws.asked.at(-1).startsWith('token-2-'));
  await server.stop();
  assert.doesNotMatch(server.stderr(), /token-[12]/);
});

test('a web identity is exchanged at STS inside the sandbox, with the token that Kubernetes replaced', async (t) => {
  const aws = await startAws(t);
  const folder = scratch(t);
  for (const n of ['1', '2']) {
    mkdirSync(join(folder, `..${n}`));
    put(join(folder, `..${n}`), { token: `jwt-${n}.x_y-z\n` });
  }
  symlinkSync('..1', join(folder, '..data'));
  symlinkSync('..data/token', join(folder, 'token'));
  const identity = {
    AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'token'), AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/secrets',
    KUBERNETES_SERVICE_HOST: '10.0.0.1', AWS_EC2_METADATA_DISABLED: '',
  };
  aws.token = 'jwt-1.x_y-z';
  const server = await startServer(t, { ...aws.env, ...identity });
  assert.equal(aws.session, 'session');
  symlinkSync('..2', join(folder, '..new'));
  renameSync(join(folder, '..new'), join(folder, '..data'));
  aws.token = 'jwt-2.x_y-z';
  aws.good = 'AKIDSECOND';
  assert.equal((await get(server, '/readyz')).status, 200);
  assert.deepEqual([...new Set(aws.asked)], ['jwt-1.x_y-z', 'jwt-2.x_y-z']);
  assertSandboxed(server);
  await server.stop();
  assert.doesNotMatch(server.stderr(), /jwt-[12]/);

  aws.token = 'another';
  assert.match(await refused({ ...aws.env, ...identity }), /refused=AWS_WEB_IDENTITY_TOKEN_FILE reason=InvalidIdentityToken/);
});
