/** Pages as roff for man(1). */
import type { Block, Page, Section } from './page.js';

/** A page of section 1. `date` is what the footer shows. */
export function pageRoff(page: Page, version: string): string {
  const title = pageName(page.path).toUpperCase();
  const head = `.TH "${title}" "1" "" "dartwing ${version}" "dartwing"\n.SH NAME\n${escaped(pageName(page.path))} \\- ${escaped(page.summary)}\n`;
  const usage = `.SH SYNOPSIS\n${page.usage.map((line) => `.B ${escaped(line)}\n`).join('.br\n')}`;
  return head + usage + page.sections.map(sectionRoff).join('');
}

/** `org create` → `dartwing-org-create`, the file name without `.1`. */
export function pageName(path: string): string {
  return ['dartwing', ...path.split(' ').filter((word) => word !== '')].join('-');
}

function sectionRoff({ title, blocks }: Section): string {
  return `.SH ${title.toUpperCase()}\n${blocks.map(blockRoff).join('.PP\n')}`;
}

function blockRoff(block: Block): string {
  if ('text' in block) return `${block.text.split('\n').map(escaped).join('\n.br\n')}\n`;
  if ('terms' in block)
    return block.terms.map(([term, meaning]) => `.TP\n.B ${escaped(term)}\n${escaped(meaning)}\n`).join('');
  return block.commands
    .map(([command, note]) => `.PP\n${escaped(note)}:\n.PP\n.nf\n.RS\n${escaped(command)}\n.RE\n.fi\n`)
    .join('');
}

/** Backslashes and hyphens mean something to roff, and so do a dot or a quote at the start of a line. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1');
}
