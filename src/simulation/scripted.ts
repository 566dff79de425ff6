/** Playing a scenario: documents that everybody has, edits of devices that are away, and their return. */
import { DartwingError } from '../core/errors.js';
import type { Ground } from './device.js';
import { treatmentsOf } from './ground.js';
import { type GivenStep, type History, returnsOf, type Step } from './history.js';
import { type Played, play } from './play.js';
import type { Scenario } from './scenario.js';

/** Doctypes that a scenario speaks of. */
export function doctypesOf({ documents, edits }: Scenario): string[] {
  const named = [...documents, ...edits.filter((edit) => 'doctype' in edit)];
  return [...new Set(named.map(({ doctype }) => doctype))].sort();
}

/** @throws VALIDATION_ERROR, DOCTYPE_UNKNOWN, and what creating a document throws */
export async function playScenario(ground: Ground, scenario: Scenario, seed: number): Promise<Played> {
  const names = new Map<string, string>();
  for (const { doctype, name, data } of scenario.documents) {
    const { naming } = await ground.dartwing.documents.doctypes.show(doctype);
    const given = naming.rule === 'client' ? { name, data } : { data };
    const { after } = await ground.dartwing.documents.create(ground.organization, doctype, given);
    names.set(`${doctype}/${name}`, after!.name);
  }
  const history = historyOfScenario(scenario, names, seed);
  // Rights are no part of a scenario: every device is that of the supervisor.
  return play({ ...ground, member: ground.owner }, history, {
    treatment: await treatmentsOf(ground),
    decide: scenario.decide ?? 'server',
    counts: false,
  });
}

/** Names of the devices of a scenario, in the order in which it first speaks of them. */
export function devicesOf({ edits }: Scenario): string[] {
  return [...new Set(edits.map((edit) => ('sync' in edit ? edit.sync : edit.device)))];
}

function historyOfScenario(scenario: Scenario, names: ReadonlyMap<string, string>, seed: number): History {
  const { documents, edits } = scenario;
  const devices = devicesOf(scenario);
  const sync = (device: number): Step => ({ device, act: 'sync', weather: 'fine' });
  const given = edits.map((edit): Step => {
    if ('sync' in edit) return sync(devices.indexOf(edit.sync));
    const { device, op, doctype, name, data } = edit;
    return {
      device: devices.indexOf(device),
      act: 'edit',
      op,
      doctype,
      name: names.get(`${doctype}/${name}`) ?? name,
      data,
    } satisfies GivenStep;
  });
  const before = documents.length === 0 ? [] : devices.map((_, device) => sync(device));
  return { devices: devices.length, steps: [...before, ...given, ...returnsOf(seed, devices.length)] };
}

/** An edit that no device can make is a mistake of the scenario. */
export function asScenarioError(error: unknown): unknown {
  const { name, code, message } = error as { name?: string; code?: string; message?: string };
  if (name !== 'ClientFault') return error;
  return new DartwingError('VALIDATION_ERROR', { message: `A device cannot do this: ${message ?? code}` });
}
