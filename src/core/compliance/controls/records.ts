/** Controls on what is written down. */
import {
  countUnsealed,
  openRegistry,
  type Registry,
  showDocument,
  writeChanges,
} from '../../documents/index.js';
import type { DataKeys } from '../../keys/index.js';
import { type Control, fail, type Outcome, pass, rehearse, type Site } from '../control.js';
import { findTrailFaults, plantDocument, readRehearsal } from '../queries.js';

const rehearsal = 'Compliance Rehearsal';
const registries = new WeakMap<DataKeys, Registry>();

/** Doctypes with one of our own that holds health information, whatever an installation has. */
function rehearsalDoctypes(keys: DataKeys): Registry {
  const known = registries.get(keys);
  if (known !== undefined) return known;
  const made = openRegistry(
    [
      {
        doctype: rehearsal,
        naming: { rule: 'client' },
        fields: [
          { name: 'ward', type: 'Data' },
          { name: 'diagnosis', type: 'Data', phi: true },
        ],
      },
    ],
    () => keys,
  );
  registries.set(keys, made);
  return made;
}

/** Writes a document with health information and looks at what the database got; then looks for what stands open there. */
async function checkSeal({ scope, organization, around }: Site): Promise<Outcome> {
  const tx = { ...scope.tx, organization: organization.id };
  const doctypes = rehearsalDoctypes(around.dataKeys);
  const change = {
    doctype: rehearsal,
    name: 'rehearsal',
    base: 0,
    version: 1,
    op: 'insert' as const,
    wasDeleted: false,
    deleted: false,
    final: true,
    data: JSON.stringify({ ward: '4', diagnosis: 'rehearsed' }),
    owner: null,
  };
  const { kept, opened } = await rehearse(scope, async () => {
    const writer = { organization: organization.id, at: scope.clock.now(), by: 'compliance' };
    const [written] = await writeChanges(tx, doctypes, writer, [change]);
    return { kept: await readRehearsal(tx, organization.id, rehearsal), opened: written?.data ?? '' };
  });
  const fix = 'Nobody should write health information with this version; report it';
  if (kept.length !== 2 || kept.some((text) => text.includes('rehearsed') || !text.includes('$sealed')))
    return fail('Health information was written, and stands open in the database', fix);
  if (!opened.includes('rehearsed')) return fail('Health information was written, and does not open', fix);
  const open = await countUnsealed(scope.tx, around.doctypes, organization.id);
  if (open.length > 0)
    return fail(
      `Values stand open that were written before their field was sealed: ${open.map(({ doctype, count }) => `${doctype} ${count}`).join(', ')}`,
      'dartwing schedule run documents.seal',
    );
  return pass(
    'Health information that was written stood sealed in the document and its log; nothing stands open',
  );
}

/** Reads a document with health information and looks for the entry among what the transaction wrote. */
async function checkReads({ scope, organization, around }: Site): Promise<Outcome> {
  const written: string[] = [];
  const { tx } = scope;
  const look = (values: readonly unknown[] = []) => {
    for (const value of values.flat(2)) if (Buffer.isBuffer(value)) written.push(value.toString());
  };
  const watching: typeof tx = {
    ...tx,
    organization: organization.id,
    query: (text, values, name) => {
      look(values);
      return tx.query(text, values, name);
    },
    send: (text, values, name) => {
      look(values);
      tx.send(text, values, name);
    },
  };
  const reader = {
    ...scope,
    principal: { type: 'system' as const, id: 'compliance' },
    dryRun: false,
    tx: watching,
  };
  const { data } = await rehearse(scope, async () => {
    await plantDocument(tx, organization.id, rehearsal, { ward: '4', diagnosis: 'rehearsed' });
    return showDocument(reader, rehearsalDoctypes(around.dataKeys), {
      doctype: rehearsal,
      name: 'rehearsal',
    });
  });
  const told = written.some((body) => body.includes('"phi.read"') && body.includes('"diagnosis"'));
  if (data.diagnosis !== 'rehearsed' || !told)
    return fail(
      'A document with health information was read, and no entry told of it',
      'Nobody should read health information with this version; report it',
    );
  return pass(
    'Reading a document with health information left an entry that names the field, in the same transaction',
  );
}

export const recordControls: readonly Control[] = [
  {
    id: 'phi.read',
    title: 'Whoever sees health information leaves an entry',
    enforced: 'documents: the projector, on every way out, in the transaction of the read',
    check: checkReads,
  },
  {
    id: 'phi.sealed',
    title: 'Health information is sealed where it is kept',
    enforced:
      'documents: the store, on every way to rows, versions and conflicts, with a key of each document',
    check: checkSeal,
  },
  {
    id: 'audit.immutable',
    title: 'Nobody can change or delete an entry of the trail',
    enforced: 'the database: no role may, and a guard on every table of the trail refuses it to its owner',
    check: async ({ scope }) => {
      const faults = await findTrailFaults(scope.tx);
      if (faults.length > 0)
        return fail(
          faults.join('; '),
          'dartwing migrate verify, and look at who changed the rights of the database',
        );
      return pass('No role may update, delete or truncate the trail, and every table of it has its guard');
    },
  },
];
