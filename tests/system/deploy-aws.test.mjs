// SPDX-License-Identifier: MIT
// The CloudFormation templates: by cfn-lint where that is, and what they promise by a look at them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { pageHeaders } from '../../web/headers.mjs';

const top = fileURLToPath(new URL('../..', import.meta.url));
const files = ['deploy/aws/template.yaml', 'deploy/aws/template-existing.yaml'];
const tags = ['Ref', 'Sub', 'GetAtt', 'If', 'Equals'].flatMap((name) => [
  { tag: `!${name}`, resolve: (value) => value },
  { tag: `!${name}`, collection: 'seq', resolve: (value) => value.toJSON() },
]);
const read = (file) => parse(readFileSync(`${top}/${file}`, 'utf8'), { customTags: tags });

test('cfn-lint finds nothing', (t) => {
  const run = spawnSync('cfn-lint', files, { cwd: top, encoding: 'utf8' });
  if (run.error) {
    t.skip('SKIP: cfn-lint is not here');
    return;
  }
  assert.equal(run.status, 0, run.stdout + run.stderr);
});

test('the table, the bucket and the function are as docs/AWS.md says', () => {
  const { Resources: r } = read(files[0]);
  assert.deepEqual(r.Table.Properties.TimeToLiveSpecification, { AttributeName: 'ttl', Enabled: true });
  assert.deepEqual(r.Table.Properties.KeySchema, [{ AttributeName: 'secret_id', KeyType: 'HASH' }]);
  assert.equal(r.Table.Properties.GlobalSecondaryIndexes[0].IndexName, 'sweep');
  assert.equal(r.Files.Properties.VersioningConfiguration, undefined);
  assert.ok(Object.values(r.Files.Properties.PublicAccessBlockConfiguration).every((v) => v === true));
  assert.ok(r.Files.Properties.LifecycleConfiguration.Rules[0].ExpirationInDays >= 38);
  for (const file of files) {
    const { Resources } = read(file);
    assert.equal(Resources.Function.Properties.Runtime, 'provided.al2023');
    assert.ok(Resources.Function.Properties.ReservedConcurrentExecutions);
    const actions = Resources.Function.Properties.Policies[0].Statement.flatMap((s) => [s.Action].flat());
    assert.deepEqual(actions.sort(), [
      'dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem',
      's3:DeleteObject', 's3:GetBucketVersioning', 's3:GetObject', 's3:PutObject',
    ]);
    assert.ok(Resources.Log.Properties.RetentionInDays);
  }
});

test("CloudFront sends the page's headers", () => {
  const policy = read(files[0]).Resources.PageHeaders.Properties.ResponseHeadersPolicyConfig;
  const sent = Object.fromEntries(policy.CustomHeadersConfig.Items.map((i) => [i.Header, i.Value]));
  sent['Content-Security-Policy'] = policy.SecurityHeadersConfig.ContentSecurityPolicy.ContentSecurityPolicy;
  sent['Referrer-Policy'] = policy.SecurityHeadersConfig.ReferrerPolicy.ReferrerPolicy;
  sent['X-Content-Type-Options'] = 'nosniff';
  assert.deepEqual(sent, pageHeaders);
});
