// SPDX-License-Identifier: MIT
// "What it costs" of docs/AWS.md is what bench/aws-costs.mjs counts and bills.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ASSUMED, PRICES, bill, dollars, measure, tables } from '../../../bench/aws-costs.mjs';
import { top } from '../support/server.mjs';

const section = readFileSync(join(top, 'docs/AWS.md'), 'utf8').match(/## What it costs\n(.*?)\n## /s)[1];
// The page and the log change a little with every version, dates in headers with every day.
const TOLERANCE = 0.1;

function assertLike(given, counted) {
  const numbers = (text) => text.replaceAll(/(\d),(\d)/g, '$1$2').match(/\d+(\.\d+)?/g) ?? [];
  const words = (text) => text.replaceAll(/(\d),(\d)/g, '$1$2').replaceAll(/\d+(\.\d+)?/g, 'n');
  assert.equal(words(given), words(counted));
  const theirs = numbers(counted).map(Number);
  for (const [i, n] of numbers(given).map(Number).entries())
    assert.ok(Math.abs(n - theirs[i]) <= TOLERANCE * theirs[i], `the guide has ${given}, counted was ${counted}`);
}

test('the tables of the guide are those that are counted', { timeout: 120_000 }, async () => {
  const counted = tables(await measure()).filter((line) => line !== '');
  const given = section.replace(/\n\| \| price .*?\n\n/s, '\n').split('\n').filter((line) => line.startsWith('|') || line.startsWith('The timer'));
  assert.equal(given.length, counted.length, given.join('\n'));
  for (const [i, line] of counted.entries()) assertLike(given[i], line);
});

test('a figure that is not so is found out', () => {
  assertLike('| a | 1,050 |', '| a | 1,000 |');
  assert.throws(() => assertLike('| a | 1,150 |', '| a | 1,000 |'));
  assert.throws(() => assertLike('| b | 1,000 |', '| a | 1,000 |'));
});

test('the prices of the guide are those of the bill', () => {
  const perMillion = (price) => String(Number((price * 1e6).toPrecision(4)));
  const { writeUnit, readUnit, s3Put, s3Get, invocation, cdnRequest, cdnFunction, gateway, outGB, logGB, ...each } = PRICES;
  const [, table] = section.match(/\n\| \| price .*?\n(.*?)\n\n/s);
  const numbers = new Set(table.match(/\d+(\.\d+)?/g));
  const small = [writeUnit, readUnit, s3Put, s3Get, invocation, cdnRequest, cdnFunction, ...gateway.map(([, price]) => price)];
  for (const price of small.map(perMillion)) assert.ok(numbers.has(price), price);
  for (const price of [...Object.values(each), ...[...outGB, ...logGB].map(([, price]) => price)].map(String)) assert.ok(numbers.has(price), price);
  for (const one of [ASSUMED.cpuMs.light, ASSUMED.cpuMs.part, ASSUMED.cpuMs.derive, ASSUMED.waitMs]) assert.match(section, new RegExp(`\\b${one} ms`));
  assert.ok(section.includes(`${ASSUMED.memoryMB} MB`));
});

test('a bill falls with the amount where its prices do', () => {
  const one = { down: 1e9, gateway: 1 };
  const near = (amount, expected) => assert.ok(Math.abs(amount - expected) < 1e-6, `${amount}, not ${expected}`);
  near(bill(one, 1e4).CloudFront, 850);
  near(bill(one, 2e4).CloudFront, 850 + 800);
  near(bill(one, 4e8).gateway, 300 + 90);
  assert.equal(dollars(0.004), 'below 0.01');
  assert.equal(dollars(1234), '1,200');
});
