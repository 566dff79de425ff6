/** Controls on how long and how safely what was written is kept, and on models that would read it. */
import { requireLongEnough } from '../../privacy/index.js';
import { type Control, fail, type Missing, type Outcome, pass, refusalOf, type Site } from '../control.js';
import { findShortRules, findUnsealedSince } from '../queries.js';

const answerFor = (control: string) => `--acknowledge ${control}="…"`;
const hoursUnsealed = 24;

/** What the place of the archive is not, whatever is in it. */
function archiveFault({ place, immutable, faults, trouble }: Site['around']['archive']): Missing | undefined {
  const fix = `Set DARTWING_AUDIT_ARCHIVE to a bucket with Object Lock (dartwing help environment); or answer for it: ${answerFor('audit.worm')}`;
  if (place === undefined)
    return { what: 'Entries of the trail are sealed nowhere: there is no archive', fix };
  if (trouble !== undefined)
    return { what: `The archive does not answer: ${trouble}`, fix: 'dartwing audit seal' };
  if (!immutable)
    return { what: `${place} is no immutable place: whoever can write there can change what is kept`, fix };
  const [fault] = faults;
  return fault && { what: `${place}: ${fault.what}`, fix: fault.fix };
}

async function checkArchive(site: Site): Promise<Outcome> {
  const { scope, organization, policy, around } = site;
  const answered = policy.exceptions['audit.worm'];
  const fault = archiveFault(around.archive);
  if (answered !== undefined) return { result: 'warn', evidence: `Answered for: ${answered}` };
  if (fault !== undefined) return fail(fault.what, fault.fix);
  const before = new Date(scope.clock.now().getTime() - hoursUnsealed * 3_600_000);
  const since = await findUnsealedSince(scope.tx, organization.id, before);
  if (since !== undefined)
    return fail(
      `Entries since ${since.toISOString()} are not sealed, which is longer than ${hoursUnsealed} hours`,
      'dartwing audit seal, and look whether the schedule audit.seal runs',
    );
  return pass(
    `${around.archive.place} refuses changes for seven years at least, and no entry waits longer than ${hoursUnsealed} hours`,
  );
}

/** Rules that were there before the framework. */
async function shortRules({
  scope,
  organization,
  policy,
}: Pick<Site, 'scope' | 'organization' | 'policy'>): Promise<Missing | undefined> {
  const days = policy.settings.retention_days ?? 0;
  const short = await findShortRules(scope.tx, organization.id, days);
  if (short.length === 0) return undefined;
  const rules = short.map(({ doctype, keep_days }) => `${doctype} (${keep_days})`).join(', ');
  return {
    what: `Less than ${days} days are kept of ${rules}`,
    fix: `dartwing retention set "${short[0]!.doctype}" --days ${days} --basis "…" --org ${organization.slug}`,
  };
}

async function checkRetention({ scope, organization, policy }: Site): Promise<Outcome> {
  const days = policy.settings.retention_days ?? 0;
  const give = (keepDays: number) =>
    refusalOf(() => requireLongEnough(scope.tx, organization.id, 'Task', keepDays));
  const report = 'Nobody should set rules with this version; report it';
  if ((await give(days - 1)) !== 'RETENTION_TOO_SHORT')
    return fail(`A rule of ${days - 1} days would be taken`, report);
  if ((await give(days)) !== undefined) return fail(`A rule of ${days} days would be refused`, report);
  const short = await shortRules({ scope, organization, policy });
  if (short !== undefined) return fail(short.what, short.fix);
  return pass(`A rule of ${days - 1} days was refused, one of ${days} was not, and no rule is shorter`);
}

async function checkModels({ scope, organization, around }: Site): Promise<Outcome> {
  const ask = (place: 'local' | 'cloud', redacted: boolean) =>
    refusalOf(() => around.router.requireModelIn(scope, organization.id, { place, redacted }));
  const report = 'Nobody should ask a model with this version; report it';
  if ((await ask('cloud', false)) !== 'PRIVACY_ERROR')
    return fail('A model of others was let at data of the organization', report);
  for (const [place, redacted] of [
    ['local', false],
    ['cloud', true],
  ] as const) {
    const refusal = await ask(place, redacted);
    if (refusal !== undefined) return fail(`A ${place} model was refused: ${refusal}`, report);
  }
  return pass('A model of others was refused, a local one was not, and neither was redacted text');
}

export const keepingControls: readonly Control[] = [
  {
    id: 'audit.worm',
    title: 'Entries are sealed where nobody can change them for seven years',
    enforced: 'audit: the archive; a bucket without lock, with a weaker or a shorter one gets nothing',
    acknowledgeable: true,
    missing: async ({ around, policy }) =>
      policy.exceptions['audit.worm'] === undefined ? archiveFault(around.archive) : undefined,
    check: checkArchive,
  },
  {
    id: 'retention',
    title: 'Nothing is disposed of before its time',
    enforced: 'privacy: a shorter rule is refused while the framework is in force',
    missing: shortRules,
    check: checkRetention,
  },
  {
    id: 'ai.local',
    title: 'Models of others see no data of the organization, but redacted text',
    enforced: 'residency: the router, which whoever asks a model asks before (requireModel)',
    check: checkModels,
  },
];
