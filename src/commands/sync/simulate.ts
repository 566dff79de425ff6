import { DartwingError } from '../../core/errors.js';
import type { DartwingOptions } from '../../core/index.js';
import { openSimulator, parseScenario, type RuleChange, type Simulation } from '../../simulation/index.js';
import type { CommandContext } from '../context.js';
import { numberFlag, textFlag } from '../flag-values.js';
import type { VerbRun } from '../spec.js';
import { whileShown } from '../ui/progress.js';
import { readMappings } from './yaml-input.js';

const seedMax = 2_147_483_647;

export const run: VerbRun = async (context, { flags }) => {
  const file = textFlag(flags, 'file');
  const seed = numberFlag(flags, 'seed', 0, seedMax);
  if (file === undefined && seed === undefined)
    throw new DartwingError('INPUT_REQUIRED', {
      what: 'A scenario or a seed',
      flag: '--file <file> or --seed <n>',
    });
  const histories = numberFlag(flags, 'histories', 1, 100_000);
  const stepsMax = numberFlag(flags, 'steps', 1, 1_000);
  const given = file === undefined ? undefined : await readMappings(context, file, 'A scenario');
  if (given !== undefined && given.length > 1)
    throw new DartwingError('BAD_FILE', { file: file!, message: 'a file holds one scenario' });
  const scenario = given && parseScenario(given[0]);
  const rules = [
    ...(await rulesOfOrganization(context)),
    ...(await rulesOfFile(context, textFlag(flags, 'rules'))),
  ];
  const { postgresBin } = context.config.values;
  const env =
    postgresBin === undefined ? context.env : { ...context.env, DARTWING_POSTGRES_BIN: postgresBin };
  context.io.note('Starting a database for this simulation only');
  const simulator = await openSimulator(simulated, env);
  context.defer(() => simulator.close());
  const wish = { seed: seed ?? 1, histories, stepsMax, scenario, rules, signal: context.signal };
  const answer = await whileShown(context, 'Simulating', () => simulator.simulate(wish));
  return {
    document: { ...answer },
    findings: !answer.converged,
    whole: scenario !== undefined || answer.histories === (histories ?? 1) || !answer.converged,
    table: { columns: [], sentence: told(answer) },
  };
};

/** The installation of the simulation has nothing of the real one but its kinds of documents. */
const simulated: Partial<DartwingOptions> = { background: false };

/** What the organization of --org changed of the rules; without one the rules of the doctypes hold. */
async function rulesOfOrganization(context: CommandContext): Promise<RuleChange[]> {
  const organization = context.currentOrganization();
  if (organization === undefined) return [];
  const dartwing = await context.open({ selfTest: 'version' });
  const sets = await dartwing.sync.rules.list(organization);
  return sets.flatMap(({ entity, override }) => (override === null ? [] : [{ entity, override }]));
}

async function rulesOfFile(context: CommandContext, file: string | undefined): Promise<RuleChange[]> {
  if (file === undefined) return [];
  const mappings = await readMappings(context, file, 'A file of rules');
  return mappings.map(({ entity, ...override }) => ({ entity: String(entity ?? ''), override }));
}

function told({
  seed,
  histories,
  merged,
  conflicts,
  refused,
  dropped,
  converged,
  problems,
  documents,
  failure,
}: Simulation) {
  const lines = [
    converged
      ? `All devices ended with what the server has (${histories === 1 ? 'seed' : `${histories} histories from seed`} ${seed})`
      : 'The devices do not end with what the server has',
    `  Merged     ${merged} edits`,
    `  Conflicts  ${conflicts.length}, of which ${conflicts.filter(({ state }) => state === 'open').length} wait for a person`,
    `  Dropped    ${dropped} edits`,
    ...refused.map(
      ({ device, op, doctype, name, message }) =>
        `  Refused    ${op} of ${doctype}/${name} by ${device}: ${message}`,
    ),
    ...(documents.length === 0
      ? []
      : conflicts.map(
          ({ doctype, name, rule, fields, state, decision }) =>
            `    ${doctype}/${name}  ${rule}: ${fields.join(', ') || 'the document'}, ${decision ?? state}`,
        )),
    ...documents.map(
      ({ doctype, name, version, data }) =>
        `  ${doctype}/${name}, version ${version}  ${JSON.stringify(data)}`,
    ),
    ...problems.map((problem) => `  ${problem}`),
  ];
  if (failure !== null)
    lines.push(
      `  The fewest steps of seed ${failure.seed} that fail:`,
      ...failure.steps.map((step) => `    ${JSON.stringify(step)}`),
    );
  return lines.join('\n');
}
