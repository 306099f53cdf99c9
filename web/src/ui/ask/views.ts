// SPDX-License-Identifier: MIT
// The views of requests for a secret: a file of its own, which is loaded when the first of them is shown.

// What these views share with the page comes from the page's own file (web/build.mjs).
import '../../main';
import type { Context, View } from '../context';
import type { LaterTarget } from '../later';
import { AnswerView } from './answer';
import { AskView } from './ask';
import { CollectView } from './collect';

export { learnAsk } from '../../text/ask/languages';

export function viewOf(context: Context, target: LaterTarget): View {
  switch (target.kind) {
    case 'ask': return new AskView(context);
    case 'answer': return new AnswerView(context, target);
    case 'collect': return new CollectView(context, target);
  }
}
