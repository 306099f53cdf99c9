// SPDX-License-Identifier: MIT
// Starts Debian's nginx with the shipped configuration, on free ports of the loopback.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { top } from './server.mjs';

/** Whether ${command} is on this machine; if not, prints that what needs it is skipped. */
export function has(command) {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' });
    return true;
  } catch {
    console.log(`SKIP: ${command} is not on this machine`);
    return false;
  }
}

export function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/** Whether something listens on ${port}. */
export const reachable = (port) => new Promise((done) => {
  const socket = connect(port, '127.0.0.1', () => done(true)).on('error', () => done(false)).on('close', () => done(false));
  socket.on('connect', () => socket.destroy());
});

/** Make privkey.pem and fullchain.pem in ${folder}: a certificate for ${host} and the loopback. */
export function makeCertificate(folder, host) {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '100', '-subj', `/CN=${host}`,
    '-addext', `subjectAltName=DNS:${host},IP:127.0.0.1`, '-addext', 'extendedKeyUsage=serverAuth',
    '-keyout', join(folder, 'privkey.pem'), '-out', join(folder, 'fullchain.pem')], { stdio: 'ignore' });
}

/** The configuration file ${name} of deploy/. */
export const shipped = (name) => readFileSync(join(top, 'deploy', name), 'utf8');

/** Replace each key by its value; a key that is not in ${text} is an error: the file no longer says what is tested. */
export function edit(text, changes) {
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`the configuration has no ${JSON.stringify(from)}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/**
 * The shipped configuration ${text} on this machine: TLS at ${port}, plain HTTP at ${plain}, the paths in
 * ${folder}, and the page's files at ${web}.
 */
export function localNginx(text, { folder, port, plain, web }) {
  return edit(text, {
    '/run/secretsd.sock': `${folder}/secretsd.sock`,
    '/etc/ssl/secretsd/': `${folder}/`,
    '/var/log/nginx/': `${folder}/`,
    '/usr/share/secretsd/web': web,
    '/run/secretsd-nginx/': `${folder}/temp-`,
    'listen 443 ssl http2;': `listen 127.0.0.1:${port} ssl http2;`,
    'listen 80;': `listen ${plain};`,
  }).replace(/listen \[::\].*\n/g, '');
}

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/** Write an nginx.conf whose http block holds ${http} into ${folder}. Returns the command that runs it. */
export function writeNginx(folder, http) {
  const paths = TEMPORARY.filter((name) => !http.includes(`${name}_temp_path`)).map((name) => `${name}_temp_path ${folder}/temp-${name};`);
  writeFileSync(join(folder, 'nginx.conf'), `user root;\ndaemon off;\npid ${folder}/nginx.pid;\nerror_log ${folder}/main-error.log crit;
events { worker_connections 512; }\nhttp {\n${paths.join('\n')}\n${http}\n}\n`);
  return ['nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'main-error.log')]];
}

/** Run a proxy in ${folder} that listens on ${port}; resolves to a function that stops it. */
export async function runProxy({ command: [program, args, env = {}], folder, port }) {
  const child = spawn(program, args, { cwd: folder, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (d) => (printed += d));
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  const ended = once(child, 'exit');
  for (let i = 0; !(await reachable(port)); i++) {
    if (i > 300 || child.exitCode !== null) throw new Error(`${program} does not start: ${printed}`);
    await new Promise((done) => { setTimeout(done, 50); });
  }
  return async () => {
    child.kill('SIGTERM'); // SIGQUIT would wait for connections that clients keep
    const late = setTimeout(kill, 5_000);
    await ended;
    clearTimeout(late);
    process.off('exit', kill);
  };
}

/**
 * Start nginx in front of the secretsd that listens on ${folder}/secretsd.sock.
 *
 * All that nginx writes goes into ${folder}; with ${counted}, also upstream.log: a line for each request,
 * of its status, the upstream's ("-" if it sent none) and the bytes that the upstream was sent ("-" if it was not asked).
 * The page's files are where ${web} says, else nowhere.  ${change} edits the configuration as an operator would.
 * ${also} is another file beside it, which nginx reads first.
 * Resolves to { port, plain, certificate, stop() }: the ports for TLS and without, and the file of its certificate.
 */
export async function startNginx({ folder, counted = false, web = `${folder}/no-web`, change = (text) => text, also = '' }) {
  const port = await freePort();
  const plain = await freePort();
  makeCertificate(folder, 'secrets.example.org');
  let text = localNginx(change(shipped('nginx/secretsd.conf')), { folder, port, plain: `127.0.0.1:${plain}`, web });
  if (counted) text = text.replace(/(access_log \S+ secretsd;)/, `$1\n    access_log ${folder}/upstream.log counted;`);

  // Debian's own nginx.conf has the first line.
  const command = writeNginx(folder, `gzip on; gzip_types *;\nlog_format counted '$status $upstream_status $upstream_bytes_sent';\n${also}\n${text}`);
  const stop = await runProxy({ command, folder, port });
  return { port, plain, certificate: join(folder, 'fullchain.pem'), stop };
}
