/** A hundred secrets go in by every way and through failures; none is found outside its envelope. */
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import type { Log } from '../../src/core/log.js';
import { json, openQuirkyServer, rotatingTokens } from './quirky-server.js';
import { connectByCode, dropPause, endIn, openTokenWorld, tokenOptions } from './world.js';

const count = 60;

it('T-K11 leaves none of 100 markers in rows, logs or errors', async () => {
  const quirky = await openQuirkyServer();
  const said: string[] = [];
  const tell = (fields: object, message: string) => said.push(inspect(fields, { depth: 12 }), message);
  const log: Log = { debug: tell, info: tell, warn: tell, error: tell };
  const entry = quirky.entry({ health: { url: `http://${quirky.host}/me` } });
  const world = await openTokenWorld({ ...tokenOptions({ quirky: entry }, [quirky.host]), log });
  const { tokens, keys, audit } = world.dartwing;
  const attempt = (work: Promise<unknown>) =>
    work.catch((error: unknown) => said.push(inspect(error, { depth: 12 }), String((error as Error).stack)));
  // Sixty keys and passwords, and ten grants of an access and a refresh token, each renewed once: a hundred and more.
  for (let index = 0; index < count; index++) {
    const account = `key-${index}`;
    const isKey = index % 2 === 0;
    const secret = `marker-${isKey ? 'key' : 'password'}-${index}`;
    const input = isKey ? { provider: 'telnyx' } : { provider: 'twilio', username: 'AC1' };
    await tokens.connect.secret('acme', { ...input, account, secret });
    said.push(JSON.stringify(await tokens.get('acme', input.provider, account)));
  }
  for (let index = 0; index < 10; index++) {
    const grant = rotatingTokens({ marker: `marker-grant-${index}` });
    quirky.answer = grant.answer;
    const account = `grant-${index}`;
    const { after } = await connectByCode(world, 'acme', 'quirky', { account });
    const id = after!.id;
    await endIn(world, id, -1);
    await attempt(tokens.get('acme', 'quirky', account));
    // The provider repeats what it was sent, as some do in their errors.
    quirky.answer = (request, response) => json(response, 400, { error: 'invalid', seen: request.body });
    await endIn(world, id, -1);
    await attempt(tokens.get('acme', 'quirky', account));
    await dropPause(world, id);
    quirky.answer = (request, response) => void response.writeHead(500).end(`<p>${request.body}</p>`);
    await attempt(tokens.get('acme', 'quirky', account));
    said.push(inspect(await tokens.show('acme', id), { depth: 12 }));
  }
  await keys.rotate({ organization: world.acme, purpose: 'integration', reseal: true });
  await audit.sequence();
  const { rows: tables } = await world.database.admin.query<{ name: string }>(
    `select quote_ident(relname) as name from pg_class where relnamespace = 'dartwing'::regnamespace
       and relkind in ('r', 'p') and not relispartition`,
  );
  const everything = [...said];
  for (const { name } of tables) {
    const { rows } = await world.database.admin.query<{ text: string }>(
      `select replace(t::text, chr(92), '') as text from ${name} t`,
    );
    everything.push(...rows.map(({ text }) => text));
  }
  const whole = everything.join('\n');
  // Bytes are shown in hexadecimal: a marker in one would be this.
  const hidden = Buffer.from('marker-').toString('hex');
  expect(tables.length).toBeGreaterThan(50);
  expect(said.length).toBeGreaterThan(count);
  expect(whole).toContain('telnyx');
  expect(whole).not.toContain('marker-');
  expect(whole).not.toContain(hidden);
});
