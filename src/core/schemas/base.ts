/** Pieces of which the schemas of documents are made. */
import { z } from 'zod';

/** Time in RFC 3339, UTC. */
export const time = z.iso.datetime().describe('RFC 3339, UTC');

/** Any value of JSON. */
export const anything = z.unknown();

/** A document of one kind; readers accept fields they do not know. */
export function document<const K extends string, S extends z.ZodRawShape>(kind: K, shape: S) {
  return z.looseObject({ api_version: z.literal('dartwing/v1'), kind: z.literal(kind), ...shape });
}

/** A list of documents: rows, their total and the page. */
export function list<const K extends string>(kind: K, item: z.ZodType) {
  return document(kind, {
    items: z.array(item),
    total_count: z.int().min(0),
    limit: z.int().optional(),
    offset: z.int().optional(),
  });
}

/** An item of a list: the document without what the list says once. */
export function row(shape: z.ZodRawShape) {
  return z.looseObject(shape);
}

export const summaryOfChecks = z.object({
  pass: z.int(),
  warn: z.int(),
  fail: z.int(),
  skip: z.int().optional(),
});
