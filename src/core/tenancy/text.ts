/** Texts that can be kept: what neither a column nor the audit trail can hold is refused at the door. Pure. */
import { z } from 'zod';

/** A trimmed text without NUL, which PostgreSQL refuses, and without half of a surrogate pair, which is no Unicode. */
export const storableText = z
  .string()
  .trim()
  .regex(/^[^\0\p{Surrogate}]*$/u, 'holds a character that cannot be stored');
