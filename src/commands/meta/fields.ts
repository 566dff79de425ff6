/** Paths into the documents of a verb, read from their schemas. */
import { jsonSchema } from '../schemas/index.js';

interface Schema {
  properties?: Readonly<Record<string, Schema>>;
  items?: Schema;
  anyOf?: readonly Schema[];
}

const depthMax = 4;

/** Paths that --field and --columns take for these kinds: of a list those of its rows. */
export function fieldsOf(kinds: readonly string[]): string[] {
  const schemas = kinds.map((kind) => jsonSchema(kind) as Schema | undefined);
  const paths = schemas.flatMap((schema) => pathsOf(schema?.properties?.items?.items ?? schema ?? {}, '', 0));
  return [...new Set(paths)];
}

function pathsOf({ properties, anyOf }: Schema, prefix: string, depth: number): string[] {
  if (depth > depthMax) return [];
  const own = Object.entries(properties ?? {}).flatMap(([name, schema]) => {
    const below = pathsOf(schema, `${prefix}${name}.`, depth + 1);
    return below.length === 0 ? [prefix + name] : below;
  });
  return [...own, ...(anyOf ?? []).flatMap((schema) => pathsOf(schema, prefix, depth + 1))];
}
