// SPDX-License-Identifier: MIT
// Starts Debian's nginx with the shipped configuration, on free ports of the loopback.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { top } from './server.mjs';

/** Whether ${command} is on this machine; if not, says aloud that what needs it is left out. */
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

/**
 * Start nginx in front of the secretsd that listens on ${folder}/secretsd.sock.
 *
 * All that nginx writes goes into ${folder}; with ${counted}, also upstream.log: a line for each request,
 * of its status and the upstream's ("-" if none was asked).  The page's files are where ${web} says, else nowhere.  ${change} edits the configuration as an operator would.
 * Resolves to { port, plain, certificate, stop() }: the ports for TLS and without, and the file of its certificate.
 */
export async function startNginx({ folder, counted = false, web = `${folder}/no-web`, change = (text) => text }) {
  const port = await freePort();
  const plain = await freePort();
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '100', '-subj', '/CN=secrets.example.org',
    '-addext', 'subjectAltName=DNS:secrets.example.org', '-addext', 'extendedKeyUsage=serverAuth',
    '-keyout', join(folder, 'privkey.pem'), '-out', join(folder, 'fullchain.pem')], { stdio: 'ignore' });
  let shipped = change(readFileSync(join(top, 'deploy/nginx/secretsd.conf'), 'utf8'))
    .replaceAll('/run/secretsd.sock', `${folder}/secretsd.sock`)
    .replaceAll('/etc/ssl/secretsd/', `${folder}/`)
    .replaceAll('/var/log/nginx/', `${folder}/`)
    .replaceAll('/usr/share/secretsd/web', web)
    .replaceAll('/run/secretsd-nginx/', `${folder}/temp-`)
    .replace(/listen \[::\].*\n/g, '')
    .replace('listen 443 ssl http2;', `listen 127.0.0.1:${port} ssl http2;`)
    .replace('listen 80;', `listen 127.0.0.1:${plain};`);
  if (counted) shipped = shipped.replace(/(access_log \S+ secretsd;)/, `$1\n    access_log ${folder}/upstream.log counted;`);
  writeFileSync(join(folder, 'nginx.conf'), `user root;\ndaemon off;\npid ${folder}/nginx.pid;\nerror_log ${folder}/main-error.log crit;
events { worker_connections 512; }\nhttp {\ngzip on; gzip_types *; # Debian's own file has the first\nlog_format counted '$status $upstream_status';
${['fastcgi', 'uwsgi', 'scgi'].map((n) => `${n}_temp_path ${folder}/temp-${n};`).join('\n')}\n${shipped}\n}\n`);
  const nginx = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'main-error.log')], { stdio: ['ignore', 'inherit', 'inherit'] });
  const kill = () => nginx.kill('SIGKILL');
  process.on('exit', kill);
  for (let i = 0; !(await reachable(port)); i++) {
    if (i > 100) throw new Error('nginx does not answer');
    await new Promise((done) => setTimeout(done, 50));
  }
  return {
    port,
    plain,
    certificate: join(folder, 'fullchain.pem'),
    async stop() {
      const ended = once(nginx, 'exit');
      nginx.kill('SIGTERM'); // SIGQUIT would wait for connections that clients keep
      await ended;
      process.off('exit', kill);
    },
  };
}
