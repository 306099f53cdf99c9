// SPDX-License-Identifier: MIT
// What opening needs. It is a file of its own, which a visitor who shares does not load.

// What these views share with the page comes from the page's own file (web/build.mjs).
import '../../main';

export { ClassicView } from './classic';
export { OpenView } from './open';
