/**
 * Which methods of the core are called from afar, and what they take. The compiler holds this table against the
 * interface: a method that is not here, a word that does not fit its argument, or one too many does not compile.
 */
import type { Dartwing } from '../contract.js';

type Callable = (...args: never[]) => unknown;

/** `tenancy.create`, `people.member.add` … of everything that can be called. */
type NamesIn<Room, Path extends string = ''> = {
  [Key in Exclude<keyof Room & string, 'meter'>]: Room[Key] extends Callable
    ? `${Path}${Key}`
    : Room[Key] extends object
      ? NamesIn<Room[Key], `${Path}${Key}.`>
      : never;
}[Exclude<keyof Room & string, 'meter'>];

/** All but the meter, which counts in its process and nowhere else. */
export type MethodName = NamesIn<Dartwing>;

type At<Room, Path extends string> = Path extends `${infer Head}.${infer Rest}`
  ? Head extends keyof Room
    ? At<Room[Head], Rest>
    : never
  : Path extends keyof Room
    ? Room[Path]
    : never;

/** The function of a name. */
export type Method<Name extends MethodName> = Extract<At<Dartwing, Name>, Callable>;

/**
 * What stands for an argument: `org` is the organization that a call is for, `input.field` an object that may name it in a
 * field, `list` some of them, `either` one or some, `nullable` anything, `hear` a listener, `call` what the server knows better.
 */
type Word<Arg> =
  IsCall<NonNullable<Arg>> extends true
    ? 'call'
    : null extends Arg
      ? 'nullable'
      : [NonNullable<Arg>] extends [boolean]
        ? 'flag'
        : [NonNullable<Arg>] extends [string]
          ? 'org' | 'text'
          : [NonNullable<Arg>] extends [number]
            ? 'number'
            : [NonNullable<Arg>] extends [AbortSignal]
              ? 'signal'
              : [NonNullable<Arg>] extends [Callable]
                ? 'hear'
                : WordOfObject<NonNullable<Arg>>;

type WordOfObject<Arg> = [Arg] extends [readonly unknown[]]
  ? 'list'
  : [Extract<Arg, readonly unknown[]>] extends [never]
    ? 'input' | 'input.organization'
    : 'either';

type IsCall<Arg> = string extends keyof Arg ? false : 'principal' extends keyof Arg ? true : false;

type Optional<Name extends string> = Name extends 'call' ? 'call' : `${Name}?`;

type Words<Args extends readonly unknown[]> = number extends Args['length']
  ? never
  : Args extends readonly []
    ? readonly []
    : Args extends readonly [infer First, ...infer Rest]
      ? readonly [Word<First>, ...Words<Rest>]
      : Args extends readonly [(infer First)?, ...infer Rest]
        ? readonly [Optional<Word<First>>, ...Words<Rest>]
        : never;

/** How a method is called from afar. */
export interface Far {
  /** A read may be asked again when the connection breaks; a stream gives its answer part by part. */
  does: 'reads' | 'writes' | 'streams';
  takes: readonly string[];
  /** It hears by functions that its input holds. */
  hears?: true;
  /** Whoever signs in is nobody yet. */
  open?: true;
  /** It has no call and so no rights of its own: what the caller must be allowed before. */
  needs?: readonly [action: string, doctype: string];
}

type FarOf<Name extends MethodName> = Far & { takes: Words<Parameters<Method<Name>>> };

/** It works in the process that has the database. */
const here = 'here';

const reads = <const W extends readonly string[]>(...takes: W) => ({ does: 'reads', takes }) as const;
const writes = <const W extends readonly string[]>(...takes: W) => ({ does: 'writes', takes }) as const;
const streams = <const W extends readonly string[]>(...takes: W) => ({ does: 'streams', takes }) as const;

/** Numbers of the whole installation, and what is done by the clock, are for those who look after it. */
const installation = { needs: ['administer', 'Alert Rule'] } as const;
const open = { open: true } as const;
const hears = { hears: true } as const;

