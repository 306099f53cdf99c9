// SPDX-License-Identifier: MIT
// The CloudFormation templates: checked by cfn-lint where it is installed, and by reading what they promise.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { pageHeaders } from '../../../web/headers.mjs';
import { detail } from '../support/brief.mjs';
import { top } from '../support/server.mjs';
import { readTemplate as read } from '../support/template.mjs';

const files = ['deploy/aws/template.yaml', 'deploy/aws/template-existing.yaml'];
const waf = 'deploy/aws/waf.yaml';

detail('cfn-lint finds nothing', (t) => {
  const run = spawnSync('cfn-lint', [...files, waf], { cwd: top, encoding: 'utf8' });
  if (run.error) {
    t.skip('SKIP: cfn-lint is not here');
    return;
  }
  assert.equal(run.status, 0, run.stdout + run.stderr);
});

test('the table and the buckets are as docs/AWS.md says', () => {
  const { Parameters, Resources: r } = read(files[0]);
  assert.deepEqual(r.Table.Properties.TimeToLiveSpecification, { AttributeName: 'ttl', Enabled: true });
  assert.deepEqual(r.Table.Properties.KeySchema, [{ AttributeName: 'secret_id', KeyType: 'HASH' }]);
  assert.equal(r.Table.Properties.GlobalSecondaryIndexes[0].IndexName, 'sweep');
  assert.equal(r.Table.Properties.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled, false);
  assert.equal(r.Table.Properties.StreamSpecification, undefined);
  assert.equal(r.Table.Properties.SSESpecification.SSEEnabled, true);
  assert.equal(r.Files.Properties.VersioningConfiguration, undefined);
  const [rule] = r.Files.Properties.LifecycleConfiguration.Rules;
  assert.ok(rule.Status === 'Enabled' && rule.ExpirationInDays >= Parameters.MaxTtlDays.MaxValue + 8);
  for (const name of ['Files', 'Page']) {
    const { PublicAccessBlockConfiguration: shut, BucketEncryption, OwnershipControls } = r[name].Properties;
    assert.deepEqual(shut, { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true }, name);
    assert.ok(BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.SSEAlgorithm, name);
    assert.equal(OwnershipControls.Rules[0].ObjectOwnership, 'BucketOwnerEnforced', name);
    const policy = Object.values(r).find((one) => one.Type === 'AWS::S3::BucketPolicy' && one.Properties.Bucket === name).Properties.PolicyDocument;
    const tls = policy.Statement.find((one) => one.Effect === 'Deny');
    assert.deepEqual(tls.Condition, { Bool: { 'aws:SecureTransport': 'false' } }, name);
    assert.deepEqual([tls.Principal, tls.Action, tls.Resource], ['*', 's3:*', [`${name}.Arn`, `\${${name}.Arn}/*`]], name);
  }
});

test('the function has the rights it needs, each on its own resource', () => {
  for (const file of files) {
    const { Resources: r } = read(file);
    const { Properties: f } = r.Function;
    assert.deepEqual([f.Runtime, f.Role, f.Policies], ['provided.al2023', 'Role.Arn', undefined], file);
    assert.deepEqual(f.ReservedConcurrentExecutions, ['Reserve', 'Concurrency', 'AWS::NoValue'], file);
    assert.equal(f.LoggingConfig.LogGroup, 'Log', file);
    assert.ok(r.Log.Properties.RetentionInDays, file);
    assert.equal(r.Role.Properties.ManagedPolicyArns, undefined, file);
    const statements = r.Role.Properties.Policies[0].PolicyDocument.Statement;
    const [asked, counting, otherwise] = statements.find(Array.isArray); // the operator's choice
    assert.deepEqual([asked, otherwise, counting.Action], ['Stats', 'AWS::NoValue', 'dynamodb:Scan'], file);
    assert.match(counting.Resource, /(Table\.Arn|:table\/\$\{TableName\})$/, file);
    const rights = statements.filter((s) => !Array.isArray(s)).flatMap((s) => [s.Action].flat().map((action) => [action, s.Resource]));
    const tails = { logs: /^Log\.Arn$/, dynamodb: /(Table\.Arn|:table\/\$\{TableName\})$/, s3: /\/\*$/ };
    const of = { 'dynamodb:Query': /\/index\/sweep$/, 's3:GetBucketVersioning': /(Files\.Arn|:\$\{BucketName\})$/ };
    for (const [action, resource] of rights) assert.match(resource, of[action] ?? tails[action.split(':')[0]], `${file}: ${action}`);
    assert.deepEqual(rights.map(([action]) => action).sort(), [
      'dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem',
      'logs:CreateLogStream', 'logs:PutLogEvents',
      's3:DeleteObject', 's3:GetBucketVersioning', 's3:GetObject', 's3:PutObject',
    ], file);
  }
});

