/** Help: what is known about commands and topics, as text, manual, Markdown or documents. Made from the specs alone. */
import type { NounSpec } from '../spec.js';
import { nounPage } from './page.js';
import { pageText } from './text.js';

export { manualPages } from './manual.js';
export { pageMarkdown } from './markdown.js';
export { verbPage, visibleNouns, visibleVerbs } from './page.js';
export { pageName, pageRoff } from './roff.js';
export { rootHelp } from './root.js';
export { pageText } from './text.js';
export { topics } from './topics.js';
export { commandTree, nounDocument, verbDocument } from './tree.js';

/** What a noun without verb prints. */
export function nounHelp(noun: NounSpec): string {
  return pageText(nounPage(noun));
}
