/**
 * Calls to providers. An address is judged three times: as it is written, as a literal network address, and as what its
 * name resolves to at the moment of connecting, which is also where the connection goes. Redirects are not followed.
 */
import { lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { Agent } from 'undici';
import type { Clock } from '../clock.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import type { ProviderCall, TokenEars } from './course.js';

export interface OutgoingOptions {
  /** Hosts (`host` or `host:port`) that may lie in a private network, and be asked without TLS. */
  allowPrivateHosts?: readonly string[] | undefined;
}

export interface OutgoingRequest {
  method?: string | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  body?: string | Uint8Array | undefined;
  timeoutMs?: number | undefined;
  bytesMax?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Which provider is called and what for, for metrics. */
  of?: Pick<ProviderCall, 'provider' | 'endpoint'> | undefined;
}

/** What was answered, read whole. */
export interface OutgoingAnswer {
  status: number;
  headers: Headers;
  text: string;
}

export interface Outgoing {
  /** @throws OUTGOING_REFUSED (the address), OUTGOING_FAILED (no answer, or too long a one) */
  request(url: string | URL, request?: OutgoingRequest): Promise<OutgoingAnswer>;
  close(): Promise<void>;
}

/** Opens nothing before the first request. */
export function openOutgoing(
  { allowPrivateHosts = [] }: OutgoingOptions = {},
  ears?: { clock: Clock } & Pick<TokenEars, 'onProviderCall'>,
): Outgoing {
  const allowed = new Set(allowPrivateHosts.map((host) => host.toLowerCase()));
  const isAllowed = (url: URL) => allowed.has(url.host) || allowed.has(url.hostname);
  let opening: Promise<{ undici: typeof import('undici'); outside: Agent; inside: Agent }> | undefined;
  const open = () => {
    opening ??= import('undici').then((undici) => {
      const shared = { connections: limits.outgoingConnectionsMax, pipelining: 1, keepAliveTimeout: 10_000 };
      const connect = { timeout: limits.outgoingConnectMs };
      return {
        undici,
        outside: new undici.Agent({ ...shared, connect: { ...connect, lookup: publicOnly } }),
        inside: new undici.Agent({ ...shared, connect }),
      };
    });
    return opening;
  };
  return {
    request: async (address, request = {}) => {
      const url = new URL(address);
      const inside = isAllowed(url);
      if (!inside) requirePublic(url);
      const { undici, ...agents } = await open();
      const { method = 'GET', headers = {}, body, timeoutMs = limits.outgoingMs } = request;
      const startedAt = ears?.clock.monotonicMs() ?? 0;
      const tell = (status: string) => {
        if (ears !== undefined && request.of !== undefined)
          ears.onProviderCall({ ...request.of, status, ms: ears.clock.monotonicMs() - startedAt });
      };
      const signals = [AbortSignal.timeout(timeoutMs), ...(request.signal ? [request.signal] : [])];
      try {
        const response = await undici.request(url, {
          method: method as 'GET',
          headers: { 'user-agent': 'dartwing', ...headers },
          body: body ?? null,
          dispatcher: inside ? agents.inside : agents.outside,
          signal: AbortSignal.any(signals),
        });
        const text = await readText(response.body, request.bytesMax ?? limits.outgoingAnswerBytesMax);
        tell(String(response.statusCode));
        return { status: response.statusCode, headers: headersOf(response.headers), text };
      } catch (error) {
        tell('failed');
        throw failureOf(error, url);
      }
    },
    close: async () => {
      if (opening === undefined) return;
      const { outside, inside } = await opening;
      await Promise.all([outside.destroy(), inside.destroy()]);
    },
  };
}

/** @throws OUTGOING_REFUSED */
function requirePublic(url: URL): void {
  const literal = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (url.protocol !== 'https:') throw refused(url, 'it is not https');
  if (url.username !== '' || url.password !== '') throw refused(url, 'it holds a user');
  if (url.port !== '') throw refused(url, 'it names a port');
  if (isIP(literal) !== 0 && isSpecial(literal)) throw refused(url, 'it is not a public address');
}

/** Resolves a name to all of its addresses and refuses it when one of them is not public. */
const publicOnly: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 0);
    const [first] = addresses;
    if (first === undefined || addresses.some(({ address }) => isSpecial(address))) {
      const inward = new Error('the name leads to an address that is not public');
      return callback(Object.assign(inward, { code: inwardCode }), '', 0);
    }
    if (options.all) return callback(null, addresses);
    callback(null, first.address, first.family);
  });
};

const inwardCode = 'ERR_DARTWING_NOT_PUBLIC';

/** Networks with a purpose of their own, after the IANA special-purpose address registries. */
const special = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  special.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of [
  ['::', 96],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  special.addSubnet(network, bits, 'ipv6');

function isSpecial(address: string): boolean {
  return special.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

async function readText(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error(`the answer is longer than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function headersOf(given: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined) headers.append(name, one);
  return headers;
}

function failureOf(error: unknown, url: URL): DartwingError {
  const { code, name, message } = error as { code?: string; name?: string; message?: string };
  if (code === inwardCode) return refused(url, 'its name leads to an address that is not public');
  const reason =
    name === 'TimeoutError'
      ? 'no answer in time'
      : (code ?? (message?.startsWith('the answer') ? message : name));
  return new DartwingError('OUTGOING_FAILED', { host: url.host, reason: String(reason) }, { cause: error });
}

function refused(url: URL, reason: string): DartwingError {
  return new DartwingError('OUTGOING_REFUSED', { host: url.host.slice(0, 120), reason });
}
