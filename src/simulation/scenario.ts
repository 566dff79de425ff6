/** Scenarios: what somebody wrote down that some devices do, to see what becomes of it. */
import { z } from 'zod';
import { parseInput } from '../core/input.js';

const name = z.string().min(1).max(140);
const fields = z.record(name, z.json());

const edit = z.strictObject({
  device: name,
  op: z.enum(['insert', 'update', 'delete', 'undelete']).default('update'),
  doctype: name,
  name,
  data: fields.default({}),
});

const shape = z.strictObject({
  /** Documents that everybody has before the devices go offline. */
  documents: z
    .array(z.strictObject({ doctype: name, name, data: fields }))
    .max(100)
    .default([]),
  /** What devices do, in this order and without a network, unless one says `sync`. */
  edits: z
    .array(z.union([edit, z.strictObject({ sync: name })]))
    .min(1)
    .max(1_000),
  /** Who wins what waits for a person at the end; nobody decides it unless told, and it stays open. */
  decide: z.enum(['server', 'client']).optional(),
});

export type Scenario = z.output<typeof shape>;

/** @throws VALIDATION_ERROR that names the place */
export function parseScenario(given: unknown): Scenario {
  return parseInput(shape, given);
}
