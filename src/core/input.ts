/** What callers give, checked once at the door of a verb: documents, pages, sort orders, words of a closed set. */
import { z } from 'zod';
import { DartwingError, type FieldError, nearest } from './errors.js';
import { limits } from './limits.js';

/**
 * A value in the form that a schema gives it.
 * @throws VALIDATION_ERROR with every wrong field and a nearest name for each unknown one
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const fields = result.error.issues.flatMap((issue) => fieldErrors(issue, schema));
  const [first] = fields;
  const message = first ? `${first.path}: ${first.message}` : 'The input is not valid';
  throw new DartwingError('VALIDATION_ERROR', { message }, { fields });
}

function fieldErrors(issue: z.core.$ZodIssue, schema: z.ZodType): FieldError[] {
  const path = issue.path.join('.');
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
  return issue.keys.map((key) => {
    const near = nearest(key, knownKeys(schema, issue.path));
    return {
      path: path ? `${path}.${key}` : key,
      message: `is not a field${near ? `, did you mean ${near}?` : ''}`,
    };
  });
}

/** Keys that the object schema at a path knows. */
export function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: z.ZodType | undefined = schema;
  for (const step of path) {
    at = unwrap(at);
    if (at instanceof z.ZodObject) at = (at.shape as Record<string, z.ZodType>)[String(step)];
    else if (at instanceof z.ZodArray) at = at.element as z.ZodType;
  }
  at = unwrap(at);
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

function unwrap(schema: z.ZodType | undefined): z.ZodType | undefined {
  let at = schema;
  while (at instanceof z.ZodOptional || at instanceof z.ZodNullable || at instanceof z.ZodDefault)
    at = at.unwrap() as z.ZodType;
  return at;
}

/** Rows of a page and rows to pass over. @throws VALIDATION_ERROR */
export function parsePage(page: { limit?: number | undefined; offset?: number | undefined }): {
  limit: number;
  offset: number;
} {
  const { limit = limits.pageDefault, offset = 0 } = page;
  if (!Number.isInteger(limit) || limit < 1 || limit > limits.pageMax)
    throw invalid(`limit is a whole number from 1 to ${limits.pageMax}`);
  if (!Number.isInteger(offset) || offset < 0) throw invalid('offset is a whole number from 0');
  return { limit, offset };
}

/**
 * The column that a sort word means, with `-` in front for descending.
 * @param columns column by word
 * @throws VALIDATION_ERROR naming the words
 */
export function parseSort<Column extends string>(
  text: string,
  columns: Readonly<Record<string, Column>>,
): { column: Column; descending: boolean } {
  const descending = text.startsWith('-');
  const word = descending ? text.slice(1) : text;
  const column = Object.hasOwn(columns, word) ? columns[word] : undefined;
  if (column === undefined)
    throw invalid(`sort is one of ${Object.keys(columns).join(', ')}, with - in front for descending`);
  return { column, descending };
}

/** A word of a closed set. @throws VALIDATION_ERROR naming the words */
export function parseChoice<Word extends string>(
  name: string,
  given: string | undefined,
  words: readonly Word[],
): Word | undefined {
  if (given === undefined) return undefined;
  const word = words.find((known) => known === given);
  if (word === undefined) throw invalid(`${name} "${given.slice(0, 80)}" is not one of ${words.join(', ')}`);
  return word;
}

/** Text for `ilike` that finds what contains it, to the letter. */
export function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}

function invalid(message: string): DartwingError {
  return new DartwingError('VALIDATION_ERROR', { message });
}
