/** Pages are accepted at once when every entry is right, and only then. */
import { expect, it } from 'vitest';
import { stageAuditMany } from '../../src/core/audit/index.js';
import { type EventPage, openPage } from '../../src/core/audit/page.js';
import { readEventPage, readHead } from '../../src/core/audit/read-queries.js';
import { startOf } from '../../src/core/audit/walk.js';
import { atEnd } from '../support/ending.js';
import { openTrail } from './trail.js';

const trail = await openTrail();
atEnd(trail.close);
const organization = 'ORG-2026-00001';
const plain = {
  action: 'update',
  actor: { type: 'person', id: 'PERSON-2026-00001' },
  via: 'http' as const,
  ref: { doctype: 'Task', name: 'task-1' },
};
const tail = `"ref":{"doctype":"Task","name":"task-1"},"v":1,"via":"http"}`;
await trail.asOrg(organization, (tx) =>
  stageAuditMany(tx, [
    plain,
    { ...plain, actor: { ...plain.actor, ip: '2001:db8::1' }, requestId: 'req_1', isPhi: true },
    { ...plain, fields: ['a', '],"id":"', '"'], new: { org: organization, ref: { name: 'other' } } },
    { ...plain, reason: `She said "no", \\ and left ${tail}`, old: null, new: [] },
    { ...plain, ref: { doctype: 'Büro', name: 'a"b\\c\n日本\u2028 😀' }, requestId: '.' },
    { ...plain, new: { reason: `","org":"${organization}","reason":"` }, reason: 'because' },
  ]),
);
await trail.sequence();
const { head } = await trail.database.transaction((tx) => readHead(tx, organization));
const page = (await trail.database.transaction((tx) => readEventPage(tx, head!)))!;
const prove = (changed: Partial<EventPage> = {}, owner = organization) =>
  openPage(owner, { ...page, ...changed })?.prove(startOf(head!), page.entries);

it('accepts whatever was staged, and comes to the head', () => {
  expect(page.entries).toBe(6);
  const { seq, at, chain, frontier } = prove()!;
  expect({ seq, at, chain, frontier }).toEqual({
    seq: head!.seq,
    at: head!.lastAt,
    chain: head!.chain,
    frontier: head!.frontier,
  });
});

it('begins and ends anywhere in the page', () => {
  const opened = openPage(organization, page)!;
  const half = opened.prove(startOf(head!), 3)!;
  expect(opened.prove(half, 6)).toEqual(prove());
  expect(opened.prove({ ...half, seq: 6 }, 7)).toBeUndefined();
  expect(opened.prove({ ...half, seq: -1 }, 3)).toBeUndefined();
});

const flipped = (bytes: Buffer, at: number) => {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1;
  return copy;
};

it('accepts no page with one byte changed anywhere', () => {
  for (const name of ['seqs', 'times', 'leaves', 'chains'] as const)
    for (let at = 0; at < page[name].length; at++)
      expect(prove({ [name]: flipped(page[name], at) }), `${name} ${at}`).toBeUndefined();
  for (const name of [
    'bodies',
    'action',
    'actor_type',
    'actor_id',
    'via',
    'doctype',
    'document_name',
    'is_phi',
    'request_id',
  ] as const)
    for (const [at, letter] of [...page[name]].entries()) {
      const other = letter === 'x' ? 'y' : 'x';
      const text = [...page[name].slice(0)].map((each, place) => (place === at ? other : each)).join('');
      expect(prove({ [name]: text }), `${name} ${at}`).toBeUndefined();
    }
  expect(prove({}, 'ORG-2026-00002')).toBeUndefined();
});

it('leaves to the slow walk what holds the separator, or less than it says', () => {
  expect(
    openPage(organization, { ...page, action: page.action.replace('update', 'up\u001fdate') }),
  ).toBeUndefined();
  expect(openPage(organization, { ...page, leaves: page.leaves.subarray(1) })).toBeUndefined();
  expect(openPage(organization, { ...page, is_phi: 'f' })).toBeUndefined();
});
