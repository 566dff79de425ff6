/** The schema of dartwing.yaml, made from the table of configuration keys. */
import { z } from 'zod';
import { configKeyNames, configKeySpec, fileName } from '../../core/config-keys.js';

/** Every key that is not a secret; the values are checked by the same functions as those of the environment. */
export function configFileSchema(): z.ZodType {
  const shape: Record<string, z.ZodType> = {};
  for (const key of configKeyNames) {
    const spec = configKeySpec(key);
    if (spec.secret) continue;
    const value =
      spec.choices === undefined ? z.union([z.string(), z.number(), z.boolean()]) : z.enum([...spec.choices]);
    shape[fileName(key)] = value.optional().describe(spec.summary);
  }
  return z.strictObject(shape).describe('dartwing.yaml');
}
