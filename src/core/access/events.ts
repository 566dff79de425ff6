/**
 * Events of the domain, delivered inside the transaction that caused them. A lower room publishes, an upper room
 * subscribes, `dartwing.ts` wires them; so an organization can be created with its owner in one transaction
 * although tenancy knows nothing of people. A subscriber that throws undoes the whole transaction.
 */
import type { Scope } from './scope.js';

/** Payloads by event name. */
export interface DomainEvents {
  'organization.created': {
    organization: OrganizationFacts;
    region: string;
    owner: { email: string; role: string | undefined } | undefined;
  };
  'organization.renamed': { organization: OrganizationFacts };
  /** It is about to be dissolved; a subscriber refuses by throwing. */
  'organization.dissolving': { organization: OrganizationFacts };
  /** Its rows are about to be deleted for good; a subscriber deletes its own or refuses by throwing. */
  'organization.purging': { organization: OrganizationFacts };
  /** A person who needs a login account has none: has signed in, or is an active member. */
  'person.unprovisioned': { person: string };
  /**
   * The address of a person is to be proven: it was changed from `former`, or a proof was asked for. A subscriber says
   * what became of the mail.
   */
  'person.unproven': {
    person: string;
    email: string;
    former: string | undefined;
    outcome: { mail: 'queued' | 'no_transport' | 'no_organization' | null };
  };
  /** A person's own record is about to change otherwise than by themselves. A subscriber may refuse by throwing. */
  'person.changing': { person: string };
  /**
   * One person becomes another. A subscriber gives its records of the loser to the winner and adds to `moved` how
   * many of them there were.
   */
  'person.merging': { winner: string; loser: string; moved: Record<string, number> };
  /** Somebody is about to stop being a member; the grants are still there. A subscriber may refuse by throwing. */
  'member.leaving': { organization: OrganizationFacts; person: string; email: string };
  /** Membership, role or dates are changed and the grants follow already. */
  'member.changed': { organization: OrganizationFacts; person: string; member: string };
  /** Somebody has to authorize an integration again. */
  'integration.expired': {
    organization: string;
    integration: string;
    provider: string;
    account: string;
    /** E-mail addresses of those who can do it. */
    administrators: readonly string[];
  };
  /** A business associate agreement ends soon; told once for each. */
  'agreement.expiring': {
    organization: string;
    agreement: string;
    counterparty: string;
    expires_on: string;
    /** E-mail addresses of those who can renew it. */
    administrators: readonly string[];
  };
  /** Documents have new versions in the log; a subscriber tells clients after COMMIT. */
  'documents.changed': { organization: string; doctypes: readonly string[]; names: readonly string[] };
}

/** What other rooms need to know of an organization. */
export interface OrganizationFacts {
  id: string;
  slug: string;
  name: string;
  type: 'family' | 'company' | 'nonprofit' | 'association';
  linkedDoctype: string;
  linkedName: string;
}

type Handler<Name extends keyof DomainEvents> = (scope: Scope, event: DomainEvents[Name]) => Promise<void>;

export interface Events {
  publish<Name extends keyof DomainEvents>(
    scope: Scope,
    name: Name,
    event: DomainEvents[Name],
  ): Promise<void>;
}

/** Collects subscribers while the rooms are wired; afterwards only publishing is left. */
export function eventBoard(): Events & {
  subscribe<Name extends keyof DomainEvents>(name: Name, handler: Handler<Name>): void;
} {
  const handlers: { [Name in keyof DomainEvents]: Handler<Name>[] } = {
    'organization.created': [],
    'organization.renamed': [],
    'organization.dissolving': [],
    'organization.purging': [],
    'person.unprovisioned': [],
    'person.unproven': [],
    'person.changing': [],
    'person.merging': [],
    'member.leaving': [],
    'member.changed': [],
    'integration.expired': [],
    'agreement.expiring': [],
    'documents.changed': [],
  };
  return {
    subscribe: (name, handler) => {
      handlers[name].push(handler);
    },
    publish: async (scope, name, event) => {
      for (const handler of handlers[name]) await handler(scope, event);
    },
  };
}
