/** Parameters of methods: as JSON in a body, or as text in a query; numbers may come as either. */
import { z } from 'zod';

/** Text that names something. Absent, null and blank are told apart from a wrong one by the verb. */
export const named = z.string().max(2_000).nullish();

/** A number that is clamped, whatever it is (requirements §2.3): what is none counts as absent. */
export const clamped = z
  .unknown()
  .optional()
  .transform((given) => {
    const number = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
    return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
  })
  .meta({ openapi: { type: 'integer' } });

/** A switch: true, 1, "1" or "true". */
export const truth = z
  .unknown()
  .optional()
  .transform((given) => given === true || given === 1 || given === '1' || given === 'true')
  .meta({ openapi: { type: 'boolean' } });
