/**
 * Privacy: what persons may ask of whoever keeps data of them (GDPR Art. 7, 15, 17, 18, 20), and how long it is kept.
 *
 * What is about a person is declared: doctypes name the links to Person that make a document about that person
 * (`subject`), tables name persons by foreign keys. An export hands all of it over; an erasure deletes it, leaves
 * tombstones for devices and a pseudonym where others need a row, and deletes the keys under which the trails hold
 * personal values, so that every chain stays as it was. The ledger of erasures lies in the place of the archive, so that a
 * database that was put back is told whom to erase again. Consents are events: what holds is the newest of its category.
 *
 * ```ts
 * await dartwing.privacy.consent.decide('acme', 'ana@acme.test', { category: 'marketing', granted: true, terms: 'v3' });
 * await dartwing.privacy.export('ana@acme.test', (row) => console.log(row.table, row.row));
 * await dartwing.privacy.erase('ana@acme.test', { reason: 'Request of 2026-11-23' });
 * await dartwing.privacy.restriction.set('acme', 'ana@acme.test', { reason: 'She disputes an entry' });
 * await dartwing.privacy.retention.set('acme', 'Task', { keepDays: 365, basis: 'House rule 4' });
 * ```
 *
 * A person's own record serves all organizations: while one of them restricts processing, only the person changes it, and it
 * is neither deleted, merged nor erased.
 *
 * Limits: `subjectRowsMax` rows of each table. Copies in backups live as long as the backups, and with them the keys. Free
 * text in which somebody else wrote a name is not found. Audit: person.export, person.erase, consent.give,
 * consent.withdraw, person.restrict, person.release, retention.set, retention.remove, retention.dispose.
 */
export type { ConsentDocument, ConsentInput } from './consent.js';
export type { ErasureDocument } from './erase.js';
export type { SubjectExportRow } from './export.js';
export { dropConsentHistory, refuseRestricted } from './followers.js';
export { type LedgerLine, requireReplayed } from './ledger.js';
export type { Ledger, LedgerStatus } from './ledger-room.js';
export { openLedger } from './ledger-room.js';
export type { Restriction } from './restriction.js';
export type { RetentionInput, RetentionRule, RetentionRules, RetentionRun } from './retention.js';
export { requireLongEnough } from './retention.js';
export { openPrivacy, type Privacy } from './room.js';
