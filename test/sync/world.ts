/** An organization with a supervisor, two members and their devices, and short words for what they do. */
import type { Dartwing } from '../../src/core/index.js';
import { openTestDartwing } from '../support/database.js';

type Operation = Parameters<Dartwing['sync']['push']>[1]['operations'][number];
type FeedRequest = Parameters<Dartwing['sync']['feed']>[1];
type FeedRow = Awaited<ReturnType<Dartwing['sync']['feed']>>['rows'][number];

export interface Party {
  principal: { type: 'person'; id: string };
  person: string;
}

export async function openSyncWorld() {
  const world = await openTestDartwing();
  const { dartwing } = world;
  let count = 0;

  /** A company of its own with an owner and members. */
  const found = async (...members: string[]) => {
    const slug = `sync-${++count}`;
    const owner = `owner@${slug}.test`;
    const { after } = await dartwing.tenancy.create({ slug, type: 'company', owner });
    const list = await dartwing.people.member.list(slug);
    const [supervisor] = list.items;
    const parties = [party(supervisor!.person)];
    for (const name of members) parties.push(await join(slug, name));
    return { slug, id: after!.id, owner: parties[0]!, members: parties.slice(1) };
  };

  const join = async (slug: string, name: string, role = 'Employee') => {
    const { link } = await dartwing.invitations.create(slug, {
      kind: 'link',
      email: `${name}@${slug}.test`,
      role,
    });
    const { status } = await dartwing.invitations.accept({ token: link! });
    return party(status.accepted_by!);
  };

  /** Everything from a cursor to now. */
  const pull = async (slug: string, request: FeedRequest, call?: Party) => {
    const rows: FeedRow[] = [];
    const resets: unknown[] = [];
    let pages = 0;
    let { since } = request;
    for (;;) {
      const page = await dartwing.sync.feed(
        slug,
        { ...request, since },
        call && { principal: call.principal },
      );
      pages++;
      rows.push(...page.rows);
      resets.push(...page.resets);
      since = page.next_since;
      if (!page.has_more) return { rows, resets, pages, since };
    }
  };

  const push = async (slug: string, device: string, operations: readonly Operation[], call?: Party) =>
    (await dartwing.sync.push(slug, { device, operations }, call && { principal: call.principal })).results;

  return { ...world, found, join, pull, push };
}

function party(person: string): Party {
  return { principal: { type: 'person', id: person }, person };
}
