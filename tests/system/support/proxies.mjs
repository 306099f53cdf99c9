// SPDX-License-Identifier: MIT
// Starts each reverse proxy that docs/OPERATIONS.md names, with the configuration that is shipped.
//
//   const proxy = await startProxy('haproxy', folder);   // secretsd listens on ${folder}/secretsd.sock
//   await fetch(proxy.url, …); await proxy.stop();
//
// The files of deploy/ are used as they are. Only what an operator changes is changed: the host name, the
// ports, and the paths of the certificate, the socket and the logs.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, reachable } from './nginx.mjs';
import { top } from './server.mjs';

const shipped = (name) => readFileSync(join(top, 'deploy', name), 'utf8');

/** The name that certificates are for: the loopback needs no name server. */
const HOST = 'localhost';

function makeCertificate(folder) {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '100', '-subj', `/CN=${HOST}`,
    '-addext', `subjectAltName=DNS:${HOST},IP:127.0.0.1`, '-addext', 'extendedKeyUsage=serverAuth',
    '-keyout', join(folder, 'privkey.pem'), '-out', join(folder, 'fullchain.pem')], { stdio: 'ignore' });
  writeFileSync(join(folder, 'both.pem'), readFileSync(join(folder, 'fullchain.pem')) + readFileSync(join(folder, 'privkey.pem')));
}

