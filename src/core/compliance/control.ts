/** What a control is: something that is enforced somewhere else, and looked for there. */
import type { Scope } from '../access/index.js';
import type { OrganizationRow } from '../tenancy/index.js';
import type { Disabling } from './disabling.js';
import type { Framework } from './framework.js';
import type { PolicySettings } from './settings.js';
import type { Surroundings } from './surroundings.js';

/** What is in force for an organization, or about to be. */
export interface Policy {
  /** 0 where no framework was ever enabled. */
  version: number;
  frameworks: readonly string[];
  settings: PolicySettings;
  /** By control: the reason for which somebody answers for it outside of dartwing. */
  exceptions: Readonly<Record<string, string>>;
}

/** What a control may look at. */
export interface Site {
  scope: Scope;
  organization: OrganizationRow;
  policy: Policy;
  /** Of the policy. */
  frameworks: readonly Framework[];
  around: Surroundings;
  /** Frameworks that somebody wants to end. */
  disablings?: readonly Disabling[] | undefined;
  /** The control for whose sake no health information is shown. */
  restrictedBy?: string | undefined;
}

/** Something that has to be done before a framework can be enabled. */
export interface Missing {
  what: string;
  fix: string;
}

export interface Outcome {
  result: 'pass' | 'warn' | 'fail';
  /** What was seen. */
  evidence: string;
  fix?: string | undefined;
}

export interface Control {
  id: string;
  title: string;
  /** Where it is enforced, in words for an auditor. */
  enforced: string;
  /** Somebody may answer for it with a reason, where dartwing cannot enforce it. */
  acknowledgeable?: boolean;
  /** What is missing; asked before anything is switched on. */
  missing?(site: Site): Promise<Missing | undefined>;
  /** Tries the enforcement, in a savepoint that is rolled back. */
  check(site: Site): Promise<Outcome>;
}

export function pass(evidence: string): Outcome {
  return { result: 'pass', evidence };
}

export function fail(evidence: string, fix: string): Outcome {
  return { result: 'fail', evidence, fix };
}

/** Runs something whose every trace is rolled back; its answer stays. */
export async function rehearse<T>({ tx }: Pick<Scope, 'tx'>, work: () => Promise<T>): Promise<T> {
  await tx.query('savepoint rehearsal');
  try {
    return await work();
  } finally {
    await tx.query('rollback to savepoint rehearsal');
    await tx.query('release savepoint rehearsal');
  }
}

/** The code of the refusal, or undefined when nothing was refused. Faults of the installation are no refusals. */
export async function refusalOf(work: () => Promise<unknown> | unknown): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    const { code, kind } = error as { code?: string; kind?: string };
    if (code === undefined || kind === undefined || kind === 'internal' || kind === 'unavailable')
      throw error;
    return code;
  }
}
