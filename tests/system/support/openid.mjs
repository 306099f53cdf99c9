// SPDX-License-Identifier: MIT
// A provider of OpenID Connect (the package oidc-provider) with its own pages for the sign-in. Everybody can sign in
// under every address of mail.

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
  const server = provider.listen(port, '127.0.0.1');
  await new Promise((done, failed) => { server.once('listening', done).once('error', failed); });
  return { url, stop: () => new Promise((done) => { server.close(done); server.closeAllConnections(); }) };
}

/** Sign in as ${email} on the provider's pages, which ${page} shows. */
export async function signIn(page, email) {
  await page.locator('input[name=login]').fill(email);
  await page.locator('input[name=password]').fill('any');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

/** Answer ${page}'s requests for the fonts of the provider's pages, which are on another host. */
export const answerFonts = (page) => page.route('https://fonts.googleapis.com/**', (route) => route.fulfill({ contentType: 'text/css', body: '' }));
