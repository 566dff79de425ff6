/**
 * Compliance: what a framework (HIPAA, SOC 2, GDPR) asks of an organization, switched on as a whole and tried where it
 * is enforced.
 *
 * A framework is data (templates/compliance): the figures it asks for, and the clause that each control answers. A
 * control is code: what has to be there first, where it is enforced, and a trial of that enforcement. Enabling looks at
 * every prerequisite, puts the strictest merge of all enabled frameworks in force as the next version of the
 * organization's policy, and tries every control, in one transaction: whatever is missing leaves everything as it was.
 * Nothing reads a flag to say that it is on: a session is begun, aged and asked for; a sign-in without second factor
 * knocks; TLS 1.2 shakes hands with the public address.
 *
 * ```ts
 * await dartwing.compliance.baa.add('acme', { counterparty: 'Cloud Ltd', signed_on, expires_on, file });
 * await dartwing.compliance.enable('acme', 'hipaa', {}, { reason: 'Contract with St. Mary' });
 * const { findings } = await dartwing.compliance.verify('acme');
 * ```
 *
 * It reports technical controls and certifies nobody. Limits: `evidence…`, `transitProbeMs`, `agreementNoticeMs` in
 * limits.ts. Audit: compliance.enable, compliance.disable (with .ask,
 * .approve and .withdraw), compliance.baa (and .notice), compliance.check (evidence), compliance.drift
 * (a control failed that had passed).
 */
export type { AgreementDocument, AgreementInput, AgreementList } from './agreement.js';
export type { Disabling } from './disabling.js';
export type { EnableOptions } from './enable.js';
export { dropCompliance } from './followers.js';
export type { ComplianceReport, ReportFormat } from './report.js';
export type { ResidencyFindings } from './residency.js';
export { type Compliance, type FrameworkList, openCompliance, type Verification } from './room.js';
export type { ComplianceStatus } from './status.js';
