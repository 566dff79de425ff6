import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import { callOf } from '../call.js';
import { changed } from '../change.js';
import type { CommandContext } from '../context.js';
import { textFlag } from '../flag-values.js';
import { requireCurrent } from '../org/named.js';
import type { Parsed, VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const organization = requireCurrent(context);
  if (args.action === 'add') {
    const input = inputOf(context, flags);
    const dartwing = await context.open();
    const done = await dartwing.compliance.baa.add(organization, input, callOf(context));
    const { id, counterparty, expires_on } = done.after!;
    return changed(done, `${id} with ${counterparty} is good until ${expires_on}`, [
      `dartwing hipaa enable ${organization}`,
    ]);
  }
  const dartwing = await context.open({ selfTest: 'version' });
  const { baa } = dartwing.compliance;
  if (args.action === 'show') {
    if (args.id === undefined)
      throw new DartwingError('INPUT_REQUIRED', {
        what: 'An agreement',
        flag: 'compliance baa show BAA-2026-00001',
      });
    const found = await baa.show(organization, String(args.id), callOf(context));
    return { document: { ...found } };
  }
  const found = await baa.list(organization, callOf(context));
  return {
    list: { ...found, items: found.items.map((item) => ({ ...item })) },
    empty: `No agreements yet. Add one: dartwing compliance baa add --org ${organization} --file <contract>`,
    table: {
      columns: [
        { header: 'id', path: 'id' },
        { header: 'counterparty', path: 'counterparty' },
        { header: 'state', path: 'state' },
        { header: 'signed', path: 'signed_on' },
        { header: 'expires', path: 'expires_on' },
        { header: 'file', path: 'file.name' },
      ],
    },
  };
};

function inputOf({ cwd }: CommandContext, flags: Parsed['flags']) {
  const need = (flag: string, what: string): string => {
    const value = textFlag(flags, flag);
    if (value === undefined) throw new DartwingError('INPUT_REQUIRED', { what, flag: `--${flag} <value>` });
    return value;
  };
  const file = need('file', 'The signed contract');
  const bytes = read(resolve(cwd, file), file);
  return {
    counterparty: need('counterparty', 'Who signed'),
    signed_on: need('signed', 'The day of signing'),
    expires_on: need('expires', 'The last day'),
    file: {
      name: basename(file),
      sha256: createHash('sha256').update(bytes).digest('hex'),
      bytes: bytes.length,
    },
  };
}

/** @throws BAD_FILE */
function read(path: string, file: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new DartwingError('BAD_FILE', { file, message: (error as Error).message }, { cause: error });
  }
}
