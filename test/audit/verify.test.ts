import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stageAudit, stageAuditMany, verifyTrails } from '../../src/core/audit/index.js';
import { openTrail, type Trail } from './trail.js';

const size = 1_200;
let trail: Trail;
let organization: string;
let organizations = 0;

beforeAll(async () => {
  trail = await openTrail();
});
afterAll(() => trail.close());

/** Every test attacks a trail of its own, longer than a page. */
beforeEach(async () => {
  organization = `ORG-2026-${String(++organizations).padStart(5, '0')}`;
  const entries = Array.from({ length: size }, (_, n) => ({
    action: 'update',
    actor: { type: 'person', id: 'PERSON-2026-00001' },
    via: 'http' as const,
    ref: { doctype: 'Task', name: `task-${n + 1}` },
    new: { n },
  }));
  await trail.asOrg(organization, (tx) => stageAuditMany(tx, entries));
  while ((await trail.sequence()).entries > 0);
});

const verify = () => verifyTrails(trail.database, { organizations: [organization] });

async function expectFinding(kind: string, seq: number, what: RegExp): Promise<void> {
  const report = await verify();
  expect(report.ok).toBe(false);
  expect(report.summary).toMatchObject({ organizations: 1, pass: 0, fail: 1 });
  expect(report.findings).toHaveLength(1);
  expect(report.findings[0]).toMatchObject({
    id: `audit.${kind}`,
    organization,
    seq,
    severity: 'fail',
    kind,
    what: expect.stringMatching(what),
    fix: expect.any(String),
  });
}

const attack = (sql: string) => trail.attack(sql.replaceAll('$org', `'${organization}'`));

