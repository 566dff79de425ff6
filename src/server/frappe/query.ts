/** The query of a list as clients of Frappe's shape write it (requirements §2.2). */
import { z } from 'zod';
import { DartwingError } from '../../core/errors.js';
import { requireKeepable } from '../body.js';
import { text, whole } from '../input.js';

/** `[field, operator, value]` */
export type Triple = readonly [field: string, operator: string, value: unknown];

/** Names of Frappe and of ours; what else a client sends along is its own business. */
export const listQuery = z.object({
  fields: text.optional().describe('JSON list of fields, ["*"] for all'),
  filters: text.optional().describe('JSON: [["status","=","Open"]] or {"status":"Open"}'),
  order_by: text.optional().describe('modified desc'),
  limit: whole.optional(),
  limit_page_length: whole.optional(),
  limit_start: whole.optional(),
  offset: whole.optional(),
  organization: text.optional().describe('Whose records, where the filters do not say so'),
});

export interface ListRequest {
  fields: readonly string[] | undefined;
  filters: readonly Triple[];
  orderBy: string | undefined;
  limit: number | undefined;
  offset: number | undefined;
}

/** @throws VALIDATION_ERROR */
export function parseList(query: z.output<typeof listQuery>): ListRequest {
  return {
    fields: parseFields(query.fields),
    filters: parseFilters(query.filters),
    // Clients send an empty text for no order.
    orderBy: query.order_by?.replaceAll('`', '').trim() || undefined,
    limit: query.limit_page_length ?? query.limit,
    offset: query.limit_start ?? query.offset,
  };
}

function parseFields(given: string | undefined): readonly string[] | undefined {
  if (given === undefined || given === '') return undefined;
  const fields = parseJson('fields', given);
  if (!Array.isArray(fields) || !fields.every((field) => typeof field === 'string'))
    throw invalid('fields is a JSON list of names');
  return fields.includes('*') ? undefined : fields;
}

/** Triples, with the doctype in front as Frappe allows, or an object of values or `[operator, value]`. @throws VALIDATION_ERROR */
export function parseFilters(given: unknown): readonly Triple[] {
  if (given === undefined || given === null || given === '') return [];
  const filters = typeof given === 'string' ? parseJson('filters', given) : given;
  if (Array.isArray(filters)) return filters.map(triple);
  if (typeof filters !== 'object' || filters === null) throw invalid('filters is a JSON list or object');
  return Object.entries(filters).map(([field, value]) =>
    Array.isArray(value) && value.length === 2 ? triple([field, ...value]) : [field, '=', value],
  );
}

function triple(given: unknown): Triple {
  if (!Array.isArray(given)) throw invalid('a filter is [field, operator, value]');
  const [field, operator, value] = given.length === 4 ? given.slice(1) : given;
  if ((given.length !== 3 && given.length !== 4) || typeof field !== 'string' || typeof operator !== 'string')
    throw invalid('a filter is [field, operator, value]');
  return [field, operator.toLowerCase(), value];
}

/** The value of a filter by equality, taken out of the others. @throws VALIDATION_ERROR for another operator */
export function takeEqual(
  filters: readonly Triple[],
  field: string,
): { value: string | undefined; rest: readonly Triple[] } {
  const mine = filters.filter(([name]) => name === field);
  const rest = filters.filter(([name]) => name !== field);
  const [first, ...more] = mine;
  if (first === undefined) return { value: undefined, rest };
  if (more.length > 0 || first[1] !== '=' || typeof first[2] !== 'string')
    throw invalid(`${field} can be filtered by one equal value`);
  return { value: first[2], rest };
}

/** Refuses what no verb can filter by. @throws VALIDATION_ERROR */
export function requireNone(rest: readonly Triple[], known: readonly string[]): void {
  const [first] = rest;
  if (first !== undefined)
    throw invalid(
      `${first[0].slice(0, 80)} cannot be filtered by here; ${known.join(', ')} can, by one equal value`,
    );
}

/** Only the wanted fields. @throws VALIDATION_ERROR for one that is not there */
export function project(
  rows: readonly Record<string, unknown>[],
  fields: readonly string[] | undefined,
): Record<string, unknown>[] {
  if (fields === undefined) return [...rows];
  return rows.map((row) =>
    Object.fromEntries(
      fields.map((field) => {
        if (!Object.hasOwn(row, field)) throw invalid(`${field.slice(0, 80)} is not a field`);
        return [field, row[field]];
      }),
    ),
  );
}

function parseJson(name: string, given: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(given);
  } catch {
    throw invalid(`${name} is not JSON`);
  }
  requireKeepable(value);
  return value;
}

export function invalid(message: string): DartwingError {
  return new DartwingError('VALIDATION_ERROR', { message });
}
