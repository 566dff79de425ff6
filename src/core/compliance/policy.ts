/** The policy of an organization: read, and put in force. */
import { createHash } from 'node:crypto';
import type { Scope } from '../access/index.js';
import { canonicalJson } from '../json.js';
import type { OrganizationRow } from '../tenancy/index.js';
import type { Policy, Site } from './control.js';
import type { Frameworks } from './framework.js';
import { findPolicy, writePolicy } from './queries.js';
import { strictestOf } from './settings.js';
import type { Surroundings } from './surroundings.js';

const nothing: Policy = { version: 0, frameworks: [], settings: {}, exceptions: {} };

/** A policy as the trail and answers tell of it. */
export function tellPolicy({ version, frameworks, settings, exceptions }: Policy) {
  return { version, frameworks: [...frameworks], settings, exceptions };
}

export async function readPolicy(scope: Scope, organization: string): Promise<Policy> {
  return (await findPolicy(scope.tx, organization)) ?? nothing;
}

/** The next version, with other frameworks. Exceptions that no control of them needs are forgotten. */
export function nextPolicy(
  before: Policy,
  names: readonly string[],
  known: Frameworks,
  acknowledged: Readonly<Record<string, string>>,
): Policy {
  const frameworks = [...new Set(names)].sort();
  const all = frameworks.map((name) => known.require(name));
  const needed = new Set(all.flatMap(({ controls }) => Object.keys(controls)));
  const exceptions = Object.fromEntries(
    Object.entries({ ...before.exceptions, ...acknowledged }).filter(([control]) => needed.has(control)),
  );
  return {
    version: before.version + 1,
    frameworks,
    settings: strictestOf(all.map(({ settings }) => settings)),
    exceptions,
  };
}

/** Puts a policy in force. Two hashes that are equal mean the same rules. */
export async function enforce(scope: Scope, organization: string, policy: Policy): Promise<string> {
  const { frameworks, settings, exceptions } = policy;
  const hash = createHash('sha256').update(canonicalJson({ frameworks, settings, exceptions })).digest('hex');
  const { clock, principal, reason = '' } = scope;
  await writePolicy(scope.tx, organization, {
    ...policy,
    hash,
    reason,
    at: clock.now(),
    by: principal.id,
  });
  return hash;
}

export function siteOf(
  scope: Scope,
  organization: OrganizationRow,
  policy: Policy,
  known: Frameworks,
  around: Surroundings,
): Site {
  const frameworks = policy.frameworks.map((name) => known.require(name));
  return { scope, organization, policy, frameworks, around };
}