describe('verify', () => {
  it('proves every entry of an untouched trail', async () => {
    expect(await verify()).toEqual({
      api_version: 'dartwing/v1',
      kind: 'Report',
      check: 'audit.verify',
      ok: true,
      findings: [],
      summary: { pass: 1, warn: 0, fail: 0, organizations: 1, entries: size },
    });
  });

  it('T-C3 names a changed body with both hashes and the document', async () => {
    await attack(`update audit_event set body = convert_to(replace(convert_from(body, 'utf8'), '"n":1099', '"n":1100'), 'utf8')
      where organization = $org and seq = 1100`);
    await expectFinding('change', 1100, /content of entry 1100/);
    const [finding] = (await verify()).findings;
    expect(finding).toMatchObject({
      ref: 'Task/task-1100',
      expected: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(finding!.found).not.toBe(finding!.expected);
  });

  it('names a changed column although the hashed body is untouched', async () => {
    await attack(
      "update audit_event set actor_id = 'PERSON-2026-00002' where organization = $org and seq = 7",
    );
    await expectFinding('change', 7, /column actor_id/);
  });

  it('names a changed time', async () => {
    await attack(
      "update audit_event set at = at - interval '1 microsecond' where organization = $org and seq = 1200",
    );
    await expectFinding('change', 1200, /content/);
  });

  it('T-C3 names a deletion across the border of a page', async () => {
    await attack('delete from audit_event where organization = $org and seq between 999 and 1003');
    await expectFinding('deletion', 999, /Entries 999 to 1003 are gone/);
  });

  it('names a deletion whose gap was closed', async () => {
    await attack('delete from audit_event where organization = $org and seq = 1000');
    await attack('update audit_event set seq = seq - 1 where organization = $org and seq > 1000');
    await attack('update audit_head set seq = seq - 1 where organization = $org');
    await expectFinding('deletion', 1000, /renumbered/);
  });

  it('names the truncation of the end', async () => {
    await attack('delete from audit_event where organization = $org and seq > 1190');
    await expectFinding('truncation', 1191, /ends at entry 1190, its head tells of 1200/);
  });

  it('names the truncation of everything', async () => {
    await attack('delete from audit_event where organization = $org');
    await expectFinding('truncation', 1, /ends at entry 0/);
  });

  it('names an inserted entry with a number that exists', async () => {
    await attack(`insert into audit_event select organization, seq, at + interval '1 microsecond' * 5000, action, actor_type,
      'PERSON-2026-00666', via, doctype, document_name, is_phi, request_id, body, leaf, chain
      from audit_event where organization = $org and seq = 30`);
    await expectFinding('insertion', 30, /second entry has the number 30/);
  });

  it('names an entry behind the head', async () => {
    await attack(`insert into audit_event select organization, seq + 1, at + interval '1 microsecond', action, actor_type,
      actor_id, via, doctype, document_name, is_phi, request_id, body, leaf, chain
      from audit_event where organization = $org and seq = 1200`);
    await expectFinding('insertion', 1201, /behind the head/);
  });

  it('T-C3 names two entries that changed places across the border of a page', async () => {
    await attack('update audit_event set seq = 1203 - seq where organization = $org and seq in (3, 1200)');
    await expectFinding('reordering', 3, /Entry 3 stands at 1200/);
  });

  it('names a head that was changed, set back or removed', async () => {
    await attack("update audit_head set chain = '\\x00' where organization = $org");
    await expectFinding('change', 1200, /head of the trail was changed/);
    await attack('update audit_head set seq = 1150 where organization = $org');
    const [finding] = (await verify()).findings;
    expect(finding).toMatchObject({ severity: 'fail' });
    await attack('delete from audit_head where organization = $org');
    await expectFinding('deletion', 1, /head of the trail is gone/);
  });

  it('misses a trail that is gone with its head, as long as its organization exists', async () => {
    const gone = 'ORG-2026-90001';
    await trail.superuser.query(
      `insert into organization (id, slug, org_name, org_type, region, created_at, created_by, modified_at, modified_by)
       values ($1, 'gone', 'Gone', 'company', 'us-east-1', now(), 'test', now(), 'test')`,
      [gone],
    );
    const creation = {
      action: 'create',
      actor: { type: 'person' as const, id: 'p' },
      via: 'http' as const,
      ref: { doctype: 'Organization', name: gone },
    };
    const check = async () => {
      const { sequencer } = trail.roles;
      const report = await verifyTrails(trail.database, { organizations: [gone], sequencerRole: sequencer });
      return report.findings.map(({ kind, what }) => [kind, what]);
    };
    await trail.asOrg(gone, (tx) => stageAudit(tx, creation));
    expect(await check()).toEqual([]);
    await trail.sequence();
    expect(await check()).toEqual([]);
    await trail.attack(`delete from audit_event where organization = '${gone}'`);
    await trail.attack(`delete from audit_head where organization = '${gone}'`);
    expect(await check()).toEqual([
      ['deletion', 'The whole trail is gone with its head, although the organization exists'],
    ]);
  });

  it('names an entry that came from another organization', async () => {
    const other = organization;
    organization = `ORG-2026-${String(++organizations).padStart(5, '0')}`;
    await trail.asOrg(organization, (tx) =>
      stageAudit(tx, {
        action: 'create',
        actor: { type: 'person', id: 'p' },
        via: 'http',
        ref: { doctype: 'Task', name: 'own' },
      }),
    );
    await trail.sequence();
    await attack(`update audit_event set organization = $org where organization = '${other}' and seq = 1`);
    await expectFinding('insertion', 1, /number 1/);
    organization = other;
    await expectFinding('deletion', 1, /Entry 1 is gone/);
  });

  it('finds every trail by itself, also one without a head, and tells them apart', async () => {
    await attack("update audit_event set action = 'forged' where organization = $org and seq = 5");
    const report = await verifyTrails(trail.database);
    expect(report.summary.organizations).toBeGreaterThan(5);
    expect(report.findings.filter((finding) => finding.organization === organization)).toHaveLength(1);
    expect(report.summary.pass + report.summary.fail).toBe(report.summary.organizations);
  });

  it('warns of staged entries that nobody sequences', async () => {
    await trail.asOrg(organization, (tx) =>
      stageAudit(tx, {
        action: 'create',
        actor: { type: 'person', id: 'p' },
        via: 'http',
        ref: { doctype: 'Task', name: 'late' },
      }),
    );
    await trail.superuser.query(
      "update audit_stage set at = at - interval '1 hour' where organization = $1",
      [organization],
    );
    const report = await verifyTrails(trail.database, {
      organizations: [organization],
      sequencerRole: trail.roles.sequencer,
    });
    expect(report.ok).toBe(true);
    expect(report.summary.warn).toBe(1);
    expect(report.findings).toMatchObject([
      { id: 'audit.backlog', severity: 'warn', seq: null, organization },
    ]);
  });

  it('stops when it is aborted', async () => {
    await expect(
      verifyTrails(trail.database, {
        organizations: [organization],
        signal: AbortSignal.abort(new Error('enough')),
      }),
    ).rejects.toThrow('enough');
  });

  it('gives the same answer beside a sequencer at work', async () => {
    let working = true;
    const writer = (async () => {
      while (working) {
        const entry = {
          action: 'create',
          actor: { type: 'person', id: 'p' },
          via: 'http' as const,
          ref: { doctype: 'Task', name: 'x' },
        };
        await trail.asOrg(organization, (tx) => stageAuditMany(tx, [entry, entry, entry]));
        await trail.sequence();
      }
    })();
    for (let turn = 0; turn < 10; turn++) expect((await verify()).findings).toEqual([]);
    working = false;
    await writer;
  });
});
