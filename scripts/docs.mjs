/**
 * Writes the reference pages docs/errors.md, docs/metrics.md and docs/commands/, and the dashboards, from the built
 * program. With --check nothing is written: it exits 1 and names the pages that differ.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const program = join(root, 'bin/dartwing');

const pages = new Map([
  ['errors.md', errorPage()],
  ['metrics.md', metricPage()],
  ...commandPages(),
  ...dashboards(),
]);

if (process.argv.includes('--check')) {
  const stale = [...pages].filter(([name, text]) => read(name) !== text).map(([name]) => name);
  const left = commandFiles().filter((name) => !pages.has(name));
  for (const name of [...stale, ...left]) console.error(`docs/${name} differs: run node scripts/docs.mjs`);
  process.exitCode = stale.length + left.length === 0 ? 0 : 1;
} else {
  rmSync(join(root, 'docs/commands'), { recursive: true, force: true });
  mkdirSync(join(root, 'docs/commands'), { recursive: true });
  for (const [name, text] of pages) writeFileSync(join(root, 'docs', name), text);
}

function errorPage() {
  const { items } = JSON.parse(dartwing('explain', '--list', '--output', 'json'));
  const head = `# Errors

Every failure has a code. A person sees it in the line "Docs", a program in \`error.code\` of the error event and
of the HTTP answer; \`dartwing explain <code>\` prints its section offline. Words in braces stand for values.
`;
  return [head, ...items.map(errorSection)].join('\n');
}

function errorSection({ code, error_kind, exit, http_status, what, why, fix }) {
  const reason = why === null || /^\{\w+\}$/.test(why) ? '' : `\n${sentence(why)}\n`;
  const steps = fix.map((step) => `- ${sentence(step)}\n`).join('');
  return `## ${code}\n\n${sentence(what)} Exit ${exit}, HTTP ${http_status} (${error_kind}).\n${reason}\n${steps}`;
}

function dashboards() {
  return ['overview', 'jobs', 'sync', 'integrations', 'security'].map((name) => [
    `../templates/dashboards/${name}.json`,
    dartwing('metric', 'dashboard', name),
  ]);
}

function metricPage() {
  const { items } = JSON.parse(dartwing('metric', 'list', '--output', 'json'));
  const head = `# Metrics

What \`/metrics\` of servers and workers and \`dartwing metric scrape\` tell. A metric of the installation is read from the
database: every process tells the same, so take its maximum. One of a process is counted there: take its sum. No label
names an organization, a person or a path.
`;
  const groups = [...new Set(items.map(({ group }) => group))];
  const section = (group) => {
    const rows = items
      .filter((item) => item.group === group)
      .map(
        ({ name, type, labels, of, help }) =>
          `| ${name} | ${type} | ${labels.join(', ')} | ${of} | ${help} |`,
      );
    return `## ${group}\n\n| metric | type | labels | of | meaning |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
  };
  return [head, ...groups.map(section)].join('\n');
}

/** Commands are set as code; anything else ends like a sentence. */
function sentence(text) {
  if (/^(dartwing|chmod|npm) /.test(text)) return `\`${text}\``;
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function commandPages() {
  const folder = mkdtempSync(join(tmpdir(), 'dartwing-docs-'));
  try {
    dartwing('man', '--markdown', '--quiet', '--dir', folder);
    return readdirSync(folder).map((name) => [`commands/${name}`, readFileSync(join(folder, name), 'utf8')]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function commandFiles() {
  return readdirSync(join(root, 'docs/commands')).map((name) => `commands/${name}`);
}

function read(name) {
  try {
    return readFileSync(join(root, 'docs', name), 'utf8');
  } catch {
    return undefined;
  }
}

function dartwing(...words) {
  return execFileSync(process.execPath, [program, ...words], { encoding: 'utf8' });
}
