// SPDX-License-Identifier: MIT
// axe on every state of the views of requests.
import { askStates } from '../support/ask-states.mjs';
import { testStates } from '../support/axe.mjs';

testStates(askStates);
