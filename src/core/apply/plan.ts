/** What has to change so that what is becomes what is wanted. Pure. */
import { createHash } from 'node:crypto';
import { DartwingError } from '../errors.js';
import { canonicalJson } from '../json.js';
import { comparable, type OrganizationDocument } from '../tenancy/index.js';
import type { WantedOrganization } from './document.js';

/** An organization as it is, as far as `apply` can change it. */
export interface FoundOrganization {
  organization: OrganizationDocument;
  /** Active members. */
  members: { email: string; role: string }[];
}

export interface FieldChange {
  path: string;
  from: unknown;
  to: unknown;
}

export interface Action {
  op: 'create' | 'update' | 'delete' | 'none';
  /** `org/acme`, `member/acme/ana@acme.test` */
  ref: string;
  /** Slug of the organization it belongs to. */
  org: string;
  diff: FieldChange[];
  danger: 'none' | 'mild' | 'severe';
}

/** The document `Plan`. It carries what it was made from, so that exactly it can be carried out later. */
export interface Plan {
  api_version: 'dartwing/v1';
  kind: 'Plan';
  summary: { create: number; update: number; delete: number; none: number };
  actions: Action[];
  /** Members that are not named are removed. */
  prune: boolean;
  documents: WantedOrganization[];
  /** Fingerprint of what was found, by slug. */
  seen: Record<string, string>;
  /** Over everything else. */
  hash: string;
}

/**
 * Makes the plan of some documents.
 * @param found what exists, by slug; absent when it does not
 * @throws ORGANIZATION_TYPE_IMMUTABLE, ORGANIZATION_REGION_IMMUTABLE, ORGANIZATION_STATE (dissolved)
 */
export function makePlan(
  documents: readonly WantedOrganization[],
  found: ReadonlyMap<string, FoundOrganization>,
  prune: boolean,
): Plan {
  const actions = documents.flatMap((document) => actionsOf(document, found.get(document.slug), prune));
  const summary = { create: 0, update: 0, delete: 0, none: 0 };
  for (const { op } of actions) summary[op]++;
  const seen = Object.fromEntries(documents.map(({ slug }) => [slug, fingerprint(found.get(slug))]));
  const core = { summary, actions, prune, documents: [...documents], seen };
  return { api_version: 'dartwing/v1', kind: 'Plan', ...core, hash: planHash(core) };
}

/**
 * The hash that a plan must have to be what it was when it was made: its actions too, because these are what
 * somebody read and approved.
 */
export function planHash(plan: Omit<Plan, 'api_version' | 'kind' | 'hash'>): string {
  const { summary, actions, prune, documents, seen } = plan;
  return `sha256:${createHash('sha256')
    .update(canonicalJson(definedOnly({ summary, actions, prune, documents, seen })))
    .digest('hex')}`;
}

/** Tells one state of an organization from another. */
export function fingerprint(found: FoundOrganization | undefined): string {
  const facts = found && {
    id: found.organization.id,
    version: found.organization.version,
    members: found.members,
  };
  return createHash('sha256')
    .update(canonicalJson(facts ?? null))
    .digest('hex')
    .slice(0, 32);
}

/** What has to be done for one organization: itself first, then its members. */
export function actionsOf(
  wanted: WantedOrganization,
  found: FoundOrganization | undefined,
  prune: boolean,
): Action[] {
  return [
    organizationAction(wanted, found?.organization),
    ...memberActions(wanted, found?.members ?? [], prune),
  ];
}

function organizationAction(wanted: WantedOrganization, have: OrganizationDocument | undefined): Action {
  const { slug } = wanted;
  const ref = `org/${slug}`;
  const fields = settingsOf(wanted);
  if (have === undefined) {
    const diff = [['type', wanted.type] as const, ...fields].map(([path, to]) => ({ path, from: null, to }));
    return { op: 'create', ref, org: slug, diff, danger: 'mild' };
  }
  if (have.status.state === 'dissolved')
    throw new DartwingError('ORGANIZATION_STATE', { slug, state: 'dissolved', action: 'changed' });
  if (wanted.type !== have.type)
    throw new DartwingError('ORGANIZATION_TYPE_IMMUTABLE', { slug, type: have.type });
  if (wanted.region !== undefined && wanted.region !== have.region) {
    throw new DartwingError('ORGANIZATION_REGION_IMMUTABLE', { slug, region: have.region });
  }
  const diff = fields
    .map(([path, to]) => ({ path, from: valueAt(have, path) ?? null, to }))
    .filter(({ from, to }) => comparable(from) !== comparable(to));
  return {
    op: diff.length > 0 ? 'update' : 'none',
    ref,
    org: slug,
    diff,
    danger: diff.length > 0 ? 'mild' : 'none',
  };
}

/** Settings and concrete fields that are wanted, by path in the document. */
function settingsOf(wanted: WantedOrganization): [string, unknown][] {
  const {
    api_version: _version,
    kind: _kind,
    slug: _slug,
    type,
    concrete,
    members: _members,
    ...settings
  } = wanted;
  const fields = Object.entries(settings).filter(([, value]) => value !== undefined);
  return [
    ...fields,
    ...Object.entries(concrete).map(([key, value]) => [`${type}.${key}`, value] as [string, unknown]),
  ];
}

function memberActions(
  wanted: WantedOrganization,
  have: FoundOrganization['members'],
  prune: boolean,
): Action[] {
  if (wanted.members === undefined) return [];
  const roles = new Map(have.map((member) => [member.email, member.role]));
  const org = wanted.slug;
  const actions: Action[] = wanted.members.map(({ email, role }) => {
    const ref = `member/${org}/${email}`;
    const current = roles.get(email);
    roles.delete(email);
    if (current === role) return { op: 'none', ref, org, diff: [], danger: 'none' };
    const diff = [{ path: 'role', from: current ?? null, to: role }];
    return { op: current === undefined ? 'create' : 'update', ref, org, diff, danger: 'mild' };
  });
  if (!prune) return actions;
  const surplus = [...roles].map(([email, role]): Action => {
    return {
      op: 'delete',
      ref: `member/${org}/${email}`,
      org,
      diff: [{ path: 'role', from: role, to: null }],
      danger: 'severe',
    };
  });
  return [...actions, ...surplus];
}

function valueAt(document: Readonly<Record<string, unknown>>, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | null | undefined)?.[key], document);
}

/** Without the keys whose value is undefined, which canonical JSON refuses. */
function definedOnly<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