/** Replace each key by its value; a key that is not in ${text} is an error: the file no longer says what is tested. */
function edit(text, changes) {
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`the configuration has no ${JSON.stringify(from)}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

const NGINX_TEMP = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/** An nginx.conf whose http block holds ${http}. */
function nginxFile(folder, http) {
  const temp = NGINX_TEMP.filter((name) => !http.includes(`${name}_temp_path`)).map((name) => `${name}_temp_path ${folder}/temp-${name};`);
  return `user root;\ndaemon off;\npid ${folder}/nginx.pid;\nerror_log ${folder}/main-error.log crit;
events { worker_connections 512; }\nhttp {\ninclude /etc/nginx/mime.types;\naccess_log off;\n${temp.join('\n')}\n${http}\n}\n`;
}

const runNginx = (folder) => ['nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'main-error.log')]];
const upstream = (folder) => `upstream secretsd { server unix:${folder}/secretsd.sock; keepalive 8; }`;

/** The shipped nginx configuration; ${extra} is put into its TLS server. */
function nginxShipped(folder, port, extra = '') {
  const text = edit(shipped('nginx/secretsd.conf'), {
    'secrets.example.org': HOST,
    '/run/secretsd.sock': `${folder}/secretsd.sock`,
    '/etc/ssl/secretsd/': `${folder}/`,
    '/var/log/nginx/': `${folder}/`,
    '/usr/share/secretsd/web': join(top, 'build/web'),
    '/run/secretsd-nginx/': `${folder}/temp-`,
    'listen 443 ssl http2;': `listen 127.0.0.1:${port} ssl http2;\n${extra}`,
  }).replace(/listen \[::\].*\n/g, '').replace('listen 80;', `listen unix:${folder}/plain.sock;`);
  writeFileSync(join(folder, 'nginx.conf'), nginxFile(folder, text));
  return runNginx(folder);
}

const kinds = {
  nginx: (folder, port) => ({ run: nginxShipped(folder, port), url: `https://${HOST}:${port}/` }),

  'nginx with Basic auth': (folder, port) => {
    writeFileSync(join(folder, 'htpasswd'), `ada:${execFileSync('openssl', ['passwd', '-apr1', 'pass word'], { encoding: 'utf8' })}`);
    const run = nginxShipped(folder, port, `auth_basic "team"; auth_basic_user_file ${folder}/htpasswd;`);
    return { run, url: `https://${HOST}:${port}/`, basic: { username: 'ada', password: 'pass word' } };
  },

  'nginx below a folder': (folder, port) => {
    const location = shipped('nginx/folder.conf');
    writeFileSync(join(folder, 'nginx.conf'), nginxFile(folder, `${upstream(folder)}
server { listen 127.0.0.1:${port}; server_name ${HOST};\n${location}\n}`));
    return { run: runNginx(folder), url: `http://${HOST}:${port}/share/` };
  },

  apache: (folder, port) => {
    const site = edit(shipped('proxy/apache.conf'), {
      '*:443': `127.0.0.1:${port}`,
      'unix:/run/secretsd.sock': `unix:${folder}/secretsd.sock`,
      'secrets.example.org': HOST,
      '/etc/ssl/secretsd/': `${folder}/`,
      '/var/log/apache2/': `${folder}/`,
    });
    const modules = ['mpm_event', 'authz_core', 'env', 'ssl', 'proxy', 'proxy_http', 'headers', 'socache_shmcb'];
    writeFileSync(join(folder, 'apache.conf'), `ServerRoot ${folder}\nServerName ${HOST}\nPidFile ${folder}/apache.pid\nMutex file:${folder}
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
User nobody\nGroup nogroup\nErrorLog ${folder}/main-error.log\nListen 127.0.0.1:${port}\n${site}`);
    return { run: ['apache2', ['-D', 'FOREGROUND', '-f', join(folder, 'apache.conf')]], url: `https://${HOST}:${port}/` };
  },

  haproxy: (folder, port) => {
    const text = edit(shipped('proxy/haproxy.cfg'), {
      ':443': `127.0.0.1:${port}`,
      '/etc/ssl/secretsd/': `${folder}/`,
      'unix@/run/secretsd.sock': `unix@${folder}/secretsd.sock`,
    });
    writeFileSync(join(folder, 'haproxy.cfg'), `global\n    maxconn 512\n${text}`);
    return { run: ['haproxy', ['-db', '-q', '-f', join(folder, 'haproxy.cfg')]], url: `https://${HOST}:${port}/` };
  },

  caddy: (folder, port) => {
    const text = edit(shipped('proxy/Caddyfile'), {
      'secrets.example.org {': `https://${HOST}:${port} {\n\tbind 127.0.0.1\n\ttls ${folder}/fullchain.pem ${folder}/privkey.pem`,
      'unix//run/secretsd.sock': `unix/${folder}/secretsd.sock`,
    });
    writeFileSync(join(folder, 'Caddyfile'), `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${text}`);
    return { run: ['caddy', ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'], { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }], url: `https://${HOST}:${port}/` };
  },

  varnish: (folder, port) => {
    writeFileSync(join(folder, 'varnish.vcl'), edit(shipped('proxy/varnish.vcl'), { '/run/secretsd.sock': `${folder}/secretsd.sock` }));
    // Without the jail that changes the user: the folder belongs to the one who runs the test.
    return { run: ['varnishd', ['-F', '-j', 'none', '-n', join(folder, 'varnish'), '-a', `127.0.0.1:${port}`, '-T', 'none', '-s', 'malloc,16m', '-f', join(folder, 'varnish.vcl')]], url: `http://${HOST}:${port}/` };
  },

  // A sign-on that knows people by a cookie: everything but its own page redirects until they have it.
  'login by cookie': (folder, port) => {
    writeFileSync(join(folder, 'nginx.conf'), nginxFile(folder, `${upstream(folder)}
server {
    listen 127.0.0.1:${port}; server_name ${HOST};
    client_max_body_size 11m;
    location = /login { default_type text/html; add_header Set-Cookie "session=known; Path=/; HttpOnly; SameSite=Lax"; return 200 "<title>Sign in</title><p>Signed in.</p>"; }
    location / {
        if ($cookie_session != known) { return 302 http://${HOST}:${port}/login; }
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_next_upstream off;
        proxy_pass http://secretsd;
    }
}`));
    return { run: runNginx(folder), url: `http://${HOST}:${port}/`, login: `http://${HOST}:${port}/login` };
  },
};

export const proxyKinds = Object.keys(kinds);

/** The program of a kind, for has(). */
export const programOf = (kind) => ({ apache: 'apache2', haproxy: 'haproxy', caddy: 'caddy', varnish: 'varnishd' })[kind] ?? 'nginx';

/**
 * Start the proxy ${kind} in front of the secretsd that listens on ${folder}/secretsd.sock.
 *
 * Resolves to { url, certificate, basic, login, stop() }: `basic` is { username, password } where it asks for
 * them, `login` the address that sets the cookie which it asks for.
 */
export async function startProxy(kind, folder) {
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  makeCertificate(folder);
  const { run: [command, args, extra = {}], ...rest } = kinds[kind](folder, port);
  const child = spawn(command, args, { cwd: folder, env: { ...process.env, ...extra }, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (d) => (printed += d));
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  const ended = once(child, 'exit');
  for (let i = 0; !(await reachable(port)); i++) {
    if (i > 300 || child.exitCode !== null) throw new Error(`${kind} does not start: ${printed}`);
    await new Promise((done) => { setTimeout(done, 50); });
  }
  return {
    kind, port, certificate: join(folder, 'fullchain.pem'), ...rest,
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(kill, 5_000);
      await ended;
      clearTimeout(late);
      process.off('exit', kill);
    },
  };
}
