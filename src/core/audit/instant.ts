/**
 * Times of the chain: PostgreSQL's microseconds, which a JavaScript Date cannot hold. As text an instant is
 * RFC 3339 in UTC with exactly six decimals, the form that is hashed: `2026-11-23T00:00:00.000000Z`.
 */

/** SQL that gives a timestamptz expression as instant text. `expression` is code, never input. */
export function instantSql(expression: string): string {
  return `to_char(${expression} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

/** Instant text of microseconds since 1970. */
export function instantText(micros: bigint): string {
  const part = ((micros % 1_000n) + 1_000n) % 1_000n;
  const milliseconds = new Date(Number((micros - part) / 1_000n)).toISOString();
  return `${milliseconds.slice(0, -1)}${String(part).padStart(3, '0')}Z`;
}

/** Microseconds since 1970 of an instant text. */
export function instantMicros(text: string): bigint {
  return BigInt(Date.parse(`${text.slice(0, 23)}Z`)) * 1_000n + BigInt(text.slice(23, 26));
}
