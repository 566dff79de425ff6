/** Connections that break, servers that are none, tokens, versions. */
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { connectDartwing, decode, encode } from '../../src/core/remote/index.js';
import { refusalFrom } from './sides.js';

const json = (value: unknown, init: ResponseInit = {}) => Response.json(value, init);
const noToken = { token: () => 'x' };

describe('a call', () => {
  const broken = (code: string) =>
    Object.assign(new TypeError('fetch failed'), {
      cause: Object.assign(new Error(`connect ${code}`), { code }),
    });

  it('is made again when it reads, and tells how often it was tried', async () => {
    const tries: string[] = [];
    const dartwing = connectDartwing({
      url: 'http://127.0.0.1:9',
      ...noToken,
      fetch: () => Promise.reject(broken('ECONNRESET')),
      onRetry: (why) => tries.push(why),
    });
    expect(await refusalFrom(dartwing.tenancy.list())).toMatchObject({
      code: 'SERVER_UNREACHABLE',
      kind: 'unavailable',
      message: 'No answer from the server at http://127.0.0.1:9',
      why: 'connect ECONNRESET; tried 3 times',
    });
    expect(tries).toHaveLength(2);
  });

  it('is not made again when it may have changed something, unless it has a key', async () => {
    let asked = 0;
    const dartwing = connectDartwing({
      url: 'http://127.0.0.1:9',
      ...noToken,
      fetch: () => {
        asked++;
        return Promise.reject(broken('ECONNRESET'));
      },
    });
    const create = (call = {}) => dartwing.tenancy.create({ slug: 'acme', type: 'company' }, call);
    expect((await refusalFrom(create())).fix).toEqual([expect.stringContaining('--idempotency-key')]);
    expect(asked).toBe(1);
    await refusalFrom(create({ idempotencyKey: 'k' }));
    expect(asked).toBe(4);
  });

  it('is made again when nothing was sent, and not when a certificate is distrusted', async () => {
    const codes = ['ECONNREFUSED', 'SELF_SIGNED_CERT_IN_CHAIN'];
    const found = [];
    for (const code of codes) {
      let asked = 0;
      const fetch = () => {
        asked++;
        return Promise.reject(broken(code));
      };
      const dartwing = connectDartwing({ url: 'https://api.acme.test', ...noToken, fetch });
      const { fix } = await refusalFrom(dartwing.tenancy.restore('acme'));
      found.push([asked, String(fix)]);
    }
    expect(found).toEqual([
      [3, expect.stringContaining('Check that it runs')],
      [1, expect.stringContaining('NODE_EXTRA_CA_CERTS')],
    ]);
  });

  it('is asked first whether it may change something', async () => {
    const no = new Error('no');
    const beforeChange = () => {
      throw no;
    };
    const dartwing = connectDartwing({
      url: 'http://localhost',
      ...noToken,
      fetch: () => json({ value: 1 }),
      beforeChange,
    });
    await expect(dartwing.tenancy.restore('acme')).rejects.toBe(no);
    await expect(dartwing.tenancy.list()).resolves.toBe(1);
  });

  it.each([
    ['an answer that is none', () => new Response('<html>')],
    ['an answer without a value', () => json({ data: [] })],
    ['an answer that ends in the middle', () => new Response('{"part":1}\n')],
  ])('does not take %s for one of ours', async (_, fetch) => {
    const dartwing = connectDartwing({ url: 'http://localhost', ...noToken, fetch });
    const call = fetch().headers.get('content-type')?.includes('json')
      ? dartwing.tenancy.list()
      : dartwing.export.organization('acme', () => undefined);
    expect(await refusalFrom(call)).toMatchObject({ code: 'SERVER_UNREACHABLE' });
  });

  it('has no token for whoever signs in, and knows who answers by kind when a code is new', async () => {
    const seen: (string | null)[] = [];
    const dartwing = connectDartwing({
      url: 'http://localhost/mounted/',
      token: () => 'secret-of-mine',
      fetch: (request) => {
        seen.push(new URL(request.url).pathname, request.headers.get('authorization'));
        return json({ error: { code: 'FROM_TOMORROW', message: 'Not today' } }, { status: 403 });
      },
    });
    await refusalFrom(dartwing.lite.refresh('dwr_x'));
    expect(await refusalFrom(dartwing.tenancy.list())).toMatchObject({
      kind: 'forbidden',
      message: 'Not today',
    });
    expect(seen).toEqual([
      '/mounted/v1/open-calls/lite.refresh',
      null,
      '/mounted/v1/calls/tenancy.list',
      'Bearer secret-of-mine',
    ]);
  });
});

