// SPDX-License-Identifier: MIT
// The views of requests. It is a file of its own, which is loaded when the first of them is shown.

// What these views share with the page comes from the page's own file (web/build.mjs).
import '../../main';
import type { Context, View } from '../context';
import type { AskTarget, Opening } from '../later';
import { endCard } from '../parts/end';
import { AnswerView } from './answer';
import { AskView } from './ask';
import { CollectView } from './collect';

export { learnAsk } from '../../text/ask/languages';

/** The view for `target`. Answers are opened by `opening`. */
export function viewOf(context: Context, target: AskTarget, opening: Opening): View {
  switch (target.kind) {
    case 'ask': return new AskView(context);
    case 'answer':
      if (!context.config.features.includes('requests')) return { element: endCard(context, 'requestGoneTitle', 'requestGone') };
      return new AnswerView(context, target);
    case 'collect': return new CollectView(context, target, opening);
  }
}
