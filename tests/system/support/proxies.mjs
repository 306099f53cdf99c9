// SPDX-License-Identifier: MIT
// Starts each reverse proxy that docs/OPERATIONS.md names, with the configuration that is shipped.
//
//   const proxy = await startServerBehind(t, 'haproxy');
//   await fetch(proxy.url, …);
//
// The files of deploy/ are used as they are. Only what an operator changes is changed: the host name, the
// ports, and the paths of the certificate, the socket and the logs.

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { edit, freePort, has, localNginx, makeCertificate, runProxy, shipped, writeNginx } from './nginx.mjs';
import { startServer, top } from './server.mjs';

/** The name that certificates are for: the loopback needs no name server. */
const HOST = 'localhost';

/** An nginx whose http block holds ${http}. Returns the command that runs it. */
const nginx = (folder, http) => writeNginx(folder, `include /etc/nginx/mime.types;\naccess_log off;\n${http}`);
const upstream = (folder) => `upstream secretsd { server unix:${folder}/secretsd.sock; keepalive 8; }`;

/** The shipped nginx configuration with ${changes}; ${extra} is put into its TLS server. */
function nginxShipped(folder, port, extra = '', changes = {}) {
  const conf = edit(shipped('nginx/secretsd.conf'), changes);
  const text = localNginx(conf, { folder, port, plain: `unix:${folder}/plain.sock`, web: join(top, 'build/web') });
  return nginx(folder, edit(text, { 'secrets.example.org': HOST, 'ssl http2;': `ssl http2;\n${extra}` }));
}

const moduleFile = (name) => `/usr/lib/apache2/modules/mod_${name}.so`;

/** The shipped Apache configuration, with ${changes} in it and the modules ${further} beside its own. Returns the command that runs it. */
function apacheShipped(folder, port, changes = {}, further = []) {
  const site = edit(shipped('proxy/apache.conf'), {
    '*:443': `127.0.0.1:${port}`,
    'unix:/run/secretsd.sock': `unix:${folder}/secretsd.sock`,
    'secrets.example.org': HOST,
    '/etc/ssl/secretsd/': `${folder}/`,
    '/var/log/apache2/': `${folder}/`,
    ...changes,
  });
  const modules = ['mpm_event', 'authz_core', 'env', 'ssl', 'proxy', 'proxy_http', 'headers', 'socache_shmcb', ...further];
  writeFileSync(join(folder, 'apache.conf'), `ServerRoot ${folder}\nServerName ${HOST}\nPidFile ${folder}/apache.pid\nMutex file:${folder}
${modules.map((name) => `LoadModule ${name}_module ${moduleFile(name)}`).join('\n')}
User nobody\nGroup nogroup\nErrorLog ${folder}/main-error.log\nListen 127.0.0.1:${port}\n${site}`);
  return ['apache2', ['-D', 'FOREGROUND', '-f', join(folder, 'apache.conf')]];
}

