/** Keeps secrets out of the audit trail: what is written there cannot be taken back. */

const secretName = /password|secret|token|api_?key|authorization/i;

/**
 * A copy of a JSON value in which every member with a name like a secret's is `{"sealed":true}`. Null stays null:
 * that there is no secret is worth knowing. This is a net below the callers, who should not pass secrets at all.
 */
export function sealSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sealSecrets);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      member !== null && secretName.test(name) ? { sealed: true } : sealSecrets(member),
    ]),
  );
}

// Anything else (a Date, a Map) passes unchanged, so that the canonical encoder refuses it by its path.
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
