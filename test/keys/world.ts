/** A table of our own with sealed values, as an embedder would make one. */
import { randomUUID } from 'node:crypto';
import { policySql } from '../../src/core/db/policies.js';
import { roleNames } from '../../src/core/db/roles.js';
import type { Dartwing, DartwingOptions, Tx } from '../../src/core/index.js';
import type { Place } from '../../src/core/keys/index.js';
import { openTestDartwing, type TestDatabase } from '../support/database.js';

export interface KeyWorld {
  dartwing: Dartwing;
  database: TestDatabase;
  clock: { advance(ms: number): void };
  /** Ids of two organizations. */
  acme: string;
  beech: string;
}

/** `fax_line (organization, id, pin sealed)`. Its key has two parts, one of which is a number. */
export async function openKeyWorld(more: Partial<DartwingOptions> = {}): Promise<KeyWorld> {
  const { dartwing, database, clock } = await openTestDartwing(more);
  const ids: string[] = [];
  for (const slug of ['acme', 'beech']) {
    const created = await dartwing.tenancy.create({ slug, type: 'company', owner: `ana@${slug}.test` });
    ids.push(created.after!.id);
  }
  await database.admin.query(`create table fax_line (organization text not null, id uuid not null, part bigint not null, pin sealed,
    primary key (organization, id, part))`);
  await database.admin.query(
    'create index fax_line_sealed on fax_line (organization, sealed_key(pin), id, part) where pin is not null',
  );
  await database.admin.query(policySql('dartwing', 'fax_line', roleNames('dartwing')));
  return { dartwing, database, clock, acme: ids[0]!, beech: ids[1]! };
}

export function placeOfPin(organization: string, id: string, part: number): Place {
  return { organization, table: 'fax_line', column: 'pin', row: [id, String(part)] };
}

/** Seals a pin in a transaction of its organization and returns its row. */
export async function putPin(
  { dartwing }: Pick<KeyWorld, 'dartwing'>,
  organization: string,
  pin: string,
  id: string = randomUUID(),
): Promise<string> {
  await dartwing.asOrg(organization, async (tx) => {
    const sealed = await dartwing.keys.seal(tx, 'fax', placeOfPin(organization, id, 1), pin);
    await tx.query(
      `insert into fax_line (organization, id, part, pin) values ($1, $2, 1, $3)
       on conflict (organization, id, part) do update set pin = excluded.pin`,
      [organization, id, sealed],
    );
  });
  return id;
}

/** Many values at once, sealed by the room and written with one statement. */
export async function putPins(
  { dartwing }: Pick<KeyWorld, 'dartwing'>,
  organization: string,
  count: number,
): Promise<string[]> {
  const ids: string[] = [];
  for (let from = 0; from < count; from += 1_000) {
    const batch = Array.from({ length: Math.min(1_000, count - from) }, (_, index) => {
      const number = String(from + index).padStart(12, '0');
      return `00000000-0000-4000-8000-${number}`;
    });
    ids.push(...batch);
    await dartwing.asOrg(organization, async (tx) => {
      const sealed: Buffer[] = [];
      for (const id of batch) {
        sealed.push(await dartwing.keys.seal(tx, 'fax', placeOfPin(organization, id, 1), `pin of ${id}`));
      }
      await tx.query(
        'insert into fax_line (organization, id, part, pin) select $1, v.id, 1, v.pin from unnest($2::uuid[], $3::bytea[]) as v (id, pin)',
        [organization, batch, sealed],
      );
    });
  }
  return ids;
}

export async function readPin(
  { dartwing }: Pick<KeyWorld, 'dartwing'>,
  organization: string,
  id: string,
): Promise<string> {
  return dartwing.asOrg(organization, async (tx) => openPin(dartwing, tx, organization, id));
}

export async function openPin(dartwing: Dartwing, tx: Tx, organization: string, id: string): Promise<string> {
  const { rows } = await tx.query<{ pin: Buffer }>(
    'select pin from fax_line where organization = $1 and id = $2 and part = 1',
    [organization, id],
  );
  return (await dartwing.keys.open(tx, placeOfPin(organization, id, 1), rows[0]!.pin)).toString();
}
