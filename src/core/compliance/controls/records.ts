/** Controls on what is written down. */
import { openRegistry, type Registry, showDocument } from '../../documents/index.js';
import { type Control, fail, type Outcome, pass, rehearse, type Site } from '../control.js';
import { findTrailFaults, plantDocument } from '../queries.js';

const rehearsal = 'Compliance Rehearsal';
let doctypes: Registry | undefined;

/** Doctypes with one of our own that holds health information, whatever an installation has. */
function rehearsalDoctypes(): Registry {
  doctypes ??= openRegistry([
    {
      doctype: rehearsal,
      naming: { rule: 'client' },
      fields: [
        { name: 'ward', type: 'Data' },
        { name: 'diagnosis', type: 'Data', phi: true },
      ],
    },
  ]);
  return doctypes;
}

/** Reads a document with health information and looks for the entry among what the transaction wrote. */
async function checkReads({ scope, organization }: Site): Promise<Outcome> {
  const written: string[] = [];
  const { tx } = scope;
  const watching: typeof tx = {
    ...tx,
    organization: organization.id,
    query: (text, values = [], name) => {
      for (const value of values.flat(2)) if (Buffer.isBuffer(value)) written.push(value.toString());
      return tx.query(text, values, name);
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
    return showDocument(reader, rehearsalDoctypes(), { doctype: rehearsal, name: 'rehearsal' });
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
