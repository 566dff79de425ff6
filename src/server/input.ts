/** Path, query and headers of a request, checked. */
import { z } from 'zod';
import { DartwingError } from '../core/errors.js';
import { parseInput } from '../core/input.js';
import { isKeepable } from './body.js';
import { bounds } from './bounds.js';

/** Text in a path or a query. */
export const text = z.string().max(bounds.textCharsMax).refine(isKeepable, 'holds a broken character');

/** A whole number as a query writes it; which ones make sense is for the verb to say. */
export const whole = text
  .regex(/^\d{1,9}$/, 'is not a whole number from 0')
  .transform(Number)
  .meta({ openapi: { type: 'integer', minimum: 0 } });

/** A switch of a query: true, false, 1 or 0. */
export const flag = z
  .enum(['true', 'false', '1', '0'])
  .transform((word) => word === 'true' || word === '1')
  .meta({ openapi: { type: 'boolean' } });

/** A moment in RFC 3339. */
export const moment = z.iso
  .datetime({ offset: true })
  .transform((word) => new Date(word))
  .meta({ openapi: { type: 'string', format: 'date-time' } });

/** The page of a list. */
export const page = { limit: whole.optional(), offset: whole.optional() };

const nothing = z.strictObject({});

/** @throws VALIDATION_ERROR for an unknown name, a name given twice, or a wrong value */
export function parseQuery(schema: z.ZodObject | undefined, search: URLSearchParams): unknown {
  const given: Record<string, string> = Object.create(null);
  for (const [name, value] of search) {
    if (name in given)
      throw new DartwingError('VALIDATION_ERROR', {
        message: `${name.slice(0, 80)} is given more than once`,
      });
    given[name] = value;
  }
  return parseInput(schema ?? nothing, { ...given });
}

/** @throws VALIDATION_ERROR */
export function parsePath(schema: z.ZodObject | undefined, params: Record<string, string>): unknown {
  if (schema !== undefined) return parseInput(schema, params);
  return parseInput(z.record(z.string(), text.min(1)), params);
}

/** Text of a header that may be percent-encoded, because headers know no letters beyond ASCII. */
export function headerText(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
