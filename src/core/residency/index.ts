/**
 * Residency: data of an organization stay in its region. The region is chosen when the organization is created and never
 * changes; the installation says where its database and its exits are (setting `regions`), and one router is asked
 * before anything leaves: a new organization in a region where the database is not, a segment for the archive, an export, a
 * letter, a call to an integration, a batch of events for Redis (which then goes by the database instead), a question for a
 * model. The region of the key service is looked at by `compliance residency` and the control of the same name.
 *
 * ```ts
 * const dartwing = await createDartwing({ …, regions: { database: 'eu-central-1', archive: 'eu-central-1' } });
 * await dartwing.tenancy.create({ slug: 'acme', type: 'company', region: 'us-east-1' }); // RESIDENCY_REFUSED
 * ```
 *
 * What somebody is given of their own data (`person export`) is no exit. Tokens of integrations are renewed wherever their
 * provider is. Audit: residency.refuse with exit and reason.
 */
export { type ExitState, openRouter, type Router } from './router.js';
export { type Exit, type ModelUse, type OptionalExit, type Regions, readRegions } from './rule.js';
