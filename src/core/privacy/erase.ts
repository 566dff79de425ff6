/**
 * Erasing a person (GDPR Art. 17). Rows about the person go, rows that others need keep the id and nothing else, and what
 * the trails hold is sealed under a key that goes too, so every chain stays as it was.
 */
import {
  type AnswerSeal,
  authorize,
  type Change,
  changeDocument,
  dropAnswersNaming,
  recordAct,
  type Scope,
} from '../access/index.js';
import { erasePersonal, systemOrganization } from '../audit/index.js';
import { type Registry, shredDocuments, writeChanges } from '../documents/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { removeMember } from '../people/index.js';
import { organizationFacts, requireOrganization } from '../tenancy/index.js';
import {
  countLiveJobs,
  dropConsents,
  dropDevices,
  dropLetters,
  dropNews,
  dropSignIn,
  findErasure,
  findHolds,
  insertErasure,
  listMemberships,
  pageSubjectDocuments,
  pseudonymize,
  type SubjectRow,
  scrubDocuments,
  scrubJobs,
  scrubMirrors,
} from './queries.js';
import { isRestrictedAnywhere } from './retention-queries.js';
import { requireSubject, subjectPaths, tombstone } from './subject.js';

/** What is left of a person. */
export interface ErasureDocument {
  person: string;
  erased_at: string;
  /** Rows by kind. */
  counts: Record<string, number>;
}

/** What an erasure needs of other rooms. */
export interface ErasingParts {
  registry: Registry;
  /** Opens answers that are kept for repetitions. */
  answers: AnswerSeal;
}

/**
 * Erases a person in one transaction; a rehearsal does the same and rolls back, so its counts are what would go.
 * @param erasedAt when the person was erased before, in a database that was lost; now unless told
 * @throws PERSON_NOT_FOUND, PERSON_ERASED, LEGAL_HOLD, PROCESSING_RESTRICTED, LAST_SUPERVISOR, ERASURE_BLOCKED (jobs that have
 * not ended), what keeps a member (equipment), REASON_REQUIRED, PERMISSION_DENIED
 */
export async function eraseSubject(
  scope: Scope,
  { registry, answers }: ErasingParts,
  ref: string,
  erasedAt?: Date,
): Promise<Change<ErasureDocument>> {
  const { tx, clock, principal } = scope;
  const subject = await requireSubject(scope, ref, true);
  const { id } = subject;
  authorize(scope, 'administer', { doctype: 'Person', name: id });
  if ((scope.reason ?? '').trim() === '')
    throw new DartwingError('REASON_REQUIRED', { action: 'Erasing a person' });
  await requireErasable(scope, subject);
  const known = [subject.email, subject.mobile_no, subject.external_id, subject.account].filter(
    (text) => text !== null,
  );
  const texts = [...new Set([id, ...known])];
  const live = await countLiveJobs(tx, id, texts);
  if (live > 0) throw new DartwingError('ERASURE_BLOCKED', { person: id, count: live });
  const counts: Record<string, number> = { memberships: await leaveAll(scope, id) };
  counts.documents = await eraseDocuments(scope, registry, id);
  counts.sign_in = await dropSignIn(tx, id);
  counts.letters = await dropLetters(tx, id, subject.email);
  counts.jobs = await scrubJobs(tx, id, texts);
  counts.answers = (await dropAnswersNaming(tx, answers, texts)) + (await dropNews(tx, texts));
  await dropConsents(tx, id);
  await dropDevices(tx, id);
  const at = erasedAt ?? clock.now();
  await pseudonymize(tx, id, `erased.${id.toLowerCase()}@erased.invalid`, at);
  await scrubMirrors(tx, id);
  // Last: entries that the steps before have left are sealed for the person too.
  counts.trail_keys = await erasePersonal(tx, id, [...known, ...namesOf(subject)]);
  await insertErasure(tx, { person: id, at, by: principal.id, counts });
  const after = { person: id, erased_at: at.toISOString(), counts };
  const audit = await recordAct(
    scope,
    systemOrganization,
    'person.erase',
    { doctype: 'Person', name: id },
    { old: null, new: { counts } },
  );
  return changeDocument<ErasureDocument>(scope, {
    op: 'delete',
    ref: `person/${id}`,
    before: null,
    after,
    audit,
  });
}

function namesOf({ first_name, last_name }: SubjectRow): string[] {
  return [first_name, last_name, `${first_name} ${last_name}`];
}

async function requireErasable({ tx }: Scope, { id }: SubjectRow): Promise<void> {
  const erased = await findErasure(tx, id);
  if (erased !== undefined)
    throw new DartwingError('PERSON_ERASED', { person: id, at: erased.toISOString() });
  const [slug] = await findHolds(tx, id);
  if (slug !== undefined) throw new DartwingError('LEGAL_HOLD', { slug });
  if (await isRestrictedAnywhere(tx, id))
    throw new DartwingError('PROCESSING_RESTRICTED', { ref: `person/${id}`, person: id });
}

/** Ends every membership; the last supervisor of an organization has to be followed by somebody first. */
async function leaveAll(scope: Scope, person: string): Promise<number> {
  const memberships = await listMemberships(scope.tx, person);
  for (const { slug, status } of memberships) {
    if (status === 'inactive') continue;
    await removeMember(scope, organizationFacts(await requireOrganization(scope, slug, true)), person);
  }
  return memberships.length;
}

/** Tombstones, so that devices let go of what they hold, and nothing behind them. */
async function eraseDocuments(scope: Scope, registry: Registry, person: string): Promise<number> {
  const { tx, clock, principal } = scope;
  const paths = subjectPaths(registry);
  let count = 0;
  for (;;) {
    // Each round empties its documents, so the next one begins anew.
    const page = await pageSubjectDocuments(tx, person, paths, ['', '', ''], limits.pageMax);
    if (page.length === 0) return count;
    count += page.length;
    for (const organization of new Set(page.map((row) => row.organization))) {
      const rows = page.filter((row) => row.organization === organization);
      const writer = { organization, at: clock.now(), by: principal.id };
      await writeChanges(tx, registry, writer, rows.filter(({ deleted }) => !deleted).map(tombstone));
      await scrubDocuments(tx, organization, rows);
      await shredDocuments(tx, organization, rows);
      await scope.events.publish(scope, 'documents.changed', {
        organization,
        doctypes: [...new Set(rows.map(({ doctype }) => doctype))],
        names: rows.map(({ name }) => name),
      });
    }
  }
}
