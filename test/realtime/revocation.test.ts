/** Whoever lost their rights hears nothing that happened later, on whatever node they are. */
import { describe, expect, it } from 'vitest';
import { type Client, openWorld, until } from './world.js';

const world = openWorld(2);
/** A thousand in longer runs. */
const rounds = Number(process.env.DARTWING_REVOCATION_ROUNDS ?? 8);

const numbers = (client: Client) => client.of('tick').map(({ message }) => message as number);
let ticks = 0;
async function tick(): Promise<number> {
  const number = ++ticks;
  await world.dartwing.realtime.publish('acme', { event: 'tick', message: number });
  return number;
}

describe('revocation', () => {
  it(`lets no event reach a removed member that happened after the removal, in ${rounds} rounds`, async () => {
    const { member } = world.dartwing.people;
    const emils = [
      await world.connect('emil@acme.test', world.nodes[0]!.url),
      await world.connect('emil@acme.test', world.nodes[1]!.url),
    ];
    const anas = [
      await world.connect('ana@acme.test', world.nodes[0]!.url),
      await world.connect('ana@acme.test', world.nodes[1]!.url),
    ];
    for (const emil of emils) expect(emil.ready.organizations).toEqual([world.acme]);
    for (const emil of emils) await emil.ask('subscribe', 'sync:Task:acme');
    // Somebody publishes all the time, so that events of before are still on their way.
    let goesOn = true;
    const noise = (async () => {
      while (goesOn) await tick();
    })();
    const forbidden: number[] = [];
    const allowed: { number: number; at: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      const gone = emils.map((emil) => emil.of('permission_revoked').length);
      const back = emils.map((emil) => emil.of('organizations').length);
      // The removal and the event go through different nodes in turns.
      await world.nodes[round % 2]!.dartwing.people.member.remove('acme', 'emil@acme.test');
      const number = await tick();
      const last = await tick();
      for (let each = number; each <= last; each++) forbidden.push(each);
      await until(() => anas.every((ana) => numbers(ana).includes(last)), 'the event at the others');
      await until(
        () => emils.every((emil, i) => emil.of('permission_revoked').length > gone[i]!),
        'the notice',
      );
      await member.activate('acme', 'emil@acme.test');
      await until(() => emils.every((emil, i) => emil.of('organizations').length > back[i]!), 'the return');
      for (const emil of emils) await emil.ask('subscribe', 'sync:Task:acme');
      allowed.push({ at: performance.now(), number: await tick() });
    }
    goesOn = false;
    await noise;
    const end = await tick();
    await until(() => emils.every((emil) => numbers(emil).includes(end)), 'the end');
    for (const emil of emils) {
      expect(numbers(emil).filter((number) => forbidden.includes(number))).toEqual([]);
      // What came while its rights were asked for once more it was told to look for.
      const missed = allowed.filter(({ number }) => !numbers(emil).includes(number));
      for (const { at } of missed) expect(emil.of('resync').some((hint) => hint.at > at)).toBe(true);
      expect(missed.length).toBeLessThan(allowed.length);
      expect(new Set(numbers(emil)).size).toBe(numbers(emil).length);
    }
    for (const ana of anas) expect(new Set(numbers(ana)).size).toBe(ticks);
  }, 600_000);

  it('T-W6 takes the channels of the organization with it, and does not give them back', async () => {
    const { member } = world.dartwing.people;
    const [ana, emil] = [
      await world.connect('ana@acme.test'),
      await world.connect('emil@acme.test', world.nodes[1]!.url),
    ];
    for (const client of [ana, emil])
      await client.ask('subscribe', { channel: 'room:standup', presence: true });
    await until(() => ana.of('presence').length > 0, 'emil');
    await member.remove('acme', 'emil@acme.test');
    await until(() => ana.of('presence').at(-1)?.message.action === 'leave', 'the leave');
    await member.activate('acme', 'emil@acme.test');
    await until(() => emil.of('organizations').length > 0, 'the return');
    await world.dartwing.realtime.publish('acme', { event: 'note', message: 1, room: 'standup' });
    const end = await tick();
    await until(() => numbers(emil).includes(end), 'the end');
    expect(emil.of('note')).toEqual([]);
  });

  it('closes the sockets of a session that ended, and no others', async () => {
    const [first, second] = [
      await world.connectWith(
        { token: await world.token('emil@acme.test', { sid: 'phone' }) },
        world.nodes[1]!.url,
      ),
      await world.connectWith(
        { token: await world.token('emil@acme.test', { sid: 'desk' }) },
        world.nodes[1]!.url,
      ),
    ];
    await world.dartwing.identity.signOut(await world.token('emil@acme.test', { sid: 'phone' }));
    await until(() => first.socket.disconnected, 'the end');
    expect(first.of('auth_expired')[0]?.message).toEqual({ code: 'SESSION_ENDED' });
    // Its rights are asked for anew as well; what comes meanwhile it is told to look for.
    const hears = async () => {
      await tick();
      return numbers(second).length;
    };
    await expect.poll(hears, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(second.socket.connected).toBe(true);
  });

  it('holds while an organization is suspended or wants a second factor', async () => {
    const ana = await world.connect('ana@acme.test', world.nodes[1]!.url);
    const lost = () => ana.of('permission_revoked').length;
    await world.dartwing.tenancy.suspend('acme', {}, { reason: 'unpaid' });
    await until(() => lost() === 1, 'the suspension');
    expect((await ana.ask('subscribe', 'org:acme')).error?.code).toBe('CHANNEL_DENIED');
    await world.dartwing.tenancy.restore('acme', { reason: 'paid' });
    await until(() => ana.of('organizations').length === 1, 'the return');
    await world.dartwing.tenancy.update('acme', { mfa_required: true }, { reason: 'safer' });
    await until(() => lost() === 2, 'the weak sign-in');
    expect((await ana.ask('subscribe', 'org:acme')).error?.code).toBe('MFA_REQUIRED');
    const strong = await world.connectWith({
      token: await world.token('ana@acme.test', {
        sid: 'strong',
        amr: ['pwd', 'otp'],
        auth_time: Math.floor(Date.now() / 1_000),
      }),
    });
    expect(strong.ready.organizations).toEqual([world.acme]);
    await world.dartwing.tenancy.update('acme', { mfa_required: false }, { reason: 'enough' });
    await until(() => ana.of('organizations').length === 2, 'the return');
  });
});
