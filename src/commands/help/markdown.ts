/** Pages as Markdown, for docs/commands. */
import type { Block, Page, Section } from './page.js';

/** One command. */
export function pageMarkdown(page: Page): string {
  const usage = `\`\`\`\n${page.usage.join('\n')}\n\`\`\`\n`;
  return `## dartwing ${page.path}\n\n${page.summary}.\n\n${usage}\n${page.sections.map(sectionMarkdown).join('\n')}`;
}

function sectionMarkdown({ title, blocks }: Section): string {
  return `**${title}**\n\n${blocks.map(blockMarkdown).join('\n')}`;
}

function blockMarkdown(block: Block): string {
  if ('text' in block) return `${block.text.split('\n').map(escaped).join('  \n')}\n`;
  if ('terms' in block)
    return block.terms.map(([term, meaning]) => `- \`${term}\`: ${escaped(meaning)}\n`).join('');
  const lines = block.commands.map(([command, note]) => `# ${note}\n${command}`).join('\n');
  return `\`\`\`sh\n${lines}\n\`\`\`\n`;
}

function escaped(text: string): string {
  return text.replace(/[<>*_]/g, (character) => `\\${character}`);
}
