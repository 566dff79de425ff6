/** Simulating on an installation that is thrown away: nothing of it is written anywhere else. */
import type { DartwingOptions } from '../core/index.js';
import { openTestDartwing } from '../core/testing.js';
import { randomDoctypes } from './doctypes.js';
import { groundsOf, type NewGround, treatmentsOf } from './ground.js';
import { type History, historyOf, type Step, shortened } from './history.js';
import { type Played, play } from './play.js';
import type { DocumentRow } from './queries.js';
import type { Scenario } from './scenario.js';
import { asScenarioError, devicesOf, doctypesOf, playScenario } from './scripted.js';

/** The document `Simulation`. */
export interface Simulation {
  api_version: 'dartwing/v1';
  kind: 'Simulation';
  /** Of the first history. */
  seed: number;
  histories: number;
  /** Edits that were put together with those of others. */
  merged: number;
  /** Edits of which something lost or waits for a person. */
  conflicts: {
    doctype: string;
    name: string;
    rule: string;
    fields: string[];
    state: string;
    decision: string | null;
  }[];
  /** Edits that the server did not take, of a scenario. */
  refused: { device: string; op: string; doctype: string; name: string; code: string; message: string }[];
  /** Edits that the server said it took, and of which there is no trace. */
  dropped: number;
  converged: boolean;
  /** What is wrong, of the first history in which something is. */
  problems: string[];
  /** Of a scenario: the documents at the end. */
  documents: DocumentRow[];
  /** The seed that does not converge, and the fewest of its steps that do not. */
  failure: { seed: number; devices: number; steps: readonly Step[] } | null;
}

export interface SimulateInput {
  /** Chooses what random devices do, and in which order the devices of a scenario come back. */
  seed: number;
  /** Random histories, of this seed and those after it; 1 unless told. */
  histories?: number | undefined;
  /** Steps of the longest random history. */
  stepsMax?: number | undefined;
  scenario?: Scenario | undefined;
  /** Rules that hold instead of those of the doctypes. */
  rules?: readonly RuleChange[] | undefined;
  /** Stops after the history that is played. */
  signal?: AbortSignal | undefined;
}

export interface RuleChange {
  entity: string;
  override: Readonly<Record<string, unknown>>;
}

export interface Simulator {
  /** @throws VALIDATION_ERROR, DOCTYPE_UNKNOWN, and what creating a document throws */
  simulate(input: SimulateInput): Promise<Simulation>;
  close(): Promise<void>;
}

/** Histories that are tried to find a short one that fails. */
const shorteningMax = 100;

/** Opens an installation of its own, with an embedded server in a temporary folder. @throws EMBEDDED_* */
export async function openSimulator(
  options: Partial<DartwingOptions> = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Simulator> {
  const doctypes = [...(options.doctypes ?? []), ...randomDoctypes];
  const { dartwing, close } = await openTestDartwing({ ...options, doctypes }, env);
  const newGround = groundsOf(dartwing, 'simulation');
  return { simulate: (input) => simulate(newGround, input), close };
}

/** The same in organizations of an installation that is there. @throws as `Simulator.simulate` */
export async function simulate(newGround: NewGround, input: SimulateInput): Promise<Simulation> {
  const { scenario, seed, rules = [], signal } = input;
  const simulation = emptyOf(seed);
  if (scenario !== undefined) {
    const ground = await withRules(newGround, doctypesOf(scenario), rules);
    const played = await playScenario(ground, scenario, seed).catch((error: unknown) => {
      throw asScenarioError(error);
    });
    add(simulation, played);
    const devices = devicesOf(scenario);
    simulation.refused = played.refused.map((each) => ({ ...each, device: devices[each.device]! }));
    simulation.documents = played.state.documents.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    return simulation;
  }
  const doctypes = randomDoctypes.map(({ doctype }) => doctype);
  const playRandom = async (history: History): Promise<Played> => {
    const ground = await withRules(newGround, doctypes, rules);
    return play(ground, history, { treatment: await treatmentsOf(ground), counts: true });
  };
  for (let next = seed; next < seed + (input.histories ?? 1) && signal?.aborted !== true; next++) {
    const history = historyOf(next, input.stepsMax);
    const played = await playRandom(history);
    add(simulation, played);
    if (played.problems.length === 0) continue;
    const fails = async (shorter: History) => (await playRandom(shorter)).problems.length > 0;
    simulation.failure = { seed: next, ...(await shortened(history, fails, shorteningMax)) };
    return simulation;
  }
  return simulation;
}

function emptyOf(seed: number): Simulation {
  return {
    api_version: 'dartwing/v1',
    kind: 'Simulation',
    seed,
    histories: 0,
    merged: 0,
    conflicts: [],
    refused: [],
    dropped: 0,
    converged: true,
    problems: [],
    documents: [],
    failure: null,
  };
}

function add(simulation: Simulation, { problems, dropped, merged, state }: Played): void {
  simulation.histories++;
  simulation.merged += merged;
  simulation.dropped += dropped;
  simulation.converged &&= problems.length === 0;
  simulation.problems.push(...problems);
  for (const { doctype, name, strategy: rule, fields, status, decision } of state.conflicts)
    simulation.conflicts.push({ doctype, name, rule, fields, state: status, decision });
}

async function withRules(newGround: NewGround, doctypes: readonly string[], rules: readonly RuleChange[]) {
  const ground = await newGround(doctypes);
  for (const { entity, override } of rules)
    await ground.dartwing.sync.rules.set(ground.organization, entity, override);
  return ground;
}

function keyOf({ doctype, name }: DocumentRow): string {
  return `${doctype}/${name}`;
}
