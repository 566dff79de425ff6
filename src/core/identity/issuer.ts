/** An issuer of access tokens: what is trusted of it, and what is not. */
import type { JSONWebKeySet } from 'jose';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';

/**
 * Kinds of access tokens. `at+jwt`: RFC 9068, told by the header. `bearer`: Keycloak's, whose header says `JWT` and
 * whose claim `typ` says `Bearer`.
 */
export type TokenKind = (typeof tokenKinds)[number];

const tokenKinds = ['at+jwt', 'bearer'] as const;

export interface IssuerSettings {
  /** Exactly as in the claim `iss`. https, or http on loopback; any text where `keys` are given. */
  issuer: string;
  /** Public keys, where they are known: then nothing is asked over the network. */
  keys?: JSONWebKeySet | undefined;
  /** Who we are in the claim `aud`. */
  audience: string;
  /** Clients whose tokens are accepted (`azp`, else `client_id`). Default: all of the issuer. */
  clients?: readonly string[] | undefined;
  /** Default RS256, PS256, ES256 and EdDSA. */
  algorithms?: readonly string[] | undefined;
  /** Default both. */
  tokenKinds?: readonly TokenKind[] | undefined;
  /** Oldest token accepted, whatever its own end says. Default 10 minutes. */
  tokenAgeMsMax?: number | undefined;
  /** For whom logout tokens are: they name a client, not us. Default `audience` and `clients`. */
  logoutAudiences?: readonly string[] | undefined;
  /** Accept logout tokens whose header says `JWT` instead of `logout+jwt`. Keycloak's do not need it. */
  plainLogoutTokens?: boolean | undefined;
}

/** Settings with every default filled in. */
export type Issuer = Readonly<
  {
    [Key in keyof Omit<IssuerSettings, 'clients' | 'keys'>]-?: Exclude<IssuerSettings[Key], undefined>;
  } & Pick<IssuerSettings, 'clients' | 'keys'>
>;

/** Signatures by key pair only: with a shared secret, everybody who can check could also sign. */
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;

/** Checks the settings and fills in the defaults. @throws CONFIG_INVALID */
export function describeIssuer(settings: IssuerSettings): Issuer {
  const { issuer, audience } = settings;
  if (settings.keys === undefined && !isSafeAddress(issuer))
    throw invalid('it is not an https:// address (http:// only on loopback)');
  if (audience === '') throw invalid('the audience is empty');
  const chosen = settings.algorithms ?? algorithms;
  const shared = chosen.find((name) => !/^(RS|PS|ES)(256|384|512)$|^Ed(DSA|25519)$/.test(name));
  if (shared !== undefined) throw invalid(`the algorithm ${shared} is not one of key pairs`);
  return Object.freeze({
    issuer,
    audience,
    clients: settings.clients,
    keys: settings.keys,
    algorithms: chosen,
    tokenKinds: settings.tokenKinds ?? tokenKinds,
    tokenAgeMsMax: settings.tokenAgeMsMax ?? limits.tokenAgeMsMax,
    logoutAudiences: settings.logoutAudiences ?? [audience, ...(settings.clients ?? [])],
    plainLogoutTokens: settings.plainLogoutTokens ?? false,
  });
}

/** Encrypted, or on this machine. */
export function isSafeAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username } = new URL(text);
  if (username !== '') return false;
  return (
    protocol === 'https:' || (protocol === 'http:' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname))
  );
}

function invalid(message: string): DartwingError {
  return new DartwingError('CONFIG_INVALID', { where: 'issuer', message });
}
