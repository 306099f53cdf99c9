// SPDX-License-Identifier: MIT
// The worker: one for each thing that is shared or opened, so that ending it forgets its keys.

import { Api } from '../net/api';
import type { OpenOrder, Progress, Reply, Request, SaveOrder, ShareOrder } from './protocol';
import { failureOf } from '../model/failure';
import { Opening } from './opening';
import { share } from './sharing';

const running = new Map<number, AbortController>();
let api = new Api('./');
let opening: Opening | null = null;

type Report = (progress: Progress) => void;

async function perform(name: string, order: unknown, report: Report, signal: AbortSignal): Promise<unknown> {
  switch (name) {
    case 'share': return share(api, order as ShareOrder, report, signal);
    case 'open':
      opening ??= new Opening(api);
      return opening.open(order as OpenOrder, report, signal);
    case 'renew': return opening?.renew(signal) ?? null;
    case 'save': return opening?.save(order as SaveOrder, report, signal) ?? null;
    case 'confirm': return opening?.confirm(signal) ?? null;
    case 'burn': return opening?.burn(signal) ?? null;
    default: throw new TypeError(name);
  }
}

function reply(message: Reply): void {
  self.postMessage(message);
}

async function answer(call: number, name: string, order: unknown): Promise<void> {
  const control = new AbortController();
  running.set(call, control);
  const report = (progress: Progress) => reply({ type: 'progress', call, progress });
  try {
    const result = await perform(name, order, report, control.signal);
    reply({ type: 'done', call, result: result ?? null });
  } catch (error) {
    reply({ type: 'failed', call, failure: failureOf(error) });
  } finally {
    running.delete(call);
  }
}

self.onmessage = (event: MessageEvent<Request>) => {
  const request = event.data;
  if (request.type === 'setup') api = new Api(request.api, request.stall);
  else if (request.type === 'cancel') running.get(request.call)?.abort();
  else void answer(request.call, request.name, request.order);
};
