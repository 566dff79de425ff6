/** What happens to documents when two persons become one. */
import { type DomainEvents, recordAct, type Scope } from '../access/index.js';
import { canonicalJson } from '../json.js';
import { limits } from '../limits.js';
import { type DocumentRow, findOrganizationsOf, renameCreator } from './change-queries.js';
import type { LinkTo } from './doctype.js';
import type { Registry } from './registry.js';
import { lockDocumentsNaming, rewriteTombstones, writeChanges } from './store.js';

type Data = DocumentRow['data'];

/**
 * Subscribes to `person.merging`: in the organizations of both, documents of the loser are the winner's, and what links
 * to the loser links to the winner. Each is a new version, so that clients hear of it. Records of other rooms follow
 * their rows.
 */
export async function followMergedPerson(
  scope: Scope,
  registry: Registry,
  { winner, loser, moved }: DomainEvents['person.merging'],
): Promise<void> {
  const doctypes = registry
    .all()
    .filter(({ isRecord }) => !isRecord)
    .map(({ name }) => name);
  const organizations = await findOrganizationsOf(scope.tx, [winner, loser]);
  // In one order for all, as whoever holds one head may wait for another.
  for (const organization of organizations) {
    const count = await moveIn(scope, registry, { organization, doctypes, winner, loser });
    if (count === 0) continue;
    moved.documents = (moved.documents ?? 0) + count;
    await recordAct(
      scope,
      organization,
      'document.reassign',
      { doctype: 'Person', name: winner, organization },
      { old: { person: loser }, new: { person: winner, documents: count } },
    );
  }
}

async function moveIn(
  scope: Scope,
  registry: Registry,
  {
    organization,
    doctypes,
    winner,
    loser,
  }: { organization: string; doctypes: readonly string[]; winner: string; loser: string },
): Promise<number> {
  const { tx, clock, principal } = scope;
  const writer = { organization, at: clock.now(), by: principal.id };
  await renameCreator(tx, organization, loser, winner);
  let count = 0;
  for (let after: readonly [string, string] = ['', '']; ; ) {
    const rows = await lockDocumentsNaming(tx, registry, {
      organization,
      doctypes,
      person: loser,
      after,
      limit: limits.pageMax,
    });
    const changed = rows.map((row) => {
      const isMine = (link: LinkTo) => link.doctype === 'Person' && link.name === loser;
      const links = registry.get(row.doctype).linksOf(row.data).filter(isMine);
      const owner = row.owner === loser ? winner : row.owner;
      return {
        row,
        owner,
        data: relinked(row.data, links, () => winner),
        isMoved: links.length > 0 || owner !== row.owner,
      };
    });
    const live = changed.filter(({ row, isMoved }) => isMoved && !row.deleted);
    await writeChanges(
      tx,
      registry,
      writer,
      live.map(({ row, owner, data }) => ({
        doctype: row.doctype,
        name: row.name,
        base: row.version,
        version: row.version + 1,
        op: 'update',
        wasDeleted: false,
        deleted: false,
        final: true,
        data: canonicalJson(data),
        owner,
      })),
    );
    await rewriteTombstones(
      tx,
      registry,
      organization,
      changed
        .filter(({ row, isMoved }) => isMoved && row.deleted)
        .map(({ row, owner, data }) => ({ ...row, owner, data })),
    );
    count += live.length;
    const last = rows.at(-1);
    if (last === undefined || rows.length < limits.pageMax) return count;
    after = [last.doctype, last.name];
  }
}

/** A copy of some data in which links have other names. */
export function relinked(
  data: Readonly<Data>,
  links: readonly LinkTo[],
  nameOf: (link: LinkTo) => string,
): Data {
  if (links.length === 0) return { ...data };
  const copy = structuredClone(data) as Data;
  for (const link of links) {
    const steps = link.path.split('.');
    const last = steps.pop()!;
    const place = steps.reduce<Data>((at, step) => at[step] as Data, copy);
    place[last] = nameOf(link);
  }
  return copy;
}
