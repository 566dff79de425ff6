/** The organizations in which histories are played. */
import type { Dartwing } from '../core/index.js';
import type { Treatment, TreatmentOf } from './check.js';
import type { Ground, Person } from './device.js';
import { clearHistory } from './queries.js';

/** Makes organizations with a supervisor and a member, each for one history. */
export type NewGround = (doctypes: readonly string[], door?: Ground['door']) => Promise<Ground>;

/** @param label tells the organizations of several simulations in one installation apart */
export function groundsOf(dartwing: Dartwing, label: string): NewGround {
  let run = 0;
  return async (doctypes, door = dartwing.sync) => {
    const mine = ++run;
    const owner = await newPerson(dartwing, `ana@${label}-${mine}.test`, 'Ana');
    const member = await newPerson(dartwing, `emil@${label}-${mine}.test`, 'Emil');
    const { after } = await dartwing.tenancy.create({
      slug: `${label}-${mine}`,
      type: 'company',
      owner: owner.email,
    });
    await dartwing.people.member.add(after!.id, member.email, 'Employee');
    return { dartwing, door, organization: after!.id, doctypes, owner, member, run: mine };
  };
}

/** The same organization for the next history: making one costs as much as some histories take. */
export async function clearedGround(ground: Ground): Promise<Ground> {
  await clearHistory(ground.dartwing, ground.organization, ground.doctypes);
  return { ...ground, run: ground.run + 1 };
}

async function newPerson(dartwing: Dartwing, email: string, name: string): Promise<Person> {
  const { after } = await dartwing.people.person.create({
    primary_email: email,
    first_name: name,
    last_name: 'Simulation',
    source: 'import',
  });
  return { id: after!.id, email };
}

/** How the rules that hold in the organization treat each field. */
export async function treatmentsOf({ dartwing, organization, doctypes }: Ground): Promise<TreatmentOf> {
  const known = new Map<string, Treatment>();
  for (const doctype of doctypes) {
    const { rules } = await dartwing.sync.rules.show(organization, doctype);
    for (const field of [...(rules.text ?? []), ...Object.keys(rules.rows ?? {})])
      known.set(`${doctype}/${field}`, 'merged');
    for (const field of rules.union ?? []) known.set(`${doctype}/${field}`, 'union');
    for (const field of rules.sum ?? []) known.set(`${doctype}/${field}`, 'sum');
  }
  return (doctype, field) => known.get(`${doctype}/${field}`) ?? 'whole';
}
