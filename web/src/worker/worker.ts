// SPDX-License-Identifier: MIT
// The worker. There is one for each thing that is shared or opened, so that ending it forgets its keys.

import { Api } from '../net/api';
import type { DescribeOrder, FinishOrder, OpenOrder, Reply, Request, RevealOrder, SaveOrder, ShareOrder } from './protocol';
import { failureOf } from '../model/failure';
import { describe, reveal } from './description';
import { Opening } from './opening';
import { Pause } from './pause';
import { throttled, type Report } from './report';
import { complete, share } from './sharing';

const running = new Map<number, AbortController>();
let api = new Api('./');
let opening: Opening | null = null;
const pause = new Pause();

async function perform(name: string, order: unknown, report: Report, signal: AbortSignal): Promise<unknown> {
  switch (name) {
    case 'share': return share(api, order as ShareOrder, pause, report, signal);
    case 'finish': return complete(api, order as FinishOrder, pause, report, signal);
    case 'describe': return describe(order as DescribeOrder, report);
    case 'reveal': return reveal(order as RevealOrder, report);
    case 'resume': return pause.resume();
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

async function handleCall(call: number, name: string, order: unknown): Promise<void> {
  const control = new AbortController();
  running.set(call, control);
  try {
    const report = throttled((progress) => reply({ type: 'progress', call, progress }), () => performance.now());
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
  if (request.type === 'setup') api = new Api(request.api, request.isStrict, request.stall);
  else if (request.type === 'cancel') running.get(request.call)?.abort();
  else void handleCall(request.call, request.name, request.order);
};
