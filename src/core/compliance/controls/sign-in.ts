/** Controls on how somebody comes in and how long they stay. */
import { randomUUID } from 'node:crypto';
import {
  chargeAttempt,
  followSession,
  type Identity,
  passDoor,
  sessionKey,
  suspect,
} from '../../identity/index.js';
import { lockOf, requirePasswordFor } from '../../lite/index.js';
import { type Control, fail, type Outcome, pass, refusalOf, rehearse, type Site } from '../control.js';
import { ageSession, findMember, plantFailures, readWait } from '../queries.js';

/** Longer than any policy, so that what ends the session is the organization's. */
const generous = { idleMs: 86_400_000, sessionMs: 7 * 86_400_000 };

const reread = 'dartwing compliance verify --org <org>, and look at what changed since the last evidence';

function identityOf(now: Date, more: Partial<Identity> = {}): Identity {
  return {
    iss: 'dartwing:compliance',
    sub: 'rehearsal',
    sid: randomUUID(),
    emailVerified: false,
    acr: undefined,
    amr: ['pwd'],
    authTime: now,
    roles: [],
    issuedAt: now,
    expiresAt: new Date(now.getTime() + 60_000),
    ...more,
  };
}

/** Whether a session of a member goes on that nobody used for so long. */
function isAliveAfter(site: Site, person: string, seconds: number): Promise<boolean> {
  const { scope } = site;
  return rehearse(scope, async () => {
    const identity = identityOf(scope.clock.now());
    const row = { person, signed_out_at: null };
    await followSession(scope, identity, row, generous);
    await ageSession(scope.tx, sessionKey(identity), seconds);
    return (await refusalOf(() => followSession(scope, identity, row, generous))) === undefined;
  });
}

async function checkIdle(site: Site): Promise<Outcome> {
  const seconds = (site.policy.settings.session_idle_minutes ?? 30) * 60;
  const member = await findMember(site.scope.tx, site.organization.id);
  if (member === undefined) return { result: 'warn', evidence: 'There is no active member to try it with' };
  if (await isAliveAfter(site, member.person, seconds + 1))
    return fail(`A session went on that nobody had used for ${seconds + 1} s`, reread);
  if (!(await isAliveAfter(site, member.person, seconds - 2)))
    return fail(`A session ended that had been used ${seconds - 2} s ago`, reread);
  return pass(`A session of a member ended after ${seconds} s without use, and not before`);
}

async function checkFactor({ scope, organization }: Site): Promise<Outcome> {
  const now = scope.clock.now();
  const enter = (more: Partial<Identity>) =>
    refusalOf(() => passDoor(scope.tx, { identity: identityOf(now, more) }, organization.id, {}, now));
  const weak = await enter({});
  if (weak !== 'MFA_REQUIRED') return fail('A sign-in with a password alone was let in', reread);
  const strong = await enter({ amr: ['pwd', 'otp'] });
  if (strong !== undefined) return fail(`A sign-in with two factors was refused: ${strong}`, reread);
  return pass('A sign-in with a password alone was refused, one with a second factor was let in');
}

async function checkPassword(site: Site): Promise<Outcome> {
  if (site.around.signIn !== 'lite') return excused(site, 'auth.password', 'passwords');
  const member = await findMember(site.scope.tx, site.organization.id);
  if (member === undefined) return { result: 'warn', evidence: 'There is no active member to try it with' };
  const wanted = site.policy.settings.password_chars_min ?? 12;
  const give = (characters: number) =>
    refusalOf(() => requirePasswordFor(site.scope.tx, member.person, sample(characters)));
  if ((await give(wanted - 1)) !== 'PASSWORD_WEAK')
    return fail(`A password of ${wanted - 1} characters was taken`, reread);
  if ((await give(wanted)) !== undefined)
    return fail(`A password of ${wanted} characters was refused`, reread);
  return pass(`A password of ${wanted - 1} characters was refused, one of ${wanted} was taken`);
}

/** A strong password but for its length. */
function sample(characters: number): string {
  return 'xK7!qZ3?vW5%jR8&'.repeat(5).slice(0, characters);
}

async function checkLockout(site: Site): Promise<Outcome> {
  if (site.around.signIn !== 'lite') return excused(site, 'auth.lockout', 'failed sign-ins');
  const { tx } = site.scope;
  const member = await findMember(tx, site.organization.id);
  if (member === undefined) return { result: 'warn', evidence: 'There is no active member to try it with' };
  const wanted = site.policy.settings.sign_in_lock_minutes ?? 15;
  const waited = await rehearse(site.scope, async () => {
    const attempt = suspect('account', `rehearsal ${site.organization.id}`, await lockOf(tx, member.person));
    await plantFailures(tx, attempt.hash);
    await chargeAttempt(tx, [attempt]);
    return readWait(tx, attempt.hash);
  });
  if (waited < wanted - 0.1)
    return fail(`After five failures the next attempt waits ${waited.toFixed(1)} minutes`, reread);
  return pass(`After five failures the next attempt waits ${Math.round(waited)} minutes`);
}

/** What an identity provider does is not seen from here: somebody answers for it, or it is missing. */
function excused({ around, policy }: Site, control: string, what: string): Outcome {
  if (around.signIn === 'none') return pass('Nobody can sign in here');
  const reason = policy.exceptions[control];
  if (reason !== undefined)
    return { result: 'warn', evidence: `The identity provider answers for ${what}: ${reason}` };
  return fail(
    `The identity provider checks ${what}, and nobody has answered for it`,
    `dartwing profile realm verify, then: dartwing compliance enable <framework> --acknowledge ${control}="…"`,
  );
}

const missingAnswer = (control: string, what: string) => async (site: Site) => {
  const outcome = excused(site, control, what);
  if (site.around.signIn === 'lite' || outcome.result !== 'fail') return undefined;
  return { what: outcome.evidence, fix: outcome.fix! };
};

export const signInControls: readonly Control[] = [
  {
    id: 'sess.idle',
    title: 'Sessions end when nobody uses them',
    enforced: 'identity: every call goes on with a session or meets its end, by the database’s clock',
    check: checkIdle,
  },
  {
    id: 'auth.mfa',
    title: 'Nobody comes in without a second factor',
    enforced: 'identity: the door of the organization, for tokens, cookies and sockets',
    check: checkFactor,
  },
  {
    id: 'auth.password',
    title: 'Passwords have at least twelve characters',
    enforced: 'lite: wherever a password is set; an identity provider by its own policy',
    acknowledgeable: true,
    missing: missingAnswer('auth.password', 'passwords'),
    check: checkPassword,
  },
  {
    id: 'auth.lockout',
    title: 'Five failed sign-ins lock an account for 15 minutes',
    enforced: 'lite: an attempt is counted before it is looked at; an identity provider by its own policy',
    acknowledgeable: true,
    missing: missingAnswer('auth.lockout', 'failed sign-ins'),
    check: checkLockout,
  },
];
