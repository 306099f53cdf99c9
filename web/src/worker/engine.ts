// SPDX-License-Identifier: MIT
// The page's side of the worker that derives, seals, opens and moves bytes.

import { STALL, type Api } from '../net/api';
import type { Failure } from '../model/failure';
import type { Orders, Progress, Reply, Request } from './protocol';

/** Thrown by every call that did not succeed. */
export class EngineFailure extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.kind);
    this.failure = failure;
  }
}

/** Why a call did not succeed. */
export function failureIn(error: unknown): Failure {
  return error instanceof EngineFailure ? error.failure : { kind: 'unexpected' };
}

interface Pending {
  resolve: (result: never) => void;
  reject: (error: Error) => void;
  onProgress: (progress: Progress) => void;
}

export class Engine {
  private readonly worker: Worker;
  private readonly pending = new Map<number, Pending>();
  private calls = 0;
  /** Whether the worker reads its messages: not before its script runs, nor while it derives a key. */
  private listens = false;
  /** Why it has ended, or null. */
  private over: 'cancelled' | 'offline' | 'unexpected' | null = null;

  /** `api` is the server to speak to. */
  constructor(worker: Worker, api: Api) {
    this.worker = worker;
    worker.onmessage = (event: MessageEvent<Reply>) => this.receive(event.data);
    // A script that does not load gives a plain event, one that fails gives an ErrorEvent.
    worker.onerror = (event) => this.end(event instanceof ErrorEvent ? 'unexpected' : 'offline');
    this.post({ type: 'setup', api: api.base, isStrict: api.isStrict, stall: STALL });
  }

  /** Whether it has ended, by itself or by close(), so that another one is needed. */
  get ended(): boolean {
    return this.over !== null;
  }

  /**
   * Have the worker do `name`. Aborting `signal` ends the call with the failure `cancelled`, and the
   * worker too if it would not notice.
   *
   * @throws EngineFailure
   */
  call<N extends keyof Orders>(
    name: N, order: Orders[N]['order'], onProgress: (progress: Progress) => void = () => undefined, signal?: AbortSignal,
  ): Promise<Orders[N]['result']> {
    if (this.over !== null) return Promise.reject(new EngineFailure({ kind: this.over }));
    const call = ++this.calls;
    const cancel = () => (this.listens ? this.post({ type: 'cancel', call }) : this.end('cancelled'));
    return new Promise((resolve, reject) => {
      this.pending.set(call, { resolve, reject, onProgress });
      this.post({ type: 'call', call, name, order });
      if (signal?.aborted) cancel();
      else signal?.addEventListener('abort', cancel);
    });
  }

  /** End the worker, and with it every key it holds. What it was doing is cancelled. */
  close(): void {
    this.end('cancelled');
  }

  private post(request: Request): void {
    this.worker.postMessage(request);
  }

  private receive(reply: Reply): void {
    this.listens = reply.type !== 'progress' || reply.progress.phase !== 'deriving' || reply.progress.share === 1;
    const pending = this.pending.get(reply.call);
    if (pending === undefined) return;
    if (reply.type === 'progress') {
      pending.onProgress(reply.progress);
      return;
    }
    this.pending.delete(reply.call);
    if (reply.type === 'done') pending.resolve(reply.result as never);
    else pending.reject(new EngineFailure(reply.failure));
  }

  private end(kind: 'cancelled' | 'offline' | 'unexpected'): void {
    this.worker.terminate();
    this.over ??= kind;
    const failed = [...this.pending.values()];
    this.pending.clear();
    for (const { reject } of failed) reject(new EngineFailure({ kind }));
  }
}
