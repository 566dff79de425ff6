/** What differs in a realm of Keycloak from the one that comes with dartwing. Pure. */
import type { Report } from '../../core/index.js';

/** A realm as Keycloak exports it, as far as it matters here. */
export interface Realm {
  realm?: unknown;
  clients?: Client[];
  clientScopes?: Scope[];
  [setting: string]: unknown;
}

interface Client {
  clientId?: string;
  attributes?: Record<string, unknown>;
  [setting: string]: unknown;
}

interface Scope {
  name?: string;
  protocolMappers?: { protocolMapper?: string; config?: Record<string, unknown> }[];
}

type Finding = Report['findings'][number];

/** Settings of which a smaller number is stricter: less than ours is no finding. */
const atMost = new Set([
  'accessTokenLifespan',
  'accessCodeLifespan',
  'ssoSessionIdleTimeout',
  'ssoSessionMaxLifespan',
  'offlineSessionIdleTimeout',
  'refreshTokenMaxReuse',
  'failureFactor',
]);

/** Settings that are a matter of taste or of the place. */
const free = new Set([
  'realm',
  'displayName',
  'rememberMe',
  'defaultSignatureAlgorithm',
  'registrationAllowed',
]);

/** Settings of clients that decide how safely they sign people in. */
const ofClient = [
  'publicClient',
  'standardFlowEnabled',
  'implicitFlowEnabled',
  'directAccessGrantsEnabled',
] as const;

/** Compares a realm with the shipped one: figures, clients that both have, and what our tokens need. */
export function checkRealm(realm: Realm, shipped: Realm): Report {
  const findings: Finding[] = [];
  let pass = 0;
  const judge = (good: boolean, finding: Finding) => {
    if (good) pass++;
    else findings.push(finding);
  };
  for (const [name, wanted] of Object.entries(shipped)) {
    if (typeof wanted === 'object' || free.has(name)) continue;
    const found = realm[name];
    const good =
      atMost.has(name) && typeof found === 'number'
        ? found <= Number(wanted)
        : found === wanted || name === 'passwordPolicy';
    judge(good, {
      id: `realm.${name}`,
      severity: 'fail',
      what: `${name} is ${shown(found)}, not ${shown(wanted)}`,
      fix: `Set ${name} to ${shown(wanted)}`,
    });
  }
  const length = Number(/length\((\d+)\)/.exec(String(realm.passwordPolicy ?? ''))?.[1] ?? 0);
  judge(length >= 12, {
    id: 'realm.passwordPolicy',
    severity: 'fail',
    what: `Passwords need ${length} characters, not 12`,
    fix: 'Add length(12) to the password policy',
  });
  for (const wanted of shipped.clients ?? []) {
    const client = realm.clients?.find(({ clientId }) => clientId === wanted.clientId);
    if (client === undefined) {
      const severity =
        wanted.clientId === 'dartwing-cli' || wanted.clientId === 'dartwing-web' ? 'warn' : undefined;
      if (severity === undefined) continue;
      const what = `There is no client ${wanted.clientId}`;
      findings.push({
        id: `client.${wanted.clientId}`,
        severity,
        what,
        fix: 'Take it from: dartwing profile realm export',
      });
      continue;
    }
    checkClient(client, wanted, judge);
  }
  checkScope(realm, judge);
  const fail = findings.filter(({ severity }) => severity === 'fail').length;
  return {
    api_version: 'dartwing/v1',
    kind: 'Report',
    check: 'profile realm',
    ok: fail === 0,
    findings,
    summary: { pass, warn: findings.length - fail, fail },
  };
}

function checkClient(client: Client, wanted: Client, judge: (good: boolean, finding: Finding) => void): void {
  for (const name of ofClient)
    judge(client[name] === wanted[name], {
      id: `client.${wanted.clientId}.${name}`,
      severity: 'fail',
      what: `${name} of ${wanted.clientId} is ${shown(client[name])}, not ${shown(wanted[name])}`,
      fix: `Switch it ${wanted[name] === true ? 'on' : 'off'}`,
    });
  const pkce = client.attributes?.['pkce.code.challenge.method'];
  judge(pkce === 'S256', {
    id: `client.${wanted.clientId}.pkce`,
    severity: 'fail',
    what: `${wanted.clientId} may sign in without PKCE S256`,
    fix: 'Set its attribute pkce.code.challenge.method to S256',
  });
}

/** Without the audience we refuse every token; without groups nobody gets a system role. */
function checkScope({ clientScopes = [] }: Realm, judge: (good: boolean, finding: Finding) => void): void {
  const mappers = clientScopes.flatMap(({ protocolMappers = [] }) => protocolMappers);
  const has = (kind: string, setting: string) =>
    mappers.some(
      ({ protocolMapper, config }) =>
        protocolMapper === kind && config?.['access.token.claim'] === 'true' && config[setting] !== undefined,
    );
  judge(
    has('oidc-audience-mapper', 'included.custom.audience') ||
      has('oidc-audience-mapper', 'included.client.audience'),
    {
      id: 'scope.audience',
      severity: 'fail',
      what: 'No mapper adds an audience to access tokens: they are refused with TOKEN_AUDIENCE',
      fix: 'Add an audience mapper, as in: dartwing profile realm export',
    },
  );
  judge(has('oidc-group-membership-mapper', 'claim.name'), {
    id: 'scope.groups',
    severity: 'warn',
    what: 'No mapper adds groups to access tokens: system roles do not follow them',
    fix: 'Add a group membership mapper with full paths, as in: dartwing profile realm export',
  });
}

function shown(value: unknown): string {
  return value === undefined ? 'not set' : JSON.stringify(value);
}
