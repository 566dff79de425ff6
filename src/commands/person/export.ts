import { resolve } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { textFlag, textsFlag } from '../flag-values.js';
import { shownPath } from '../open.js';
import { operationDocument } from '../operation.js';
import { openFolder, requireEmpty } from '../org/export-folder.js';
import type { VerbRun } from '../spec.js';
import { startProgress } from '../ui/progress.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const to = textFlag(flags, 'to');
  if (to === undefined)
    throw new DartwingError('INPUT_REQUIRED', { what: 'Where to write', flag: '--to <dir>' });
  const directory = resolve(context.cwd, to);
  requireEmpty(directory, shownPath(context.cwd, directory));
  const recipients = textsFlag(flags, 'encryptTo');
  const folder = await openFolder(directory, context, { format: 'json', recipients });
  const dartwing = await context.open();
  const progress = startProgress(context.io, { title: 'Exporting', op: 'person.export' });
  let done = 0;
  try {
    const { person, counts } = await dartwing.privacy.export(
      String(args.person),
      async ({ table, row }) => {
        context.signal.throwIfAborted();
        await folder.write(fileName(table), row);
        progress.update(++done);
      },
      callOf(context),
    );
    const byFile = Object.fromEntries(
      Object.entries(counts).map(([table, count]) => [fileName(table), count]),
    );
    const manifest = {
      api_version: 'dartwing/v1' as const,
      kind: 'SubjectExport',
      person,
      path: shownPath(context.cwd, directory),
      encrypted_to: recipients,
      record_count: counts,
      files: await folder.finish(byFile),
    };
    const { api_version, kind, ...result } = await folder.manifest(manifest);
    await folder.note('README.md', readme(person));
    return {
      document: operationDocument({ verb: 'person.export', done, result }),
      table: { columns: [], sentence: `${done} rows about ${person} in ${manifest.path}` },
    };
  } catch (error) {
    // Half an export must not be taken for a whole one.
    await folder.discard();
    throw error;
  } finally {
    progress.end();
  }
};

/** `document Family Relationship` → `document-family-relationship` */
function fileName(table: string): string {
  return table.toLowerCase().replaceAll(' ', '-');
}

function readme(person: string): string {
  return `# Data about ${person}

Everything that is kept about this person, as it was at one moment. Each file holds one kind of record, one JSON object a
line; \`manifest.json\` lists the files with their numbers of rows and SHA-256.

- \`person\`, \`user-account\`, \`org-member\`, \`identity-link\`: who this person is here, and where they are a member.
- \`document-…\`: documents whose doctype says that they are about this person.
- \`consent_event\`: what they agreed to, and when.
- \`job\` and \`deed\`: what they asked for and did.

Other people are in it by their ids only. Secrets, and hashes of them, are left out.
`;
}
