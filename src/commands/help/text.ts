/** Pages as plain text of 80 columns. */
import type { Block, Page, Section } from './page.js';

const columns = 80;
const termColumnsMax = 30;

/** A page for the terminal. Without colours, so that it is the same everywhere. */
export function pageText(page: Page): string {
  const usage: Section = { title: 'Usage', blocks: [{ text: page.usage.join('\n') }] };
  return `${page.summary}\n\n${[usage, ...page.sections].map(sectionText).join('\n')}`;
}

/** A title and its indented content. */
export function sectionText({ title, blocks }: Section): string {
  return `${title}\n${blocks.map(blockText).join('')}`;
}

/** Words and meanings in two columns. */
export function termLines(terms: readonly (readonly [string, string])[]): string {
  const width = Math.min(termColumnsMax, Math.max(...terms.map(([term]) => term.length)));
  return terms
    .map(([term, meaning]) => {
      const [first = '', ...rest] = wrap(meaning, columns - width - 4);
      const head = term.length > width ? `  ${term}\n  ${' '.repeat(width)}` : `  ${term.padEnd(width)}`;
      return [`${head}  ${first}`, ...rest.map((line) => `${' '.repeat(width + 4)}${line}`)]
        .join('\n')
        .concat('\n');
    })
    .join('');
}

/** Breaks a text at spaces. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function blockText(block: Block): string {
  if ('text' in block) {
    const lines = block.text.split('\n').flatMap((line) => wrap(line, columns - 2));
    return lines.map((line) => `  ${line}\n`).join('');
  }
  if ('terms' in block) return termLines(block.terms);
  return block.commands.map(([command, note]) => `  # ${note}\n  ${command}\n`).join('');
}
