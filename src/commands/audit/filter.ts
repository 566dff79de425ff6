/** The flags that choose entries of the trail, as the core's filter. */
import type { Dartwing } from '../../core/index.js';
import type { CommandContext } from '../context.js';
import { textFlag, timeFlag } from '../flag-values.js';
import type { Parsed, TableView } from '../spec.js';

/** A file of checkpoints: each has about 250 bytes. */
export const anchorBytesMax = 67_108_864;

/** Columns of entries. */
export const entryTable: TableView = {
  columns: [
    { header: 'at', path: 'at' },
    { header: 'org', path: 'org' },
    { header: 'seq', path: 'seq', align: 'right' },
    { header: 'actor', path: 'actor' },
    { header: 'via', path: 'via' },
    { header: 'action', path: 'action' },
    { header: 'ref', path: 'ref' },
    { header: 'reason', path: 'reason' },
  ],
};

/** The id of the organization whose trail is meant; `SYSTEM` is the installation's own. @throws ORGANIZATION_NOT_FOUND */
export async function trailOf(context: CommandContext, dartwing: Dartwing): Promise<string | undefined> {
  const ref = context.currentOrganization();
  return ref === undefined ? undefined : trailNamed(dartwing, ref);
}

/** The id of the organization of a trail that is named. @throws ORGANIZATION_NOT_FOUND */
export async function trailNamed(dartwing: Dartwing, ref: string): Promise<string> {
  if (ref === 'SYSTEM') return ref;
  // A purged organization has no row any more, but its trail stays: an id needs no look-up.
  return /^ORG-\d{4}-\d{5,}$/.test(ref) ? ref : (await dartwing.tenancy.show(ref)).id;
}

/** Filters that query and tail share. */
export function filterOf(flags: Parsed['flags'], organization: string | undefined) {
  const [doctype, ...name] = (textFlag(flags, 'ref') ?? '').split('/');
  return {
    ...(organization === undefined ? {} : { organization }),
    actor: textFlag(flags, 'actor'),
    action: textFlag(flags, 'action'),
    doctype: doctype || undefined,
    name: name.length > 0 ? name.join('/') : undefined,
    text: textFlag(flags, 'text'),
    isPhi: flags.phi === true ? true : undefined,
    since: timeFlag(flags, 'since', new Date()),
  };
}
