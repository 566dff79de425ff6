/** What is looked at before a transaction begins: the wire to our own address, and the key service. */
import { connect } from 'node:tls';
import type { Session } from '../access/index.js';
import type { Registry } from '../documents/index.js';
import type { DataKeys } from '../keys/index.js';
import { limits } from '../limits.js';
import type { Router } from '../residency/index.js';

/** What became of two handshakes with our own public address. */
export interface TransitFacts {
  address: string;
  /** It speaks TLS 1.3. */
  modern: boolean;
  /** It answered a client that knows nothing newer than TLS 1.2. */
  outdated: boolean;
  /** Why there was no answer. */
  trouble: string | undefined;
}

/** Where entries of the trail are sealed for good. */
export interface ArchiveFacts {
  /** Undefined where there is no archive. */
  place: string | undefined;
  /** Whether the place itself refuses changes. */
  immutable: boolean;
  /** What is wrong with it. */
  faults: readonly { what: string; fix: string }[];
  /** Why it did not answer. */
  trouble: string | undefined;
}

export interface Surroundings {
  /** Who checks passwords: dartwing itself, or an identity provider. */
  signIn: 'lite' | 'provider' | 'none';
  keys: { name: string; master: string; trouble: string | undefined };
  transit: TransitFacts;
  /** The doctypes of this process. */
  doctypes: Registry;
  dataKeys: DataKeys;
  router: Router;
  session: Session;
  archive: ArchiveFacts;
}

/** What the audit room tells of the place of its archive. */
export interface ArchivePlace {
  place: string;
  immutable: boolean;
  findings: readonly { severity: 'fail' | 'warn'; what: string; fix: string }[];
}

/** Asks the place of the archive how it keeps things. */
export async function askArchive(ask: (() => Promise<ArchivePlace>) | undefined): Promise<ArchiveFacts> {
  const nothing: ArchiveFacts = { place: undefined, immutable: false, faults: [], trouble: undefined };
  if (ask === undefined) return nothing;
  return ask().then(
    ({ place, immutable, findings }) => ({
      ...nothing,
      place,
      immutable,
      faults: findings.filter(({ severity }) => severity === 'fail'),
    }),
    (error: Error) => ({ ...nothing, place: 'the archive', trouble: error.message }),
  );
}

/** Shakes hands with the public address, once with TLS 1.3 and once with TLS 1.2 at most. */
export async function probeTransit(publicUrl: string): Promise<TransitFacts> {
  const url = new URL(publicUrl);
  const facts = { address: url.origin, modern: false, outdated: false };
  if (url.protocol !== 'https:')
    return { ...facts, trouble: 'the public address is not https', modern: false, outdated: false };
  const [modern, outdated] = await Promise.all([shake(url, 'TLSv1.3'), shake(url, 'TLSv1.2')]);
  return {
    ...facts,
    modern: modern === undefined,
    outdated: outdated === undefined,
    trouble: modern,
  };
}

/** Undefined when the handshake succeeds; only the version counts here, clients check certificates themselves. */
function shake(url: URL, version: 'TLSv1.2' | 'TLSv1.3'): Promise<string | undefined> {
  return new Promise((resolve) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const socket = connect({
      host,
      port: url.port === '' ? 443 : Number(url.port),
      servername: /^[\d.]+$|:/.test(host) ? '' : host,
      minVersion: version,
      maxVersion: version,
      rejectUnauthorized: false,
    });
    const end = (answer: string | undefined): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(limits.transitProbeMs, () => end('nobody answered in time'));
    socket.once('secureConnect', () => end(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}
