/** Addresses of servers. */
import { DartwingError } from '../errors.js';

/**
 * The address without its last slash. Secrets are sent over https only, or to this machine.
 * @throws CONFIG_INVALID
 */
export function baseOf(url: string): string {
  const invalid = (message: string) => new DartwingError('CONFIG_INVALID', { where: 'url', message });
  if (!URL.canParse(url)) throw invalid('it is no address');
  const { protocol, hostname, username, password, search, hash } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') throw invalid('a server begins with https://');
  if (protocol === 'http:' && !isLoopback(hostname))
    throw invalid('a server on another machine is called over https:// only');
  if (username !== '' || password !== '' || search !== '' || hash !== '')
    throw invalid('it holds more than host, port and path; a key belongs into DARTWING_TOKEN or its _FILE');
  return url.replace(/\/+$/, '');
}

/** Whether a host is this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\./.test(host);
}

export type Skew = 'none' | 'newer' | 'other';

/** Whether a client of this version may talk to a server of that one: within a major, with a word if the client is newer. */
export function skewOf(client: string, server: string): Skew {
  const [mine, theirs] = [numbersOf(client), numbersOf(server)];
  if (mine === undefined || theirs === undefined) return 'none';
  if (mine.major !== theirs.major) return 'other';
  return mine.minor > theirs.minor ? 'newer' : 'none';
}

function numbersOf(version: string): { major: number; minor: number } | undefined {
  const [, major, minor] = /^(\d{1,6})\.(\d{1,6})\./.exec(version) ?? [];
  return major === undefined ? undefined : { major: Number(major), minor: Number(minor) };
}
