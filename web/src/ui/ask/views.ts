// SPDX-License-Identifier: MIT
// What few visitors need: the views of requests, of old links, and of secrets for the holder of a key. It is a file
// of its own, which is loaded when the first of them is shown.

// What these views share with the page comes from the page's own file (web/build.mjs).
import '../../main';
import type { Context, View } from '../context';
import type { LaterTarget } from '../later';
import { endCard } from '../parts/end';
import { ClassicView } from '../open/classic';
import { AnswerView } from './answer';
import { AskView } from './ask';
import { CollectView } from './collect';

export { wrappedCard } from '../open/wrapped';
export { learnAsk } from '../../text/ask/languages';

export function viewOf(context: Context, target: LaterTarget): View {
  switch (target.kind) {
    case 'classic': return new ClassicView(context, target.id);
    case 'ask': return new AskView(context);
    case 'answer':
      if (!context.config.features.includes('requests')) return { element: endCard(context, 'requestGoneTitle', 'requestGone') };
      return new AnswerView(context, target);
    case 'collect': return new CollectView(context, target);
  }
}
