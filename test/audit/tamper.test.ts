/** What somebody can do who owns the database but not the keys, and that each of it is found as what it is. */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { newestAnchor } from '../../src/core/audit/archive/catalogue.js';
import { signCheckpoint, verifierOf, verifierText } from '../../src/core/audit/checkpoint/note.js';
import { type ChainHead, emptyTrail, extendTrail } from '../../src/core/audit/head.js';
import { treeRoot } from '../../src/core/audit/merkle.js';
import { operatorOf } from '../support/operator.js';
import { openArchiveWorld, sabotage } from './archive-suite.js';
import { write } from './entries.js';

const faketime = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
].find(existsSync);
const place = mkdtempSync(join(tmpdir(), 'dartwing-tamper-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
const world = await openArchiveWorld({ place });
const { dartwing, acme, beta, database } = world;
const tables = [
  'audit_event',
  'audit_head',
  'audit_checkpoint',
  'audit_epoch',
  'audit_signer',
  'audit_segment',
];

for (let turn = 0; turn < 3; turn++) {
  await write(world, acme, 4);
  await write(world, beta, 4);
  await dartwing.audit.checkpoint();
}
const sql = (text: string) => database.admin.query(text);
const [{ size, began }] = (
  await sql(`select seq::int as size, genesis_at as began from audit_head where organization = '${acme}'`)
).rows as [{ size: number; began: Date }];
const whole = (await dartwing.audit.checkpoints()).items.map(({ note }) => note).join('\n');
const { rows: sizes } = await sql(
  `select size::int as size, place::int as place from audit_checkpoint where organization = '${acme}' order by size`,
);
const [early, middle] = sizes as { size: number; place: number }[];

for (const table of tables) await sql(`create temp table kept_${table} as table ${table}`);

/** Does something to the database, verifies, and puts everything back. */
async function findings(attack: () => Promise<unknown>, anchors: readonly string[] = []): Promise<string[]> {
  try {
    await attack();
    const report = await dartwing.audit.verify({ anchors });
    return report.findings.map(({ organization, kind, severity }) => `${severity} ${kind} ${organization}`);
  } finally {
    await sabotage(
      world,
      ...tables.flatMap((table) => [
        `delete from ${table}`,
        `insert into ${table} select * from kept_${table}`,
      ]),
    );
  }
}

const own = `organization = '${acme}'`;
const by =
  (...statements: string[]) =>
  () =>
    sabotage(world, ...statements);
const lastLog = "(select max(size) from audit_checkpoint where organization = 'DEPLOYMENT')";
const withoutOrganization = [
  `delete from audit_event where ${own}`,
  `delete from audit_head where ${own}`,
  `delete from audit_checkpoint where ${own}`,
];

/** The trail of acme anew from entry `from` on, with other content and every hash right. */
async function rewrite(from: number, to = size): Promise<ChainHead> {
  const { rows } = await sql(
    `select body, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at from audit_event where ${own} order by seq`,
  );
  const { rows: heads } = await sql(
    `select to_char(genesis_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at from audit_head where ${own}`,
  );
  let head = emptyTrail(acme, heads[0].at);
  const statements: string[] = [];
  for (const [index, row] of rows.slice(0, to).entries()) {
    const seq = index + 1;
    const text = (row.body as Buffer).toString();
    const body = Buffer.from(seq < from ? text : text.replace('"via":"http"', '"via":"job"'));
    const { head: next, entries } = extendTrail({ ...head, lastAt: head.lastAt }, [body], row.at);
    head = next;
    const hex = (bytes: Buffer) => `'\\x${bytes.toString('hex')}'`;
    const { leaf, chain } = entries[0]!;
    statements.push(
      `update audit_event set body = ${hex(body)}, leaf = ${hex(leaf)}, chain = ${hex(chain)}, via = convert_from(${hex(body)}, 'utf8')::jsonb ->> 'via' where ${own} and seq = ${seq}`,
    );
  }
  const frontier = head.frontier.map((peak) => `'\\x${peak.toString('hex')}'::bytea`).join(', ');
  await sabotage(
    world,
    ...statements,
    `delete from audit_event where ${own} and seq > ${to}`,
    `update audit_head set seq = ${to}, chain = '\\x${head.chain.toString('hex')}', frontier = array[${frontier}],
       last_at = (select at from audit_event where ${own} and seq = ${to}) where ${own}`,
  );
  return head;
}

/** Checkpoints of acme signed anew by a key that is not ours. */
async function signAnew(head: ChainHead, register: boolean): Promise<void> {
  const { rows } = await sql('select deployment from installation');
  const name = `dartwing/${rows[0].deployment}`;
  const pair = generateKeyPairSync('ed25519');
  const verifier = verifierOf(name, pair.publicKey);
  const root = treeRoot(head.frontier);
  const note = signCheckpoint({ origin: `${name}/${acme}`, size, root }, verifier, pair.privateKey);
  await sabotage(
    world,
    `delete from audit_checkpoint where ${own} and size < ${size}`,
    `update audit_checkpoint set note = '${note}', root = '\\x${root.toString('hex')}' where ${own}`,
    ...(register
      ? [
          `insert into audit_signer (organization, generation, verifier) values ('SYSTEM', 99, '${verifierText(verifier)}')`,
        ]
      : []),
  );
}

type Case = [string, () => Promise<unknown>, string];

describe('the trail of an organization', () => {
  it.each<Case>([
    [
      'a body is edited',
      by(
        `update audit_event set body = convert_to(replace(convert_from(body, 'utf8'), 'http', 'httq'), 'utf8') where ${own} and seq = 5`,
      ),
      'change',
    ],
    [
      'a body is replaced by no JSON',
      by(`update audit_event set body = 'x' where ${own} and seq = 5`),
      'change',
    ],
    [
      'an actor is exchanged in its column',
      by(`update audit_event set actor_id = 'somebody' where ${own} and seq = 5`),
      'change',
    ],
    [
      'a mark of health information is taken away',
      by(`update audit_event set is_phi = not is_phi where ${own} and seq = 5`),
      'change',
    ],
    [
      'a request gets another id',
      by(`update audit_event set request_id = 'req_x' where ${own} and seq = 5`),
      'change',
    ],
    [
      'a time is moved',
      by(`update audit_event set at = at + interval '1 microsecond' where ${own} and seq = ${size}`),
      'change',
    ],
    [
      'a leaf is changed',
      by(`update audit_event set leaf = sha256(leaf) where ${own} and seq = 5`),
      'change',
    ],
    [
      'a checksum is changed',
      by(`update audit_event set chain = sha256(chain) where ${own} and seq = 5`),
      'change',
    ],
    [
      'an entry becomes a copy of another',
      by(
        `update audit_event set (body, leaf) = (select body, leaf from audit_event where ${own} and seq = 6) where ${own} and seq = 5`,
      ),
      'change',
    ],
    ['the first entry is deleted', by(`delete from audit_event where ${own} and seq = 1`), 'deletion'],
    ['an entry is deleted', by(`delete from audit_event where ${own} and seq = 5`), 'deletion'],
    [
      'several entries are deleted',
      by(`delete from audit_event where ${own} and seq in (5, 6, 8)`),
      'deletion',
    ],
    [
      'the gap is closed and the head moved',
      by(
        `delete from audit_event where ${own} and seq = 5`,
        `update audit_event set seq = seq - 1 where ${own} and seq > 5`,
        `update audit_head set seq = seq - 1 where ${own}`,
      ),
      'deletion',
    ],
    [
      'two entries are exchanged',
      by(`update audit_event set seq = 11 - seq where ${own} and seq in (5, 6)`),
      'reordering',
    ],
    [
      'an entry is moved to the end',
      by(
        `update audit_event set seq = ${size} + 1 where ${own} and seq = 5`,
        `update audit_event set seq = seq - 1 where ${own} and seq > 5`,
      ),
      'reordering',
    ],
    [
      'a second entry gets a number',
      by(
        `insert into audit_event select organization, seq, at + interval '1 microsecond', action, actor_type, 'x', via, doctype, document_name, is_phi, request_id, body, leaf, chain from audit_event where ${own} and seq = 5`,
      ),
      'insertion',
    ],
    [
      'an entry is put behind the head',
      by(
        `insert into audit_event select organization, seq + 1, at + interval '1 second', action, actor_type, actor_id, via, doctype, document_name, is_phi, request_id, body, leaf, chain from audit_event where ${own} and seq = ${size}`,
      ),
      'insertion',
    ],
    [
      'an entry of another organization is put in',
      by(
        `delete from audit_event where ${own} and seq = 5`,
        `insert into audit_event select '${acme}', 5, at, action, actor_type, actor_id, via, doctype, document_name, is_phi, request_id, body, leaf, chain from audit_event where organization = '${beta}' and seq = 5`,
      ),
      'change',
    ],
    ['the end is deleted', by(`delete from audit_event where ${own} and seq > 8`), 'truncation'],
    ['every entry is deleted', by(`delete from audit_event where ${own}`), 'truncation'],
    ['the end is deleted and the head set back', () => rewrite(size + 1, size - 2), 'truncation'],
    ['the head is deleted', by(`delete from audit_head where ${own}`), 'deletion'],
    [
      'the head is set back alone',
      by(
        `update audit_head set (seq, chain, last_at) = (select seq, chain, at from audit_event where ${own} and seq = 5) where ${own}`,
      ),
      'change',
    ],
    [
      'the tree in the head is changed',
      by(`update audit_head set frontier = array[sha256('x')] where ${own}`),
      'change',
    ],
    [
      'the beginning is moved',
      by(`update audit_head set genesis_at = genesis_at - interval '1 day' where ${own}`),
      'change',
    ],
    [
      'the clock is put back for all entries',
      by(`update audit_event set at = at - interval '1 hour' where ${own}`),
      'change',
    ],
    [
      'the whole trail is deleted with its head',
      by(withoutOrganization[0]!, withoutOrganization[1]!),
      'deletion',
    ],
    ['the trail is rewritten from the middle to its end', () => rewrite(6), 'fork'],
    ['the trail is rewritten from its beginning', () => rewrite(1), 'fork'],
    ['the last entry is rewritten', () => rewrite(size), 'fork'],
    ['the trail is rewritten and cut off', () => rewrite(6, size - 2), 'fork'],
    [
      'it is rewritten, and roots beside the notes too',
      async () => {
        const root = treeRoot((await rewrite(6)).frontier);
        await sabotage(
          world,
          `update audit_checkpoint set root = '\\x${root.toString('hex')}' where ${own} and size = ${size}`,
          `delete from audit_checkpoint where ${own} and size < ${size}`,
        );
      },
      'forgery',
    ],
    ['it is rewritten and signed by another key', async () => signAnew(await rewrite(6), false), 'forgery'],
    [
      'it is signed by another key that is entered as ours',
      async () => signAnew(await rewrite(6), true),
      'forgery',
    ],
    [
      'a checkpoint of a smaller size is forged',
      by(
        `update audit_checkpoint set note = replace(note, E'\\n${early!.size}\\n', E'\\n${early!.size - 1}\\n') where ${own} and size = ${early!.size}`,
      ),
      'forgery',
    ],
    [
      'a checkpoint is that of another organization',
      by(
        `update audit_checkpoint set note = (select note from audit_checkpoint where organization = '${beta}' order by size limit 1) where ${own} and size = ${early!.size}`,
      ),
      'forgery',
    ],
    [
      'a checkpoint is no note',
      by(`update audit_checkpoint set note = 'signed' where ${own} and size = ${early!.size}`),
      'forgery',
    ],
    [
      'entries are declared as lost without us',
      async () => {
        await rewrite(size + 1, size - 2);
        await sabotage(
          world,
          `insert into audit_epoch (organization, epoch, kept, lost, mac) values ('${acme}', 2, ${size - 2}, 2, sha256('x')), ('DEPLOYMENT', 2, 1, 99, sha256('x'))`,
        );
      },
      'truncation',
    ],
  ])('tells when %s', async (_, attack, kind) => {
    expect(await findings(attack)).toContain(`fail ${kind} ${acme}`);
  });
});

describe('the log over all organizations', () => {
  it.each<Case>([
    [
      'a checkpoint is deleted',
      by(`delete from audit_checkpoint where ${own} and size = ${middle!.size}`),
      'deletion',
    ],
    ['a whole organization is deleted with everything', by(...withoutOrganization), 'deletion'],
    [
      'the gap of an organization is closed',
      by(
        ...withoutOrganization,
        'update audit_checkpoint c set place = (select count(*) from audit_checkpoint o where o.place <= c.place) where place is not null',
      ),
      'fork',
    ],
    [
      'two checkpoints are exchanged',
      by(
        `update audit_checkpoint set place = ${early!.place} + ${middle!.place} - place where ${own} and place in (${early!.place}, ${middle!.place})`,
      ),
      'fork',
    ],
    [
      'two checkpoints have one number',
      by(`update audit_checkpoint set place = ${early!.place} where ${own} and size = ${middle!.size}`),
      'insertion',
    ],
    [
      'its newest root is deleted',
      by(`delete from audit_checkpoint where organization = 'DEPLOYMENT' and size = ${lastLog}`),
      'deletion',
    ],
    [
      'its root is changed',
      by("update audit_checkpoint set root = sha256(root) where organization = 'DEPLOYMENT'"),
      'forgery',
    ],
    ['its end is deleted', by(`delete from audit_checkpoint where place = ${lastLog}`), 'truncation'],
  ])('tells when %s', async (_, attack, kind) => {
    expect(await findings(attack)).toContain(`fail ${kind} DEPLOYMENT`);
  });

  it('with a checkpoint that somebody kept tells what the database does not know any more', async () => {
    const all = ['delete from audit_checkpoint', 'delete from audit_signer'];
    expect(await findings(by(...all), [whole])).toContain('fail truncation DEPLOYMENT');
    expect(await findings(by(...all, ...withoutOrganization), [whole])).toContain(`fail deletion ${acme}`);
    const rewritten = async () => {
      await rewrite(6);
      await sabotage(world, ...all);
    };
    expect(await findings(rewritten, [whole])).toContain(`fail fork ${acme}`);
    expect(await findings(async () => {}, [whole])).toEqual([]);
  });
});

describe('partitions', () => {
  const partition = `audit_event_${began.toISOString().slice(0, 7).replace('-', '_')}`;
  it('are missed when they are detached', async () => {
    await sql(`alter table audit_event detach partition ${partition}`);
    const report = await dartwing.audit.verify();
    const month = `${began.toISOString().slice(0, 7)}-01`;
    await sql(
      `alter table audit_event attach partition ${partition} for values from ('${month} 00:00+00') to (timestamptz '${month} 00:00+00' + interval '1 month')`.replace(
        /\(timestamptz '([^']+)' \+ interval '1 month'\)/,
        (_, from: string) => {
          const next = new Date(from.replace(' ', 'T').replace('+00', 'Z'));
          next.setUTCMonth(next.getUTCMonth() + 1);
          return `('${next.toISOString()}')`;
        },
      ),
    );
    expect(report.findings).toEqual(
      expect.arrayContaining([expect.objectContaining({ organization: acme, kind: 'truncation' })]),
    );
    expect((await dartwing.audit.verify()).findings).toEqual([]);
  });
});

describe('the stage', () => {
  it('makes an entry audit.tamper of what was edited before it was sequenced', async () => {
    await write(world, beta, 1);
    await sql(
      "update audit_stage set body = convert_to(replace(convert_from(body, 'utf8'), 'http', 'job'), 'utf8')",
    );
    await dartwing.audit.sequence();
    const { items } = await dartwing.audit.query({ organization: beta, action: 'audit.tamper' });
    expect(items).toHaveLength(1);
  });
});

describe('an older copy of the database that was put back', () => {
  it('is found, is not signed on, and goes on under a new epoch once somebody said what was lost', async () => {
    await dartwing.audit.seal();
    for (const table of tables) await sql(`create temp table older_${table} as table ${table}`);
    await write(world, acme, 3);
    await dartwing.audit.seal();
    const anchors = [(await dartwing.audit.checkpoints()).items.map(({ note }) => note).join('\n')];
    await sabotage(
      world,
      ...tables.flatMap((table) => [
        `delete from ${table}`,
        `insert into ${table} select * from older_${table}`,
      ]),
    );
    await write(world, acme, 1);
    const found = await dartwing.audit.verify({ anchors });
    expect(found.findings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ organization: acme, kind: 'truncation' }),
        expect.objectContaining({ organization: 'DEPLOYMENT', kind: 'truncation' }),
      ]),
    );
    await expect(dartwing.audit.checkpoint()).rejects.toMatchObject({ code: 'AUDIT_LOG_REFUSED' });
    // A clock that was put back hides nothing of the archive, nor does one that was put forward.
    const at = (years: number) => newestAnchor(world.store, new Date(Date.now() + years * 31_557_600_000));
    expect(await at(0)).toBeDefined();
    for (const years of [-7, 7]) expect(await at(years)).toBe(await at(0));
    if (faketime === undefined)
      process.stderr.write('A false clock was not tested: libfaketime is not installed\n');
    else
      for (const years of ['-7y', '+7y'])
        expect(
          await operatorOf(database).fail('audit checkpoint', {
            env: {
              LD_PRELOAD: faketime,
              FAKETIME: years,
              FAKETIME_DONT_FAKE_MONOTONIC: '1',
              DARTWING_AUDIT_ARCHIVE: place,
            },
          }),
          years,
        ).toMatchObject({ code: 'AUDIT_LOG_REFUSED' });
    const { epoch, lost } = await dartwing.audit.recover({ anchors }, { reason: 'disk of Monday' });
    expect(epoch).toBe(2);
    expect(lost).toEqual(expect.arrayContaining([expect.objectContaining({ organization: acme })]));
    expect((await dartwing.audit.checkpoint()).note).toMatch(/^dartwing\/\w+~2\n/);
    const after = await dartwing.audit.verify({ anchors });
    expect(after.findings.filter(({ severity }) => severity === 'fail')).toEqual([]);
    expect(new Set(after.findings.map(({ kind }) => kind))).toEqual(new Set(['restored']));
    const { items } = await dartwing.audit.query({ organization: acme, action: 'audit.restored' });
    expect(items[0]).toMatchObject({ reason: 'disk of Monday', new: { epoch: 2 } });
    expect((await dartwing.audit.seal()).failed).toEqual([]);
    expect((await dartwing.audit.verifyArchive()).ok).toBe(true);
  });
});
