// SPDX-License-Identifier: MIT
// The manifest for plain Kubernetes: what it promises, and the server with its settings and probes.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { get, startServer, top } from '../support/server.mjs';

const documents = parseAllDocuments(readFileSync(join(top, 'deploy/kubernetes/secretsd.yaml'), 'utf8'), { strict: true, uniqueKeys: true });
const byKind = Object.fromEntries(documents.map((each) => [each.toJS().kind, each.toJS()]));
const { spec: deployment } = byKind.Deployment;
const pod = deployment.template.spec;
const [container] = pod.containers;
const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));

test('it is sound YAML of three objects that name each other', () => {
  assert.deepEqual(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings]), []);
  assert.deepEqual(Object.keys(byKind).sort(), ['Deployment', 'PersistentVolumeClaim', 'Service']);
  assert.deepEqual(deployment.selector.matchLabels, deployment.template.metadata.labels);
  assert.deepEqual(byKind.Service.spec.selector, deployment.template.metadata.labels);
  assert.equal(pod.volumes[0].persistentVolumeClaim.claimName, byKind.PersistentVolumeClaim.metadata.name);
  assert.equal(byKind.Service.spec.ports[0].targetPort, container.ports[0].name);
  assert.deepEqual(container.volumeMounts, [{ name: pod.volumes[0].name, mountPath: env.SECRETS_DATA }]);
  for (const { value } of container.env) assert.equal(typeof value, 'string', 'Kubernetes takes strings only');
});

test('never two servers on one volume', () => {
  assert.equal(deployment.replicas, 1);
  assert.deepEqual(deployment.strategy, { type: 'Recreate' });
  assert.deepEqual(byKind.PersistentVolumeClaim.spec.accessModes, ['ReadWriteOnce']);
});

test('no root, no rights, no token', () => {
  const image = /^USER (\d+):(\d+)$/m.exec(readFileSync(join(top, 'deploy/container/Containerfile'), 'utf8'));
  const { securityContext: of } = pod;
  assert.deepEqual([of.runAsNonRoot, of.runAsUser, of.runAsGroup, of.fsGroup], [true, Number(image[1]), Number(image[2]), Number(image[2])]);
  assert.deepEqual(of.seccompProfile, { type: 'RuntimeDefault' });
  assert.deepEqual(container.securityContext, { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
  assert.equal(pod.automountServiceAccountToken, false);
  assert.ok(pod.terminationGracePeriodSeconds > 21, 'docs/OPERATIONS.md: a stop takes up to 21 s');
});

test('its limits hold what the server may take', () => {
  const mebibytes = Number(/^(\d+)Mi$/.exec(container.resources.limits.memory)[1]);
  assert.equal(env.SECRETS_KDF_MEMORY, undefined, 'the default: 256 MiB');
  assert.ok(mebibytes >= 816 + Math.max(256, 16 * Number(env.SECRETS_KDF_THREADS)), 'docs/SCALING.md, Memory');
  const gibibytes = (text) => Number(/^(\d+) ?Gi/.exec(text)[1]);
  assert.ok(gibibytes(byKind.PersistentVolumeClaim.spec.resources.requests.storage) > gibibytes(env.SECRETS_QUOTA));
});

test('the server starts with its settings, and its probes are answered', async (t) => {
  // The data directory and the port are the test's own.
  const { SECRETS_DATA: _, SECRETS_LISTEN: listen, ...settings } = env;
  const port = container.ports[0].containerPort;
  assert.equal(listen, `0.0.0.0:${port}`);
  const server = await startServer({ env: settings });
  t.after(() => server.stop());
  for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
    assert.equal(probe.httpGet.port, container.ports[0].name);
    // The kubelet names the pod by its address.
    assert.equal((await get(server, probe.httpGet.path, { headers: { Host: `10.1.2.3:${port}` } })).status, 200, probe.httpGet.path);
  }
  const name = new URL(env.SECRETS_PAGE).host;
  assert.equal((await get(server, '/api/v1/config', { headers: { Host: name } })).status, 200);
});
