/** Verification from an archive alone: no database is opened, and no key is needed. */
import { existsSync } from 'node:fs';
import {
  anchorsOf,
  openArchive,
  parseNotes,
  parseVerifier,
  reportOf,
  verifyArchive,
} from '../../core/audit/index.js';
import { DartwingError } from '../../core/errors.js';
import type { Report } from '../../core/index.js';
import type { CommandContext } from '../context.js';
import { archiveOf, developmentArchive } from '../installation-options.js';
import { reportAnswer } from '../report.js';
import type { VerbResult } from '../spec.js';
import { startProgress } from '../ui/progress.js';

export interface OfflineLine {
  /** `archive` for the configured one or that of the embedded database, a folder, or s3://bucket/prefix. */
  place: string;
  organizations: readonly string[] | undefined;
  anchor: string | undefined;
  verifiers: readonly string[];
}

/** @throws ARCHIVE_NOT_SET, ARCHIVE_UNAVAILABLE, VALIDATION_ERROR, AUDIT_ANCHOR_INVALID */
export async function verifyOffline(context: CommandContext, line: OfflineLine): Promise<VerbResult> {
  const { values } = context.config;
  const named = archiveOf(values, context.cwd, line.place === 'archive' ? undefined : line.place);
  const development = values.url === undefined ? developmentArchive(values) : undefined;
  const options = named ?? (development && existsSync(development.place) ? development : undefined);
  if (options === undefined) throw new DartwingError('ARCHIVE_NOT_SET');
  const verifiers = line.verifiers.length === 0 ? undefined : line.verifiers.map(verifierOf);
  const notes = line.anchor === undefined ? [] : parseNotes(line.anchor);
  const anchors = notes && anchorsOf(notes, verifiers);
  if (anchors === undefined)
    throw new DartwingError('AUDIT_ANCHOR_INVALID', {
      message: 'it holds something else, or notes of other keys',
    });
  const store = openArchive(options);
  const progress = startProgress(context.io, { title: 'Verifying entries', op: 'audit.verify' });
  try {
    let done = 0;
    const onProgress = (entries: number) => {
      done += entries;
      progress.update(done);
    };
    const { organizations, signal } = { organizations: line.organizations, signal: context.signal };
    const result = await verifyArchive(
      store,
      { organizations, verifiers, anchors, signal, onProgress },
      options,
    );
    if (result.organizations === 0)
      throw new DartwingError('BAD_FILE', { file: options.place, message: 'there is no archive of a trail' });
    if (verifiers === undefined)
      context.io.warn(
        'VERIFIER_NOT_GIVEN',
        'Signatures were checked with the keys that the archive names: give --verifier',
      );
    const { entries, organizations: trails } = result;
    const subject = `${entries} entries of ${trails} trails in ${store.name}`;
    return reportAnswer(reportOf(result) as unknown as Report, subject);
  } finally {
    progress.end();
    store.close();
  }
}

function verifierOf(text: string) {
  const verifier = parseVerifier(text);
  if (verifier === undefined)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `--verifier "${text.slice(0, 80)}" is no verifier key`,
    });
  return verifier;
}
