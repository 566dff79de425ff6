/** A random world with random rules, from one seed, and a naive judge of it that shares nothing with the engine. */
import type { World } from './world.js';

const templates = { Owner: true, Manager: true, Employee: false, Contractor: false } as const;
const systemRoles = {
  'System Manager': 'everywhere',
  'Dartwing Admin': 'supervised',
  'Organization Admin': 'supervised',
  'Dartwing User': 'member',
  'Dartwing Guest': 'documents',
} as const;
export const actions = ['read', 'write', 'delete', 'share'] as const;

type Rule = { allow?: string[]; if_owner?: string[]; deny?: string[] };
type Rights = Record<string, Rule>;

export interface RandomPerson {
  id: string;
  roles: string[];
  account: boolean;
  enabled: boolean;
}
export interface RandomDocument {
  doctype: string;
  name: string;
  organization: string;
  owner: string;
}
export interface RandomWorld {
  people: RandomPerson[];
  organizations: { id: string; dissolved: boolean }[];
  memberships: { person: string; organization: string; role: string; status: string; granted: boolean }[];
  grants: Set<string>;
  tasks: RandomDocument[];
  systemRights: Record<string, Rights>;
  templateRights: Record<string, Rights>;
  /** The rules as files. */
  files: Record<string, string>;
}

/** A small generator of random numbers (mulberry32), the same on every machine. */
export function randomOf(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    chance: (share: number) => next() < share,
    pick: <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!,
    some: <T>(list: readonly T[], share: number): T[] => list.filter(() => next() < share),
  };
}

type Random = ReturnType<typeof randomOf>;

export async function makeRandomWorld(
  seed: number,
  world: World,
  sizes: { people: number; organizations: number; tasks: number },
): Promise<RandomWorld> {
  const random = randomOf(seed);
  const made: RandomWorld = {
    people: [],
    organizations: [],
    memberships: [],
    grants: new Set(),
    tasks: [],
    ...randomRules(random),
  };
  for (let index = 0; index < sizes.people; index++) {
    const account = !random.chance(0.1);
    const enabled = !random.chance(0.1);
    const roles = random.chance(0.7) ? ['Dartwing User'] : random.some(Object.keys(systemRoles), 0.3);
    const id = await world.person(`p${seed}-${index}`, { account, enabled, roles });
    made.people.push({ id, account, enabled, roles });
  }
  for (let index = 0; index < sizes.organizations; index++) {
    const dissolved = random.chance(0.1);
    const id = await world.organization(`o${seed}-${index}`, { status: dissolved ? 'dissolved' : 'active' });
    made.organizations.push({ id, dissolved });
    for (const person of random.some(made.people, 0.2)) {
      const status = random.pick(['active', 'active', 'active', 'inactive', 'pending']);
      const granted = random.chance(status === 'active' ? 0.9 : 0.1);
      const role = random.pick(Object.keys(templates));
      await world.join(person.id, id, role, { status, granted });
      made.memberships.push({ person: person.id, organization: id, role, status, granted });
    }
  }
  for (let index = 0; index < sizes.tasks; index++) {
    const { id: organization } = random.pick(made.organizations);
    const { id: owner } = random.pick(made.people);
    made.tasks.push({ doctype: 'Task', name: `TASK-${seed}-${index}'%_`, organization, owner });
  }
  for (const person of made.people.filter(({ account }) => account)) {
    for (const task of random.some(made.tasks, 0.02)) {
      await world.grant(person.id, task.organization, 'Task', task.name);
      made.grants.add(`${person.id} ${task.organization} Task ${task.name}`);
    }
  }
  return made;
}

function randomRules(random: Random) {
  const rule = (): Rule => ({
    allow: random.some(actions, 0.5),
    if_owner: random.some(actions, 0.4),
    deny: random.some(actions, 0.1),
  });
  const rights = (): Rights => ({
    ...(random.chance(0.8) ? { Task: rule() } : {}),
    ...(random.chance(0.5) ? { 'Org Member': rule() } : {}),
    ...(random.chance(0.7) ? { '*': rule() } : {}),
  });
  const systemRights = Object.fromEntries(Object.keys(systemRoles).map((role) => [role, rights()]));
  systemRights['Dartwing User'] = {};
  const templateRights = Object.fromEntries(Object.keys(templates).map((role) => [role, rights()]));
  const files = {
    'system.yaml': JSON.stringify(
      Object.fromEntries(
        Object.entries(systemRoles).map(([role, reach]) => [role, { reach, rights: systemRights[role] }]),
      ),
    ),
    'roles.yaml': JSON.stringify(
      Object.fromEntries(Object.entries(templateRights).map(([role, given]) => [role, { rights: given }])),
    ),
  };
  return { systemRights, templateRights, files };
}

/** The rules once more, in the words of the requirements, looking at everything every time. */
export function oracle(
  world: RandomWorld,
  person: RandomPerson,
  action: (typeof actions)[number],
  document: RandomDocument,
): boolean {
  if (!person.account || !person.enabled) return false;
  const speaks = (rights: Rights) => rights[document.doctype] ?? rights['*'] ?? {};
  const isOwn = document.owner === person.id;
  const judge = (rules: Rule[]) => {
    if (rules.some(({ deny }) => deny?.includes(action))) return false;
    if (rules.some(({ allow }) => allow?.includes(action))) return true;
    return isOwn && rules.some(({ if_owner }) => if_owner?.includes(action));
  };
  const system = (role: string) => speaks(world.systemRights[role] ?? {});
  if (person.roles.includes('System Manager')) return judge([system('System Manager')]);
  const organization = world.organizations.find(({ id }) => id === document.organization)!;
  if (organization.dissolved) return false;
  const member = world.memberships.find(
    (each) =>
      each.person === person.id &&
      each.organization === organization.id &&
      each.status === 'active' &&
      each.granted,
  );
  const onlyGuest = person.roles.every((role) => role === 'Dartwing Guest');
  if (member !== undefined && person.roles.length > 0 && (!onlyGuest || action === 'read')) {
    const supervises = templates[member.role as keyof typeof templates];
    const rules = [speaks(world.templateRights[member.role]!)];
    for (const [role, reach] of Object.entries(systemRoles))
      if (supervises && reach === 'supervised' && person.roles.includes(role)) rules.push(system(role));
    if (judge(rules)) return true;
  }
  const key = `${person.id} ${organization.id} ${document.doctype} ${document.name}`;
  const guest = system('Dartwing Guest');
  if (!person.roles.includes('Dartwing Guest') || action !== 'read' || !world.grants.has(key)) return false;
  return guest.allow?.includes('read') === true && !guest.deny?.includes('read');
}
