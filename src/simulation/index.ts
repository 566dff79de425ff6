/**
 * Simulation: the client of the sync protocol against a real server, in histories that a seed or a person chooses. Devices
 * edit without a network, calls are lost, repeated and late, members leave and come back; in the end everybody is quiet
 * and has to have what the server has, and of everything that the server said it took there has to be a trace.
 *
 * ```ts
 * const simulator = await openSimulator();
 * const { converged, problems } = await simulator.simulate({ seed: 7, histories: 20 });
 * await simulator.close();
 * ```
 *
 * The same seed is the same history, in `dartwing sync simulate` as in the tests. Limits: 100 documents and 1,000 edits of
 * a scenario.
 */

export type { Ground } from './device.js';
export { randomDoctypes } from './doctypes.js';
export { clearedGround, groundsOf, treatmentsOf } from './ground.js';
export { type History, historyOf, shortened, stepsDefault } from './history.js';
export { play } from './play.js';
export { parseScenario } from './scenario.js';
export {
  openSimulator,
  type RuleChange,
  type Simulation,
  simulate,
} from './simulate.js';
