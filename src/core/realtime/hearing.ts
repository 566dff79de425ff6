/**
 * What a caller may hear: the one decision for every join, with the rights of the transaction that makes it. A channel
 * that is not there and one that may not be heard look the same.
 */
import { isAuthorized, requireSignedIn, type Scope } from '../access/index.js';
import {
  adminRoom,
  type Channel,
  customRoom,
  doctypeRoom,
  documentRoom,
  jobRoom,
  organizationRoom,
  parseChannel,
} from './channel.js';
import { findDocuments, findJobs, listOpenOrganizations, type OpenOrganization } from './queries.js';

/** A channel that a caller wants to hear. */
export interface Wish {
  channel: string;
  /** Id or slug, where the name does not tell: of a document, a job or a room. Default: the organizations of the caller. */
  organization?: string | undefined;
}

/** An organization whose news a caller hears without asking. */
export type HeardOrganization = Pick<OpenOrganization, 'id' | 'slug'> & {
  /** Whether it wants a sign-in with a second factor, which is not decided here. */
  needsStrongSignIn: boolean;
};

/** A channel that may be heard. */
export interface HeardChannel {
  /** Keys of its rooms; the first one is the channel itself. */
  rooms: readonly string[];
  organization: string | undefined;
}

export interface Hearing {
  /** Account of a person. */
  account: string | undefined;
  organizations: readonly HeardOrganization[];
  /** In the order of the wishes; undefined for what may not be heard, or is not there. */
  channels: readonly (HeardChannel | undefined)[];
  /** When rights end by themselves, in milliseconds; Infinity when they don't. */
  endsAt: number;
}

/** Decides what the caller of a scope hears. @throws UNAUTHENTICATED */
export async function hear(scope: Scope, wishes: readonly Wish[]): Promise<Hearing> {
  requireSignedIn(scope);
  const { tx, principal, access } = scope;
  const own = ownOrganizations(scope);
  const asked = wishes.map((wish) => ({ wish, channel: parseChannel(wish.channel) }));
  const named = asked.flatMap(({ wish, channel }) => nameOf(wish, channel) ?? []);
  const open = await listOpenOrganizations(tx, [...new Set([...own, ...named])]);
  const find = (ref: string) => open.find(({ id, slug }) => id === ref || slug === ref);
  const maySee = ({ id }: OpenOrganization) =>
    isAuthorized(scope, 'read', { doctype: 'Organization', name: id, organization: id });
  /** Where something that has no organization in its name may lie. */
  const places = (wish: Wish): OpenOrganization[] => {
    if (wish.organization === undefined) return open.filter(({ id }) => own.includes(id));
    const place = find(wish.organization);
    return place === undefined ? [] : [place];
  };

  const documents = await findDocuments(
    tx,
    asked.flatMap(({ wish, channel }) =>
      channel?.kind !== 'doc'
        ? []
        : places(wish).map(({ id }) => ({ organization: id, doctype: channel.doctype, name: channel.name })),
    ),
  );
  const jobs = await findJobs(
    tx,
    asked.flatMap(({ wish, channel }) =>
      channel?.kind !== 'job'
        ? []
        : places(wish).map(({ id }) => ({ organization: id, number: numberOf(channel.job) })),
    ),
  );

  const decide = ({ wish, channel }: (typeof asked)[number]): HeardChannel | undefined => {
    switch (channel?.kind) {
      case 'user':
        return access?.user?.toLowerCase() === channel.account
          ? { rooms: [], organization: undefined }
          : undefined;
      case 'org': {
        const place = find(channel.organization);
        return place && maySee(place) ? heard(place.id, organizationRoom(place.id)) : undefined;
      }
      case 'sync': {
        const place = find(channel.organization);
        if (place === undefined) return undefined;
        const rooms = (person?: string) => doctypeRoom(place.id, channel.doctype, person);
        return part(scope, { doctype: channel.doctype, name: '*', organization: place.id }, rooms);
      }
      case 'doc': {
        const ids = places(wish).map(({ id }) => id);
        const found = documents.filter(
          (row) =>
            row.doctype === channel.doctype && row.name === channel.name && ids.includes(row.organization),
        );
        return single(
          found.flatMap((row) => {
            const { organization, owner } = row;
            const rooms = (person?: string) => documentRoom(organization, row.doctype, row.name, person);
            const ref = { doctype: row.doctype, name: row.name, organization };
            return part(scope, ref, rooms, owner) ?? [];
          }),
        );
      }
      case 'room':
        return single(
          places(wish)
            .filter(maySee)
            .map(({ id }) => heard(id, customRoom(id, channel.name))),
        );
      case 'job': {
        const ids = places(wish).map(({ id }) => id);
        const mine = jobs.filter(
          (row) =>
            ids.includes(row.organization) &&
            row.number === numberOf(channel.job) &&
            isAuthorized(scope, 'read', {
              doctype: 'Background Job',
              name: channel.job,
              organization: row.organization,
              owner: row.owner,
            }),
        );
        return single(
          mine.map(({ organization }) => heard(organization, jobRoom(organization, channel.job))),
        );
      }
      case 'admin':
        return principal.key === undefined &&
          isAuthorized(scope, 'administer', { doctype: 'Background Job', name: '*' })
          ? { rooms: [adminRoom], organization: undefined }
          : undefined;
      default:
        return undefined;
    }
  };

  return {
    account: access?.user ?? undefined,
    organizations: open
      .filter((place) => own.includes(place.id) && maySee(place))
      .map(({ id, slug, needs_strong_sign_in: needsStrongSignIn }) => ({ id, slug, needsStrongSignIn })),
    channels: asked.map(decide),
    endsAt: access?.endsAt ?? Number.POSITIVE_INFINITY,
  };
}

/** Ids of the organizations that a caller belongs to. */
function ownOrganizations({ principal, access }: Scope): string[] {
  if (principal.key !== undefined) return [principal.key.organization];
  if (access === undefined) return [];
  return [...new Set([...access.organizations.keys(), ...access.documents.keys()])];
}

function nameOf(wish: Wish, channel: Channel | undefined): string | undefined {
  return channel?.kind === 'org' || channel?.kind === 'sync' ? channel.organization : wish.organization;
}

/** All documents of a kind, or only what is the person's: another owner ends that at once. */
function part(
  scope: Scope,
  ref: { doctype: string; name: string; organization: string },
  rooms: (person?: string) => string,
  owner?: string | null,
): HeardChannel | undefined {
  if (isAuthorized(scope, 'read', ref)) return heard(ref.organization, rooms());
  const person = scope.principal.type === 'person' ? scope.principal.id : undefined;
  if (person === undefined || (owner !== undefined && owner !== person)) return undefined;
  return isAuthorized(scope, 'read', { ...ref, owner: person })
    ? heard(ref.organization, rooms(person))
    : undefined;
}

function heard(organization: string, ...rooms: string[]): HeardChannel {
  return { rooms, organization };
}

/** What is there in two organizations has to be named with one. */
function single(found: readonly HeardChannel[]): HeardChannel | undefined {
  return found.length === 1 ? found[0] : undefined;
}

/** The number in the id of a job. */
function numberOf(job: string): string {
  return String(Number(job.split('-').at(-1)));
}
