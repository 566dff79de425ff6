/** Verification of the log over all organizations: every checkpoint at its place, and every signed root. */
import { auditBounds } from '../bounds.js';
import type { Fault } from '../fault.js';
import { appendLeaf, type Frontier, leafHash } from '../merkle.js';
import type { AuditDatabase } from '../ports.js';
import { checkpointFault, expectationsOf, type Trust } from './expected.js';
import { parseNote } from './note.js';
import { listLogEntries, type StoredCheckpoint } from './queries.js';
import { deploymentLog } from './signer.js';

/** The first fault of the log, if any. `seq` is the place in it. */
export async function verifyLog(database: AuditDatabase, trust: Trust): Promise<Fault | undefined> {
  const expected = expectationsOf(database, deploymentLog, trust);
  let frontier: Frontier = [];
  let place = 0;
  const position = () => ({ seq: place, at: '', leaf: undefined, chain: Buffer.alloc(0), frontier });
  let after = { place: 0, organization: '', size: 0 };
  for (;;) {
    const page = await database.transaction((tx) => listLogEntries(tx, after, auditBounds.checkpointPage));
    for (const row of page) {
      const fault = entryFault(row, place, trust);
      if (fault !== undefined) return fault;
      frontier = appendLeaf(frontier, place, leafHash(Buffer.from(parseNote(row.note)!.text)));
      place += 1;
      const met = await expected.meet(position());
      if (met !== undefined)
        return { ...met, what: met.what.replace('Entr', 'Log entr').replace('the trail', 'the log') };
    }
    const last = page.at(-1);
    if (last === undefined || page.length < auditBounds.checkpointPage) break;
    after = { place: last.place!, organization: last.organization, size: last.size };
  }
  const ending = await expected.end(position());
  if (ending === undefined && expected.met < place) {
    const what = `No signed root of the log tells of entries ${expected.met + 1} to ${place}`;
    return { kind: 'deletion', seq: expected.met + 1, what };
  }
  return ending && { ...ending, what: ending.what.replace('The trail', 'The log') };
}

function entryFault(row: StoredCheckpoint, place: number, trust: Trust): Fault | undefined {
  const found = row.place!;
  const ref = `${row.organization}/${row.size}`;
  if (found > place + 1)
    return { kind: 'deletion', seq: place + 1, what: `Log entries ${place + 1} to ${found - 1} are gone` };
  if (found <= place)
    return { kind: 'insertion', seq: found, ref, what: `A second log entry has the number ${found}` };
  const fault = checkpointFault(row, trust);
  return fault && { ...fault, seq: found, ref, what: `Log entry ${found}: ${fault.what}` };
}