test('where sharing is apart, the public function only opens', () => {
  const { Resources: r, Outputs } = read(files[0]);
  const { Environment: { Variables: main }, ...same } = r.Function.Properties;
  const { Environment: { Variables: share }, ...other } = r.ShareFunction.Properties;
  assert.deepEqual([main.SECRETS_CREATE, main.SECRETS_API_TOKENS], [['Apart', 'nobody', 'Create'], ['Apart', '', 'ApiTokens']]);
  assert.deepEqual([share.SECRETS_CREATE, share.SECRETS_API_TOKENS], ['Create', 'ApiTokens']);
  for (const name of ['DYNAMO_TABLE', 'S3_BUCKET', 'TTL_DAYS', 'SECRETS_MAX_TTL_DAYS']) assert.equal(share[name], main[name], name);
  for (const name of ['Runtime', 'Handler', 'CodeUri', 'Timeout', 'Role', 'MemorySize']) assert.equal(other[name], same[name], name);
  for (const part of [r.ShareFunction, r.ShareApi, Outputs.ShareAddress]) assert.equal(part.Condition, 'Apart');
  assert.equal(r.ShareApi.Properties.AccessLogSettings, undefined);
});

test('whoever comes by CloudFront comes by TLS, and nothing of the API is kept there', () => {
  const { Resources: r } = read(files[0]);
  const config = r.Distribution.Properties.DistributionConfig;
  assert.equal(config.DefaultCacheBehavior.ViewerProtocolPolicy, 'redirect-to-https');
  assert.equal(config.ViewerCertificate[1].MinimumProtocolVersion, 'TLSv1.2_2025');
  assert.deepEqual(config.CacheBehaviors.map((one) => one.PathPattern), ['/api/*', '/encrypt', '/decrypt']);
  for (const one of config.CacheBehaviors) {
    assert.equal(one.ViewerProtocolPolicy, 'https-only', one.PathPattern);
    assert.equal(one.CachePolicyId, '4135ea2d-6df8-44a3-9df3-4b5a84be39ad', 'CachingDisabled');
  }
  assert.equal(r.Api.Properties.AccessLogSettings, undefined, 'paths have ids in them');
});

test('the function believes only this distribution, and a flood of one address is stopped before it', () => {
  const { Parameters, Resources: r } = read(files[0]);
  const config = r.Distribution.Properties.DistributionConfig;
  const api = config.Origins.find((one) => one.Id === 'api');
  assert.deepEqual(api.OriginCustomHeaders, [{ HeaderName: 'X-Secrets-CloudFront-Key', HeaderValue: 'CloudFrontKey' }]);
  for (const file of files) {
    const template = read(file);
    assert.equal(template.Resources.Function.Properties.Environment.Variables.SECRETS_CLOUDFRONT_KEY, 'CloudFrontKey', file);
    assert.equal(template.Parameters.CloudFrontKey.NoEcho, true, file);
    assert.equal(template.Parameters.CloudFrontKey.Default, undefined, `${file}: a key that everybody knows`);
  }
  assert.deepEqual(config.WebACLId, ['Firewall', 'WebAcl', 'AWS::NoValue']);
  assert.match('arn:aws:wafv2:us-east-1:123456789012:global/webacl/x/1', new RegExp(Parameters.WebAcl.AllowedPattern));
  const [rule] = read(waf).Resources.WebAcl.Properties.Rules;
  assert.equal(rule.Statement.RateBasedStatement.AggregateKeyType, 'IP');
  assert.ok(rule.Action.Block);
  assert.equal(rule.VisibilityConfig.SampledRequestsEnabled, false, 'paths have ids in them');
});

test('old and mangled links lead to the page behind CloudFront', () => {
  const code = read(files[0]).Resources.OldLinks.Properties.FunctionCode;
  const handler = runInNewContext(`${code}\nhandler`);
  const answer = (uri) => handler({ request: { uri } });
  const id = 'Ab3'.repeat(5) + 'x';
  // Not the page itself: it would look for its files below /secret/.
  assert.equal(JSON.stringify(answer(`/secret/${id}`)), JSON.stringify({ statusCode: 302, headers: { location: { value: `/#${id}` } } }));
  for (const uri of [`/%23${id}`, `/%2523${id}.key`]) assert.equal(answer(uri).uri, '/index.html', uri);
  for (const uri of ['/', '/page.js', '/secret/', '/secret/page.js', `/secret/${id}x`, `/%23/${id}`, '/%24x']) assert.equal(answer(uri).uri, uri, uri);
});

test("CloudFront sends the page's headers", () => {
  const policy = read(files[0]).Resources.PageHeaders.Properties.ResponseHeadersPolicyConfig;
  const sent = Object.fromEntries(policy.CustomHeadersConfig.Items.map((i) => [i.Header, i.Value]));
  sent['Content-Security-Policy'] = policy.SecurityHeadersConfig.ContentSecurityPolicy.ContentSecurityPolicy;
  sent['Referrer-Policy'] = policy.SecurityHeadersConfig.ReferrerPolicy.ReferrerPolicy;
  sent['X-Content-Type-Options'] = 'nosniff';
  assert.deepEqual(sent, pageHeaders);
});
