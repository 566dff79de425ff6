/** Controls on keys and wires. */
import { passDoor } from '../../identity/index.js';
import { type Control, fail, type Missing, type Outcome, pass, refusalOf, type Site } from '../control.js';
import { countLocalKeys, readOwnWire } from '../queries.js';

const answerFor = (control: string) => `--acknowledge ${control}="…"`;

function excused(site: Site, control: string): Outcome | undefined {
  const reason = site.policy.exceptions[control];
  return reason === undefined ? undefined : { result: 'warn', evidence: `Answered for: ${reason}` };
}

async function checkKeys(site: Site): Promise<Outcome> {
  const { keys } = site.around;
  if (keys.trouble !== undefined)
    return fail(`The key service ${keys.name} does not answer: ${keys.trouble}`, 'dartwing key status --all');
  const answered = excused(site, 'crypt.keys');
  if (answered !== undefined) return answered;
  if (keys.name === 'local') return fail('Data keys are wrapped with the master key of this process', keyFix);
  const local = await countLocalKeys(site.scope.tx, site.organization.id);
  if (local > 0)
    return fail(
      `${local} data keys are still wrapped with a master key outside of ${keys.name}`,
      `dartwing key rotate --org ${site.organization.slug} --rewrap --reason "…" --yes`,
    );
  return pass(`Every data key is wrapped by ${keys.name} (${keys.master})`);
}

const keyFix =
  `Set DARTWING_KEY_PROVIDER to aws-kms, vault or pkcs11 (dartwing help environment), then dartwing key rotate --rewrap; or answer for it: ` +
  answerFor('crypt.keys');

async function missingKeys(site: Site): Promise<Missing | undefined> {
  const outcome = await checkKeys(site);
  return outcome.result === 'fail' ? { what: outcome.evidence, fix: outcome.fix! } : undefined;
}

/** What the wires say by themselves, before any policy is in force. */
async function findOpenWire({ scope, around }: Site): Promise<Missing | undefined> {
  const { address, trouble, modern, outdated } = around.transit;
  const fix = `Serve ${address} with TLS 1.3 only and set DARTWING_PUBLIC_URL to it; or answer for it: ${answerFor('crypt.transit')}`;
  if (!modern) return { what: `${address} does not speak TLS 1.3: ${trouble ?? 'refused'}`, fix };
  if (outdated) return { what: `${address} still speaks TLS 1.2`, fix };
  const wire = await readOwnWire(scope.tx);
  if (wire.local || wire.version === 'TLSv1.3') return undefined;
  const spoken = wire.version ?? 'no encryption';
  return {
    what: `The connection to the database has ${spoken}`,
    fix: `Require TLS 1.3 at the database (ssl_min_protocol_version) and sslmode=require in its address; or ${answerFor('crypt.transit')}`,
  };
}

async function checkTransit(site: Site): Promise<Outcome> {
  const answered = excused(site, 'crypt.transit');
  if (answered !== undefined) return answered;
  const open = await findOpenWire(site);
  if (open !== undefined) return fail(open.what, open.fix);
  const { scope, organization, around } = site;
  const refusal = await refusalOf(() =>
    passDoor(scope.tx, { encrypted: false }, organization.id, {}, scope.clock.now()),
  );
  if (refusal !== 'TLS_REQUIRED')
    return fail('A call over a wire that is not encrypted was let in', 'dartwing compliance verify');
  return pass(
    `${around.transit.address} speaks TLS 1.3 and refuses 1.2; a call that is not encrypted was refused`,
  );
}

export const encryptionControls: readonly Control[] = [
  {
    id: 'crypt.keys',
    title: 'A key service holds the keys of what is sealed',
    enforced: 'keys: a key of the organization that the local master key would wrap is refused',
    acknowledgeable: true,
    missing: missingKeys,
    check: checkKeys,
  },
  {
    id: 'crypt.transit',
    title: 'Nothing travels over a wire without TLS 1.3',
    enforced: 'server: TLS 1.3 and nothing older; identity: a call that came otherwise is refused',
    acknowledgeable: true,
    missing: async (site) => (excused(site, 'crypt.transit') === undefined ? findOpenWire(site) : undefined),
    check: checkTransit,
  },
];