describe('an address', () => {
  it.each([
    ['http://api.acme.test', 'https'],
    ['ftp://acme.test', 'https'],
    ['https://ana:secret@acme.test', 'DARTWING_TOKEN'],
    ['nowhere', 'address'],
  ])('%s is refused', (url, why) => {
    expect(() => connectDartwing({ url })).toThrow(why);
  });
});

describe('versions', () => {
  const answering = (version: string) => () =>
    json({ value: [] }, { headers: { 'dartwing-version': version } });

  it('of another major are refused, and a newer client is told once', async () => {
    const other = connectDartwing({ url: 'http://localhost', ...noToken, fetch: answering('7.0.0') });
    expect(await refusalFrom(other.tenancy.list())).toMatchObject({
      code: 'VERSION_SKEW',
      kind: 'precondition',
    });
    const told: string[] = [];
    const older = connectDartwing({
      url: 'http://localhost',
      ...noToken,
      fetch: answering('0.0.9'),
      onSkew: (server) => told.push(server),
    });
    await older.tenancy.list();
    await older.tenancy.list();
    expect(told).toEqual(['0.0.9']);
  });
});

describe('what needs the database', () => {
  it('says so', () => {
    const dartwing = connectDartwing({ url: 'http://localhost' });
    for (const act of [
      () => dartwing.jobs.work(),
      () => dartwing.asOrg('acme', async () => 1),
      () => dartwing.metrics.meter,
    ])
      expect(act).toThrow(expect.objectContaining({ code: 'NEEDS_DATABASE' }));
  });
});

describe('a socket', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  it('that falls in the middle of a stream is told, and closing ends what runs', async () => {
    const cuts: (() => void)[] = [];
    server = createHttpServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write('{"part":"first"}\n');
      cuts.push(() => response.destroy());
    });
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const dartwing = connectDartwing({ url: `http://127.0.0.1:${port}`, ...noToken });
    const follow = dartwing.sync.stream('acme', { doctype: ['Task'] });
    expect(await follow.next()).toEqual({ done: false, value: 'first' });
    cuts[0]!();
    expect(await refusalFrom(follow.next())).toMatchObject({ code: 'SERVER_UNREACHABLE' });
    const another = dartwing.sync.stream('acme', { doctype: ['Task'] });
    await another.next();
    const next = refusalFrom(another.next());
    await dartwing.close();
    expect(await next).toMatchObject({ code: 'CANCELED' });
  });
});

describe('values', () => {
  it.each([
    [new Date(0)],
    [new Map([['a', new Set([1n])]])],
    [{ $date: 'mine' }],
    [{ $plain: { $date: 1 } }],
    [[undefined, null, Number.NaN, { a: [{}] }]],
    [JSON.parse('{"__proto__": {"polluted": true}}')],
  ])('%o comes out as it went in', (value) => {
    const there = JSON.parse(JSON.stringify(encode(value)));
    expect(decode(there)).toEqual(value);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('are carried as bytes, too', () => {
    expect(decode(encode(Buffer.from([0, 255])))).toEqual(Buffer.from([0, 255]));
  });

  it.each([[{ $hear: 0 }], [{ $signal: true }], [{ $date: 'never' }], [{ $map: [1] }], [{ $evil: 1 }]])(
    '%o is refused where nobody expects it',
    (value) => {
      expect(() => decode(value)).toThrow(expect.objectContaining({ code: 'VALIDATION_ERROR' }));
    },
  );
});
