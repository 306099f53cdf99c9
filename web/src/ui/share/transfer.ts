// SPDX-License-Identifier: MIT
// Sends something from the page, in a worker of its own. What is left unfinished is burnt: it would
// count against the next uploads.

import { passingLine } from '../../model/outcome';
import type { Failure } from '../../model/failure';
import { keepBegun } from '../../storage/begun';
import type { Engine } from '../../worker/engine';
import type { Orders, Progress } from '../../worker/protocol';
import type { Context } from '../context';
import type { BusyButton } from '../parts/busy';
import { showLine } from '../parts/problem';

export class Transfer {
  private readonly context: Context;
  private readonly go: BusyButton;
  private readonly problem: HTMLElement;
  private readonly engine: Engine;
  private begun: { id: string; ownerToken: string } | null = null;
  private forget: () => void = () => undefined;
  private readonly left = () => this.abandon();

  /** `go` shows how far it is, and `problem` what is in the way. The caller calls end() or abandon(). */
  constructor(context: Context, go: BusyButton, problem: HTMLElement) {
    this.context = context;
    this.go = go;
    this.problem = problem;
    this.engine = context.newEngine();
    addEventListener('pagehide', this.left);
  }

  /** Whether its worker has ended. */
  get ended(): boolean {
    return this.engine.ended;
  }

  /** Have the worker do `name`, as Engine.call(). A worker that breaks leaves nothing behind. */
  async call<N extends keyof Orders>(name: N, order: Orders[N]['order'], signal: AbortSignal): Promise<Orders[N]['result']> {
    try {
      return await this.engine.call(name, order, (progress) => this.show(progress), signal);
    } catch (error) {
      if (this.engine.ended) this.abandon(); // a worker that is still there burns it
      throw error;
    }
  }

  /** End the worker, and burn what the server has of it. */
  abandon(): void {
    const { begun, context } = this;
    this.begun = null;
    if (begun !== null) context.api.burnAndLeave(begun.id, begun.ownerToken);
    this.end();
  }

  /** End the worker. */
  end(): void {
    removeEventListener('pagehide', this.left);
    this.engine.close();
    this.forget();
  }

  private show(progress: Progress): void {
    if (progress.phase === 'created') {
      this.begun = progress;
      this.forget = keepBegun(progress.id, progress.ownerToken);
    }
    if (progress.phase === 'blocked') this.block(progress.failure);
    const heard = this.go.progress(progress);
    if (heard !== null) this.context.announce(heard);
  }

  // Nothing that is sealed and sent already has to be sent again.
  private block(failure: Failure): void {
    const { context: { words, api }, go, problem, engine } = this;
    showLine(words, api.base, problem, passingLine(failure));
    go.block(words.say('tryAgain'), () => {
      showLine(words, api.base, problem, null);
      engine.call('resume', null).catch(() => undefined);
    });
  }
}
