/** The rights of one person, compiled. Pure. */
import { bitOf, everyBit } from './actions.js';
import { combine, either, onlyNamed, type RightsTable, type Rules } from './rights.js';
import type { Rulebook } from './rulebook.js';

/** A person in an organization. */
export interface Membership {
  role: string;
  isSupervisor: boolean;
  rights: RightsTable;
  /** `rights` with `own` of the person: what a decision asks. */
  decides: RightsTable;
}

/** Everything `authorize` needs to know of a person. Immutable; a change of rights makes another one. */
export interface AccessContext {
  person: string;
  /** The login account; null when there is none that may sign in, and then there are no rights. */
  user: string | null;
  systemRoles: readonly string[];
  /** Rights in every organization and on every record: a System Manager's. */
  everywhere: RightsTable | undefined;
  /** Rights on records that belong to no organization; none on doctypes that are not named. */
  own: RightsTable;
  /** By organization id. */
  organizations: ReadonlyMap<string, Membership>;
  /** Single documents a guest may see: organization, doctype, names. */
  documents: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;
  documentRights: RightsTable;
  /** Organizations of the two above that are suspended: nothing is allowed there. */
  closed: ReadonlySet<string>;
  /** Version stamp of the moment it was read. */
  stamp: string;
  /** When it ends by itself, because a guest's time or a suspension does; in milliseconds. */
  endsAt: number;
}

/** What the database says of a person (`access_rights`). */
export interface StoredRights {
  user: string;
  system_roles: string[];
  /** Organization, role, whether it supervises, end of a guest's time. */
  organizations: [string, string, boolean, string | null][];
  /** Organization, doctype, name. */
  documents: [string, string, string][];
  /** Suspended organization, end of the suspension. */
  closed: [string, string | null][];
}

/** Makes contexts of one rulebook; persons with the same roles share their tables. */
export function contextMaker(book: Rulebook) {
  const shared = new Map<string, RightsTable>();
  const share = (key: string, make: () => RightsTable): RightsTable => {
    let table = shared.get(key);
    if (table === undefined) {
      table = make();
      shared.set(key, table);
    }
    return table;
  };
  const reaching = (roles: readonly string[], reach: string): Rules[] =>
    roles.flatMap((role) => {
      const known = book.systemRoles.get(role);
      return known?.reach === reach ? [known.rules] : [];
    });

  return (person: string, stamp: string, stored: StoredRights | null): AccessContext => {
    const roles = [...(stored?.system_roles ?? [])].sort();
    const mine = roles.join('|');
    const reaches = new Set(roles.map((role) => book.systemRoles.get(role)?.reach));
    const mayMore = reaches.has('everywhere') || reaches.has('supervised') || reaches.has('member');
    const readOnly = reaches.has('documents') ? bitOf('read') : 0;
    const ceiling = mayMore ? everyBit : readOnly;
    const own = share(`${mine}|own`, () => onlyNamed(combine(reaching(roles, 'member'), everyBit)));
    const membershipOf = ([
      ,
      role,
      isSupervisor,
      until,
    ]: StoredRights['organizations'][number]): Membership => {
      const limit = until === null ? ceiling : ceiling & bitOf('read');
      const key = `${mine}|${role}|${isSupervisor}|${limit}`;
      const rights = share(key, () =>
        combine(
          [book.ofTemplate(role, isSupervisor), ...(isSupervisor ? reaching(roles, 'supervised') : [])],
          limit,
        ),
      );
      const decides = share(`${key}|decides`, () => either(rights, own));
      return { role, isSupervisor, rights, decides };
    };
    const organizations = stored?.organizations ?? [];
    const closed = stored?.closed ?? [];
    const ends = [...organizations.map(([, , , until]) => until), ...closed.map(([, until]) => until)];
    return {
      person,
      user: stored?.user ?? null,
      systemRoles: roles,
      everywhere: reaches.has('everywhere')
        ? share(`${mine}|everywhere`, () => combine(reaching(roles, 'everywhere'), everyBit))
        : undefined,
      own,
      organizations: new Map(organizations.map((row) => [row[0], membershipOf(row)])),
      documents: groupDocuments(stored?.documents ?? []),
      documentRights: share(`${mine}|documents`, () => combine(reaching(roles, 'documents'), bitOf('read'))),
      closed: new Set(closed.map(([organization]) => organization)),
      stamp,
      endsAt: Math.min(...ends.map((until) => (until === null ? Infinity : Date.parse(until)))),
    };
  };
}

/** The same rights where suspended organizations count as open: a job that runs may come to its end. */
export function withClosedOpened(context: AccessContext): AccessContext {
  return context.closed.size === 0 ? context : { ...context, closed: new Set() };
}

function groupDocuments(rows: StoredRights['documents']): Map<string, Map<string, Set<string>>> {
  const grouped = new Map<string, Map<string, Set<string>>>();
  for (const [organization, doctype, name] of rows) {
    const doctypes = grouped.get(organization) ?? new Map<string, Set<string>>();
    grouped.set(organization, doctypes.set(doctype, (doctypes.get(doctype) ?? new Set()).add(name)));
  }
  return grouped;
}
