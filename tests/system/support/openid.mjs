// SPDX-License-Identifier: MIT
// A provider of OpenID Connect (the package oidc-provider) with its own pages for the sign-in. Everybody can sign in
// under every address of mail. And what nginx sees of oauth2-proxy.

import { createServer } from 'node:http';
import Provider from 'oidc-provider';

/**
 * Start a provider on ${port} of the loopback, with one client: ${id}, ${secret}, and ${redirect}, where people go back to.
 * Resolves to { url, stop() }.
 */
export async function startProvider({ port, id, secret, redirect }) {
  const url = `http://127.0.0.1:${port}`;
  const provider = new Provider(url, {
    clients: [{ client_id: id, client_secret: secret, redirect_uris: [redirect] }],
    claims: { openid: ['sub'], email: ['email'] },
    cookies: { keys: ['only for this test'] },
    findAccount: (_, email) => ({ accountId: email, claims: () => ({ sub: email, email }) }),
    pkce: { required: () => true },
  });
  return { url, stop: await listen(createServer(provider.callback()), port) };
}

/** Let ${server} listen on ${port} of the loopback; resolves to a function that stops it. */
async function listen(server, port) {
  server.listen(port, '127.0.0.1');
  await new Promise((done, failed) => { server.once('listening', done).once('error', failed); });
  return () => new Promise((done) => { server.close(done); server.closeAllConnections(); });
}

/**
 * Start a stand-in for oauth2-proxy on ${port} of the loopback, with its endpoints, its cookie and its headers. Whoever
 * comes to sign in is ${email} at once. Resolves to { url, stop() }.
 */
export async function startOauth2Proxy({ port, email }) {
  const server = createServer((req, res) => {
    const url = new URL(req.url, 'http://x');
    if (url.pathname === '/oauth2/start')
      res.writeHead(302, { 'Set-Cookie': '_oauth2_proxy=known; Path=/; Secure; HttpOnly; SameSite=Lax', Location: url.searchParams.get('rd') });
    else if (url.pathname === '/oauth2/auth' && req.headers.cookie === '_oauth2_proxy=known')
      res.writeHead(202, { 'X-Auth-Request-User': 'ada', 'X-Auth-Request-Email': email });
    else res.writeHead(url.pathname === '/oauth2/auth' ? 401 : 404);
    res.end();
  });
  return { url: `http://127.0.0.1:${port}`, stop: await listen(server, port) };
}

/** Sign in as ${email} on the provider's pages, which ${page} shows. */
export async function signIn(page, email) {
  await page.locator('input[name=login]').fill(email);
  await page.locator('input[name=password]').fill('any');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

/** Answer requests for the fonts of the provider's pages, which are on another host, in all tabs of ${page}'s context. */
export const answerFonts = (page) => page.context().route('https://fonts.googleapis.com/**', (route) => route.fulfill({ contentType: 'text/css', body: '' }));