const kinds = {
  nginx: (folder, port) => ({ run: nginxShipped(folder, port), url: `https://${HOST}:${port}/` }),

  'nginx with Basic auth': (folder, port) => {
    writeFileSync(join(folder, 'htpasswd'), `ada:${execFileSync('openssl', ['passwd', '-apr1', 'pass word'], { encoding: 'utf8' })}`);
    const run = nginxShipped(folder, port, `auth_basic "team"; auth_basic_user_file ${folder}/htpasswd;`);
    return { run, url: `https://${HOST}:${port}/`, basic: { username: 'ada', password: 'pass word' } };
  },

  // Only who shares signs in.
  'nginx with senders': (folder, port) => {
    writeFileSync(join(folder, 'htpasswd'), `ada:${execFileSync('openssl', ['passwd', '-apr1', 'pass word'], { encoding: 'utf8' })}`);
    const senders = shipped('nginx/senders.conf');
    const [lines] = /(?:^#     auth_basic.*\n)+/m.exec(senders);
    const text = localNginx(shipped('nginx/secretsd.conf'), { folder, port, plain: `unix:${folder}/plain.sock`, web: join(top, 'build/web') });
    const server = edit(lines.replaceAll('#', ''), { '/etc/nginx/secretsd.htpasswd': `${folder}/htpasswd` });
    const run = nginx(folder, `${senders}\n${edit(text, { 'secrets.example.org': HOST, 'ssl http2;': `ssl http2;\n${server}` })}`);
    return { run, url: `https://${HOST}:${port}/`, basic: { username: 'ada', password: 'pass word' } };
  },

  // Who shares signs in at ${provider}, the address of an oauth2-proxy. ${changes} are made in secretsd.conf.
  'nginx with sign-in': (folder, port, { provider, changes }) => {
    const signIn = shipped('nginx/sign-in.conf');
    const [, include, header] = /^#     (include .*)\n#     (proxy_set_header .*)/m.exec(signIn);
    writeFileSync(join(folder, 'sign-in.conf'), edit(signIn, { 'http://127.0.0.1:4180': provider }));
    const included = edit(include, { '/etc/nginx/secretsd-sign-in.conf': `${folder}/sign-in.conf` });
    const run = nginxShipped(folder, port, included, { 'proxy_set_header X-Forwarded-User "";': header, ...changes });
    return { run, url: `https://${HOST}:${port}/` };
  },

  // As many write it: nginx takes 1 MiB.
  'plain nginx': (folder, port) => {
    const run = nginx(folder, `${upstream(folder)}
server { listen 127.0.0.1:${port}; server_name ${HOST}; location / { proxy_set_header Host $host; proxy_pass http://secretsd; } }`);
    return { run, url: `http://${HOST}:${port}/` };
  },

  'nginx below a folder': (folder, port) => {
    const location = shipped('nginx/folder.conf');
    const run = nginx(folder, `${upstream(folder)}
server { listen 127.0.0.1:${port}; server_name ${HOST};\n${location}\n}`);
    return { run, url: `http://${HOST}:${port}/share/` };
  },

  apache: (folder, port) => ({ run: apacheShipped(folder, port), url: `https://${HOST}:${port}/` }),

  // Who shares signs in at ${provider}, the address of a provider of OpenID Connect. ${changes} are made in apache.conf.
  'apache with sign-in': (folder, port, { provider, changes }) => {
    const signIn = edit(shipped('proxy/apache-sign-in.conf'), { 'https://secrets.example.org/': `https://${HOST}:${port}/`, 'https://accounts.example.org': provider });
    writeFileSync(join(folder, 'sign-in.conf'), signIn);
    const include = { '#Include /etc/apache2/secretsd-sign-in.conf': `Include ${folder}/sign-in.conf` };
    const run = apacheShipped(folder, port, { ...include, ...changes }, ['alias', 'authn_core', 'authz_user', 'auth_openidc']);
    return { run, url: `https://${HOST}:${port}/` };
  },

  haproxy: (folder, port) => {
    const text = edit(shipped('proxy/haproxy.cfg'), {
      ':443': `127.0.0.1:${port}`,
      '/etc/ssl/secretsd/': `${folder}/`,
      'unix@/run/secretsd.sock': `unix@${folder}/secretsd.sock`,
    });
    writeFileSync(join(folder, 'haproxy.cfg'), `global\n    maxconn 512\n    tune.h2.max-concurrent-streams 16\n${text}`);
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

  // A sign-on by cookie: everything but its own page redirects until the browser has the cookie.
  'login by cookie': (folder, port) => {
    const run = nginx(folder, `${upstream(folder)}
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
}`);
    return { run, url: `http://${HOST}:${port}/`, login: `http://${HOST}:${port}/login` };
  },
};

/** The kinds that everything passes. */
export const proxyKinds = Object.keys(kinds).filter((kind) => !['nginx with senders', 'nginx with sign-in', 'apache with sign-in', 'plain nginx'].includes(kind));

/** Whether Apache and its module ${name} are on this machine; if not, prints that what needs it is skipped. */
export function hasApacheModule(name) {
  if (!has('apache2')) return false;
  if (existsSync(moduleFile(name))) return true;
  console.log(`SKIP: Apache's module ${name} is not on this machine`);
  return false;
}

/** The program of a kind, for has(). */
export const programOf = (kind) => ({ apache: 'apache2', haproxy: 'haproxy', caddy: 'caddy', varnish: 'varnishd' })[kind] ?? 'nginx';

/**
 * Start the proxy ${kind} with the ${options} of its kind in front of the secretsd that listens on ${socket}. What the
 * proxy writes is in ${folder}.
 *
 * Resolves to { url, port, certificate, basic, login, stop() }: `basic` is { username, password } where it asks
 * for them, `login` the address that sets the cookie which it asks for.
 */
async function startProxy(kind, folder, socket, options) {
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  makeCertificate(folder, HOST);
  writeFileSync(join(folder, 'both.pem'), readFileSync(join(folder, 'fullchain.pem')) + readFileSync(join(folder, 'privkey.pem')));
  symlinkSync(socket, join(folder, 'secretsd.sock'));
  const { run, ...rest } = kinds[kind](folder, port, options);
  const stop = await runProxy({ command: run, folder, port });
  return { kind, port, certificate: join(folder, 'fullchain.pem'), ...rest, stop };
}

/**
 * Start one server with the settings ${env}, and the proxies ${names} with ${options} in front of it, all at once.
 * Resolves to { proxies, stderr(), stop() } with proxies[kind] as startProxy() describes it.
 */
export async function startProxies(names, env = {}, options = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'proxy-'));
  chmodSync(folder, 0o755); // Apache's children are another user
  const socket = join(folder, 'secretsd.sock');
  const started = [];
  const stop = async () => {
    await Promise.all(started.map((one) => one.stop()));
    rmSync(folder, { recursive: true, force: true });
  };

  try {
    const server = await startServer({ env: { SECRETS_LISTEN: `unix:${socket}`, ...env } });
    started.push(server);
    chmodSync(socket, 0o666);
    const results = await Promise.allSettled(names.map((kind, i) => startProxy(kind, join(folder, `${i}`), socket, options)));
    const proxies = results.filter((one) => one.status === 'fulfilled').map((one) => one.value);
    started.push(...proxies);
    const failed = results.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return { proxies: Object.fromEntries(proxies.map((proxy) => [proxy.kind, proxy])), stderr: server.stderr, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Start a server and the proxy ${kind} in front of it, which stop with the test ${t}. Resolves to what startProxy() does. */
export async function startServerBehind(t, kind, env = {}, options = {}) {
  const { proxies, stop } = await startProxies([kind], env, options);
  t.after(stop);
  return proxies[kind];
}
