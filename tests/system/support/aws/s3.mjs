// SPDX-License-Identifier: MIT
// A few words of S3's protocol, for tests, and the keys that the stand-ins know.

import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';

/**
 * What leads a program to the stand-ins besides their addresses.  s3rver accepts only these keys;
 * tools/check-aws brings those of its own stand-in.
 */
export const standinKeys = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: process.env.STANDIN_AWS_ACCESS_KEY_ID ?? 'S3RVER',
  AWS_SECRET_ACCESS_KEY: process.env.STANDIN_AWS_SECRET_ACCESS_KEY ?? 'S3RVER',
};

const signer = new SignatureV4({
  service: 's3',
  region: standinKeys.AWS_REGION,
  credentials: { accessKeyId: standinKeys.AWS_ACCESS_KEY_ID, secretAccessKey: standinKeys.AWS_SECRET_ACCESS_KEY },
  sha256: Sha256,
  uriEscapePath: false,
});

/** fetch() with a signature of S3's. */
export async function s3Fetch(address, { method = 'GET', headers = {}, body } = {}) {
  const url = new URL(address);
  const signed = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    port: Number(url.port),
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { ...headers, host: url.host },
    body: body === undefined ? undefined : Buffer.from(body),
  });
  const { host, ...rest } = signed.headers;
  return fetch(url, { method, headers: rest, body });
}
