/** Paths into documents: `status.members`, `items.0.slug`. */

/** The value at a path; undefined when the document has no such place. */
export function valueAt(document: unknown, path: string): unknown {
  let value: unknown = document;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

/** Paths of all scalars of a document, in its order; lists count as one value. */
export function pathsOf(document: Readonly<Record<string, unknown>>, prefix = ''): string[] {
  return Object.entries(document).flatMap(([name, value]) => {
    const path = prefix + name;
    const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isMapping ? pathsOf(value as Readonly<Record<string, unknown>>, `${path}.`) : [path];
  });
}

/** A value as one line of text: nothing for unknown and none, lists of scalars with commas, the rest as JSON. */
export function scalarText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) return value.join(',');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
