import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DartwingError, isDartwingError } from '../../core/errors.js';
import { makeFolder } from '../../core/folders.js';
import { limits } from '../../core/limits.js';
import { suggestSlug } from '../../core/tenancy/index.js';
import type { CommandContext } from '../context.js';
import { textFlag } from '../flag-values.js';
import { shownPath } from '../open.js';
import type { VerbResult, VerbRun } from '../spec.js';
import { listTemplates, type ProjectTemplate, requireTemplate } from '../templates.js';
import { installHere, makeRepository } from './project.js';

export const run: VerbRun = async (context, { args, flags }) => {
  if (flags.list === true) return templateList();
  const template = requireTemplate(textFlag(flags, 'template') ?? (await askTemplate(context)));
  const directory = resolve(context.cwd, typeof args.dir === 'string' ? args.dir : '.');
  const shown = shownPath(context.cwd, directory);
  const name = (textFlag(flags, 'name') ?? (await askName(context, template)))?.trim();
  if (name === '' || (name !== undefined && name.length > limits.nameCharsMax)) {
    throw new DartwingError('VALIDATION_ERROR', {
      message: `--name has 1 to ${limits.nameCharsMax} characters`,
    });
  }
  const files = inFolder(shown, () => {
    if (flags.force !== true && existsSync(directory) && readdirSync(directory).length > 0) {
      throw new DartwingError('DIRECTORY_NOT_EMPTY', { directory: shown });
    }
    return copy(template, directory, name, context.global.dryRun);
  });
  const isInstalled = flags.install === true;
  if (flags.git === true) files.push(...(await makeRepository(context, directory)));
  if (isInstalled) files.push(...(await installHere(context, directory)));
  const dartwing = isInstalled ? 'npx dartwing' : 'dartwing';
  const next = [...(shown === '.' ? [] : [`cd ${shown}`]), `${dartwing} up`, `${dartwing} apply -f org.yaml`];
  return {
    document: {
      api_version: 'dartwing/v1',
      kind: 'Project',
      dir: shown,
      template: template.name,
      files,
      next,
      dry_run: context.global.dryRun,
    },
    table: { columns: [], sentence: `${shown} has ${files.join(', ')} of the template ${template.name}` },
    next,
  };
};

async function askTemplate({ io }: CommandContext): Promise<string> {
  if (!io.interactive) return 'minimal';
  const { askChoice } = await import('../ui/prompt.js');
  const choices = listTemplates().map(({ name, summary }) => ({ value: name, label: `${name}  ${summary}` }));
  return askChoice(io, 'Template', '--template', choices);
}

/** The name in the template, unless somebody types another. */
async function askName({ io }: CommandContext, template: ProjectTemplate): Promise<string | undefined> {
  if (!io.interactive || !template.files.includes('org.yaml')) return undefined;
  const { askText } = await import('../ui/prompt.js');
  const typed = await askText(io, 'Name of the organization', '--name <text>', 'as in the template');
  return typed?.trim() || undefined;
}

/** What the file system refuses is told with the folder's name. @throws BAD_FILE */
function inFolder<T>(shown: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (isDartwingError(error)) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOTDIR' || code === 'EEXIST' ? 'it is no folder' : message;
    throw new DartwingError('BAD_FILE', { file: shown, message: why }, { cause: error });
  }
}

/** Writes the files that are not there yet and returns their names. */
function copy(
  template: ProjectTemplate,
  directory: string,
  name: string | undefined,
  dryRun: boolean,
): string[] {
  const missing = template.files.filter((file) => !existsSync(join(directory, file)));
  if (dryRun) return missing;
  makeFolder(directory);
  for (const file of missing) {
    const text = readFileSync(join(template.directory, file), 'utf8');
    writeFileSync(
      join(directory, file),
      name === undefined || file !== 'org.yaml' ? text : renamed(text, name),
    );
  }
  return missing;
}

/** The org.yaml with another name and slug; everything else, comments included, stays. */
function renamed(text: string, name: string): string {
  return text
    .replace(/^slug: .*$/m, () => `slug: ${suggestSlug(name)}`)
    .replace(/^name: .*$/m, () => `name: ${JSON.stringify(name)}`);
}

function templateList(): VerbResult {
  const items = listTemplates().map(({ name, summary }) => ({ name, summary }));
  return {
    list: { api_version: 'dartwing/v1', kind: 'TemplateList', items, total_count: items.length },
    table: {
      columns: [
        { header: 'name', path: 'name' },
        { header: 'summary', path: 'summary' },
      ],
    },
    footer: 'dartwing init <dir> --template <name>',
  };
}
