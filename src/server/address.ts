/** The network address of a caller, past the proxies that are trusted. */
import { BlockList, isIP } from 'node:net';
import { DartwingError } from '../core/errors.js';

/** Tells who called: the nearest address in the chain that is no proxy of ours. */
export type FindAddress = (peer: string | undefined, forwarded: string | undefined) => string | undefined;

/** @throws CONFIG_INVALID for something that is neither an address nor a network */
export function addressFinder(trustedProxies: readonly string[]): FindAddress {
  const isTrusted = proxyTest(trustedProxies);
  return (peer, forwarded) => {
    const direct = plain(peer ?? '');
    if (isIP(direct) === 0) return undefined;
    if (!isTrusted(direct)) return direct;
    // Everything left of the last one that is not ours was written by somebody we don't know.
    const chain = (forwarded ?? '').split(',').map((part) => plain(part.trim()));
    for (const address of chain.reverse()) {
      if (isIP(address) === 0) return direct;
      if (!isTrusted(address)) return address;
    }
    return direct;
  };
}

/** Tells whether an address is a proxy of ours. @throws CONFIG_INVALID as `addressFinder` */
export function proxyTest(trustedProxies: readonly string[]): (address: string) => boolean {
  const trusted = new BlockList();
  for (const text of trustedProxies) trust(trusted, text);
  return (given) => {
    const address = plain(given);
    return isIP(address) !== 0 && trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  };
}

function trust(list: BlockList, text: string): void {
  const [address = '', bits] = text.split('/');
  const family = isIP(address);
  const prefix = bits === undefined ? (family === 6 ? 128 : 32) : Number(bits);
  if (family === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > (family === 6 ? 128 : 32))
    throw new DartwingError('CONFIG_INVALID', {
      where: 'trustedProxies',
      message: `"${text.slice(0, 80)}" is neither an address nor a network such as 10.0.0.0/8`,
    });
  list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
}

/** IPv4 that a socket for both families shows as IPv6, without brackets and port. */
function plain(address: string): string {
  const bare = address.replace(/^\[(.*)\](?::\d+)?$/, '$1').replace(/^::ffff:(?=\d+\.)/i, '');
  return /^\d+\.\d+\.\d+\.\d+:\d+$/.test(bare) ? bare.replace(/:\d+$/, '') : bare;
}