export const methods = {
  'tenancy.create': writes('input', 'call'),
  'tenancy.show': reads('org', 'call'),
  'tenancy.list': reads('input?', 'call'),
  'tenancy.links': reads('org', 'call'),
  'tenancy.update': writes('org', 'input', 'call'),
  'tenancy.suspend': writes('org', 'input?', 'call'),
  'tenancy.restore': writes('org', 'call'),
  'tenancy.dissolve': writes('org', 'input?', 'call'),
  'tenancy.purge': writes('org', 'call'),
  'tenancy.listPurgeable': reads('call'),
  'tenancy.verify': reads('org?', 'call'),
  'tenancy.repair': writes('org?', 'call'),

  'people.person.create': writes('input', 'call'),
  'people.person.show': reads('text', 'call'),
  'people.person.list': reads('input?', 'call'),
  'people.person.duplicates': reads('input?', 'call'),
  'people.person.update': writes('text', 'input', 'call'),
  'people.person.delete': writes('text', 'call'),
  'people.person.consent': writes('text', 'text', 'call'),
  'people.person.merge': writes('text', 'text', 'text?', 'call'),
  'people.person.signUp': writes('input', 'call'),
  'people.person.sync': writes('text', 'call'),
  'people.person.sendProof': writes('text', 'call'),
  'people.person.prove': writes('text', 'call'),
  'people.person.organizations': reads('text', 'text?', 'call'),
  'people.member.list': reads('org', 'input?', 'call'),
  'people.member.show': reads('org', 'text', 'call'),
  'people.member.add': writes('org', 'text', 'text', 'input?', 'call'),
  'people.member.update': writes('org', 'text', 'input', 'call'),
  'people.member.activate': writes('org', 'text', 'call'),
  'people.member.remove': writes('org', 'text', 'input?', 'call'),
  'people.member.delete': writes('org', 'text', 'call'),
  'people.role.list': reads('text?', 'call'),
  'people.role.show': reads('text', 'call'),
  'people.role.create': writes('input', 'call'),
  'people.role.update': writes('text', 'input', 'call'),
  'people.role.delete': writes('text', 'call'),
  'people.role.seed': writes('call'),
  'people.members': reads('org', 'call'),
  'people.retryDue': here,

  'identity.ways': { ...open, ...reads() },
  'identity.authenticate': { ...open, ...reads('input') },
  'identity.authenticateBrowser': here,
  'identity.enter': here,
  'identity.logoutToken': here,
  'identity.signOut': here,
  'identity.revokeSessions': writes('text', 'call'),
  'identity.apiKeys.create': writes('org', 'input', 'call'),
  'identity.apiKeys.list': reads('org', 'input?', 'call'),
  'identity.apiKeys.show': reads('org', 'text', 'call'),
  'identity.apiKeys.rotate': writes('org', 'text', 'input?', 'call'),
  'identity.apiKeys.revoke': writes('org', 'text', 'call'),
  'identity.apiKeys.usage': reads('org', 'text', 'number?', 'call'),

  'lite.signIn': { ...open, ...writes('input') },
  'lite.refresh': { ...open, ...writes('text') },
  'lite.signOut': { ...open, ...writes('text') },
  'lite.setPassword': writes('text', 'text', 'call'),
  'lite.changePassword': writes('input', 'call'),
  'lite.sendReset': writes('text', 'call'),
  'lite.requestReset': here,
  'lite.completeReset': { ...open, ...writes('text', 'text') },
  'lite.beginSecondFactor': writes('call'),
  'lite.confirmSecondFactor': writes('text', 'call'),
  'lite.unlock': writes('text', 'call'),

  'browser.begin': here,
  'browser.complete': here,
  'browser.signOut': here,
  'mail.sendDue': here,

  'keys.seal': here,
  'keys.sealMany': here,
  'keys.open': here,
  'keys.openKnown': here,
  'keys.check': here,
  'keys.list': reads('input.organization?', 'call'),
  'keys.status': reads('input.organization?', 'call'),
  'keys.verify': reads('input.organization?', 'call'),
  'keys.rotate': { ...hears, ...writes('input.organization?', 'call') },
  'keys.rotateDue': { ...installation, ...writes('call') },
  'keys.rewrap': writes('input.organization?', 'call'),
  'keys.retire': writes('text', 'call'),
  'keys.destroy': writes('text', 'input?', 'call'),
  'keys.eraseOrganization': writes('org', 'input?', 'call'),

  'tokens.get': here,
  'tokens.reject': here,
  'tokens.fetchAs': here,
  'tokens.define': here,
  'tokens.providers': reads('call'),
  'tokens.list': reads('org', 'input?', 'call'),
  'tokens.show': reads('org', 'text', 'call'),
  'tokens.connect.begin': writes('org', 'input', 'call'),
  'tokens.connect.complete': here,
  'tokens.connect.beginDevice': writes('org', 'input', 'call'),
  'tokens.connect.pollDevice': writes('org', 'text', 'call'),
  'tokens.connect.secret': writes('org', 'input', 'call'),
  'tokens.refresh': writes('org', 'either', 'call'),
  'tokens.health': reads('org', 'list?', 'call'),
  'tokens.revoke': writes('org', 'text', 'call'),
  'tokens.webhooks.set': writes('org', 'text', 'text?', 'call'),
  'tokens.webhooks.show': reads('org', 'text', 'call'),
  'tokens.webhooks.remove': writes('org', 'text', 'call'),
  'tokens.webhooks.on': here,
  'tokens.webhooks.receive': here,
  'tokens.webhooks.handle': here,
  'tokens.webhooks.forget': here,
  'tokens.due': here,
  'tokens.refreshDue': here,
  'tokens.unseen': here,
  'tokens.cleanup': here,

  'equipment.create': writes('org', 'input', 'call'),
  'equipment.update': writes('org', 'text', 'input', 'call'),
  'equipment.assign': writes('org', 'text', 'text', 'call'),
  'equipment.unassign': writes('org', 'text', 'call'),
  'equipment.show': reads('org', 'text', 'call'),
  'equipment.list': reads('org', 'input?', 'call'),
  'equipment.listByPerson': reads('text', 'call'),
  'equipment.custodians': reads('org', 'call'),
  'equipment.delete': writes('org', 'text', 'call'),

  'documents.doctypes.list': reads(),
  'documents.doctypes.show': reads('text'),
  'documents.doctypes.register': here,
  'documents.doctypes.buildIndexes': here,
  'documents.create': writes('org', 'text', 'input', 'call'),
  'documents.update': writes('org', 'text', 'text', 'input', 'call'),
  'documents.delete': writes('org', 'text', 'text', 'call'),
  'documents.undelete': writes('org', 'text', 'text', 'call'),
  'documents.seal': writes('org', 'call'),
  'documents.show': reads('org', 'text', 'text', 'call'),
  'documents.list': reads('org', 'text', 'input?', 'call'),
  'documents.versions': reads('org', 'text', 'text', 'input?', 'call'),

  'sync.feed': reads('org', 'input', 'call'),
  'sync.feedText': reads('org', 'input', 'call'),
  'sync.stream': streams('org', 'input', 'call', 'signal?'),
  'sync.push': writes('org', 'input', 'call'),
  'sync.status': reads('org', 'call'),
  'sync.lag': reads('org', 'input?', 'call'),
  'sync.clients': reads('org', 'call'),
  'sync.resync': writes('org', 'text', 'call'),
  'sync.replay': writes('org', 'input', 'call'),
  'sync.compact': writes('org', 'number?', 'call'),
  'sync.checkDoctypes': reads(),
  'sync.conflicts.list': reads('org', 'input?', 'call'),
  'sync.conflicts.show': reads('org', 'text', 'call'),
  'sync.conflicts.resolve': writes('org', 'text', 'input', 'call'),
  'sync.conflicts.propose': writes('org', 'text', 'input', 'call'),
  'sync.conflicts.resolveDue': { ...installation, ...writes('call') },
  'sync.rules.list': reads('org', 'call'),
  'sync.rules.show': reads('org', 'text', 'call'),
  'sync.rules.set': writes('org', 'text', 'nullable', 'call'),

  'invitations.create': writes('org', 'input', 'call'),
  'invitations.bulk': writes('org', 'text', 'call'),
  'invitations.list': reads('org', 'input?', 'call'),
  'invitations.show': reads('org', 'text', 'call'),
  'invitations.remind': writes('org', 'text', 'call'),
  'invitations.remindDue': { ...installation, ...writes('call') },
  'invitations.revoke': writes('org', 'text', 'call'),
  'invitations.expire': writes('org?', 'call'),
  'invitations.accept': writes('input', 'call'),
  'invitations.approve': writes('org', 'text', 'call'),
  'invitations.endGuests': { ...installation, ...writes('call') },

  'jobs.define': here,
  'jobs.types': reads('call'),
  'jobs.enableType': writes('text', 'flag', 'call'),
  'jobs.submit': writes('org', 'text', 'nullable?', 'input?', 'call'),
  'jobs.submitMany': writes('org', 'text', 'list', 'input?', 'call'),
  'jobs.enqueue': here,
  'jobs.show': reads('text', 'input.organization?', 'call'),
  'jobs.list': reads('input.organization?', 'call'),
  'jobs.history': reads('text', 'input.organization?', 'call'),
  'jobs.cancel': writes('text', 'input.organization?', 'call'),
  'jobs.retry': writes('text', 'input.organization?', 'call'),
  'jobs.metrics': reads('input.organization?', 'call'),
  'jobs.stuck': reads('call'),
  'jobs.cleanup': writes('input?', 'call'),
  'jobs.deadLetters.list': reads('input.organization?', 'call'),
  'jobs.deadLetters.page': reads('input.organization?', 'call'),
  'jobs.deadLetters.replay': writes('text', 'input.organization?', 'call'),
  'jobs.deadLetters.replayMany': { ...hears, ...writes('either', 'input.organization?', 'call') },
  'jobs.deadLetters.resolve': writes('text', 'text', 'input.organization?', 'call'),
  'jobs.deadLetters.discard': writes('text', 'input.organization?', 'call'),
  'jobs.queues.list': reads('call'),
  'jobs.queues.show': reads('text', 'call'),
  'jobs.queues.pause': writes('text', 'input?', 'call'),
  'jobs.queues.resume': writes('text', 'call'),
  'jobs.queues.set': writes('text', 'input', 'call'),
  'jobs.queues.limit': writes('org', 'text', 'input', 'call'),
  'jobs.schedules.define': here,
  'jobs.schedules.list': reads('call'),
  'jobs.schedules.show': reads('text', 'call'),
  'jobs.schedules.run': writes('text', 'call'),
  'jobs.schedules.pause': writes('text', 'call'),
  'jobs.schedules.resume': writes('text', 'call'),
  'jobs.schedules.start': here,
  'jobs.workers': reads('call'),
  'jobs.work': here,
  'jobs.observe': here,

  'permissions.explain': reads('input.organization', 'call'),
  'permissions.locate': reads('input.organization', 'call'),
  'permissions.enter': reads('org', 'call'),
  'permissions.require': reads('text', 'input.organization', 'call'),
  'permissions.orphans': reads('org?', 'call'),
  'permissions.rebuild': writes('org?', 'call'),
  'permissions.log': reads('input.organization?', 'call'),
  'permissions.listen': here,

  'audit.query': reads('input.organization?', 'call'),
  'audit.tail': streams('input.organization?', 'call'),
  'audit.verify': { ...hears, ...reads('input?', 'call') },
  'audit.checkpoint': writes('input.organization?', 'call'),
  'audit.checkpoints': reads('input.organization?', 'call'),
  'audit.rotateSigner': writes('call'),
  'audit.export': { ...hears, ...writes('input.organization', 'call') },
  'audit.signExport': writes('input', 'call'),
  'audit.prove': reads('input.organization', 'call'),
  'audit.sequence': here,
  'audit.seal': { ...hears, ...writes('input?', 'call') },
  'audit.checkArchive': reads('call'),
  'audit.verifyArchive': { ...hears, ...installation, ...reads('input?') },
  'audit.restore': { ...hears, ...writes('input?', 'call') },
  'audit.recover': { ...hears, ...writes('input?', 'call') },

  'privacy.export': writes('text', 'hear', 'call'),
  'privacy.erase': writes('text', 'call'),
  'privacy.ledger.status': reads('call'),
  'privacy.ledger.write': writes('call'),
  'privacy.ledger.replay': writes('input', 'call'),
  'privacy.consent.decide': writes('org', 'text', 'input', 'call'),
  'privacy.consent.show': reads('org', 'text', 'call'),
  'privacy.restriction.set': writes('org', 'text', 'call'),
  'privacy.restriction.lift': writes('org', 'text', 'call'),
  'privacy.retention.list': reads('org', 'call'),
  'privacy.retention.set': writes('org', 'text', 'input', 'call'),
  'privacy.retention.remove': writes('org', 'text', 'call'),
  'privacy.retention.run': writes('org', 'call'),
  'privacy.retention.runAll': { ...installation, ...writes('call') },

  'compliance.residency': reads('org', 'call'),
  'compliance.frameworks': reads(),
  'compliance.enable': writes('org', 'text', 'input?', 'call'),
  'compliance.disable': writes('org', 'text', 'call'),
  'compliance.approve': writes('org', 'text', 'call'),
  'compliance.disableDue': { ...installation, ...writes('call') },
  'compliance.requireModel': reads('org', 'input', 'call'),
  'compliance.status': reads('org', 'text', 'call'),
  'compliance.statuses': reads('org', 'call'),
  'compliance.verify': writes('org', 'input?', 'call'),
  'compliance.verifyAll': { ...installation, ...writes('call') },
  'compliance.report': writes('org', 'input?', 'call'),
  'compliance.baa.add': writes('org', 'input', 'call'),
  'compliance.baa.list': reads('org', 'call'),
  'compliance.baa.show': reads('org', 'text', 'call'),
  'compliance.baa.tellDue': { ...installation, ...writes('call') },

  'apply.plan': reads('list', 'input?', 'call'),
  'apply.execute': writes('input', 'call', 'input?'),

  'export.organization': writes('org', 'hear', 'call'),

  'quota.admit': here,
  'realtime.publish': writes('org', 'either', 'call'),
  'realtime.node': here,
  'realtime.sweep': here,

  'metrics.catalogue': here,
  'metrics.readings': { ...installation, ...reads() },
  'metrics.history': { ...installation, ...reads('text', 'input?') },

  'alerts.list': reads('input?', 'call'),
  'alerts.glance': { ...installation, ...reads() },
  'alerts.check': reads('text?', 'call'),
  'alerts.causes': reads('call'),
  'alerts.rules': reads('call'),
  'alerts.rule': reads('text', 'call'),
  'alerts.setRule': writes('text', 'input', 'call'),
  'alerts.resetRule': writes('text', 'call'),
  'alerts.exportRules': reads('call'),
  'alerts.silences': reads('call'),
  'alerts.silence': writes('input', 'call'),
  'alerts.endSilence': writes('text', 'call'),
  'alerts.watch': here,

  asOrg: here,
  asPerson: here,
  asSystem: here,
  ready: here,
  close: here,
} as const satisfies { readonly [Name in MethodName]: FarOf<Name> | typeof here };

/** Names of methods that can be called from afar. */
export type FarName = {
  [Name in MethodName]: (typeof methods)[Name] extends Far ? Name : never;
}[MethodName];

/** How a name is called; undefined for one that is unknown, or that works beside the database only. */
export function farOf(name: string): Far | undefined {
  const far = Object.hasOwn(methods, name) ? methods[name as MethodName] : here;
  return far === here ? undefined : far;
}

/** Whether the answer comes line by line. */
export function comesByParts({ does, takes, hears }: Far): boolean {
  return does === 'streams' || hears === true || takes.some((word) => word === 'hear');
}
