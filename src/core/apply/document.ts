/** The documents that `apply` takes, read from YAML or JSON text with the place of every mistake. */
import { isMap, isNode, LineCounter, parseAllDocuments, type Document as YamlDocument } from 'yaml';
import { z } from 'zod';
import { DartwingError, type FieldError, nearest } from '../errors.js';
import { limits } from '../limits.js';
import { parseEmail } from '../people/index.js';
import {
  concreteSchema,
  knownKeys,
  type organizationTypes,
  parseSlug,
  parseType,
  tiers,
} from '../tenancy/index.js';

/** A file as it was read; `name` is what errors call it. */
export interface SourceFile {
  name: string;
  text: string;
}

/** An organization as somebody wants it to be. What is absent is left as it is. */
export interface WantedOrganization {
  api_version: 'dartwing/v1';
  kind: 'Org';
  slug: string;
  type: (typeof organizationTypes)[number];
  name?: string | undefined;
  tier?: (typeof tiers)[number] | undefined;
  region?: string | undefined;
  logo?: string | null | undefined;
  legal_hold?: boolean | undefined;
  mfa_required?: boolean | undefined;
  session_timeout_minutes?: number | null | undefined;
  concrete: Record<string, unknown>;
  members?: { email: string; role: string }[] | undefined;
}

/** Keys that `show` prints and nobody may set; they are accepted and ignored. */
const readOnlyKeys = ['id', 'version', 'created_at', 'modified_at', 'status'] as const;

function organizationSchema(type: (typeof organizationTypes)[number]) {
  return z.strictObject({
    api_version: z.literal('dartwing/v1'),
    kind: z.literal('Org'),
    slug: z.string().superRefine(refine(parseSlug)),
    type: z.string(),
    name: z.string().trim().min(1, 'must not be blank').max(limits.nameCharsMax).optional(),
    tier: z.enum(tiers).optional(),
    region: z.string().optional(),
    logo: z.string().nullable().optional(),
    legal_hold: z.boolean().optional(),
    mfa_required: z.boolean().optional(),
    session_timeout_minutes: z.int().min(1).max(600).nullable().optional(),
    [type]: concreteSchema(type).nullable().optional(),
    members: z
      .array(
        z.strictObject({
          email: z.string().superRefine(refine(parseEmail)),
          role: z.string().min(1).max(140),
        }),
      )
      .max(10_000)
      .optional(),
  });
}

/** Lets a parser of core, with its own words, decide inside a schema. */
function refine(parse: (text: string) => unknown) {
  return (text: string, context: z.RefinementCtx) => {
    try {
      parse(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
    }
  };
}

/**
 * Reads all documents of some files, ordered by kind and slug.
 * @throws APPLY_INVALID with file, line and column of every mistake of all files
 */
export function readDocuments(files: readonly SourceFile[]): WantedOrganization[] {
  const problems: FieldError[] = [];
  const wanted = files.flatMap((file) => readFile(file, problems));
  const seen = new Map<string, string>();
  for (const { document, file } of wanted) {
    const first = seen.get(document.slug);
    if (first !== undefined)
      problems.push({
        path: 'slug',
        message: `"${document.slug}" is defined twice, first in ${first}`,
        file,
      });
    seen.set(document.slug, file);
  }
  if (wanted.length > limits.applyDocumentsMax)
    problems.push({ path: '', message: `more than ${limits.applyDocumentsMax} documents` });
  if (problems.length > 0) {
    const file = files.length === 1 ? files[0]!.name : `${files.length} files`;
    throw new DartwingError('APPLY_INVALID', { file, count: problems.length }, { fields: problems });
  }
  if (wanted.length === 0) {
    throw new DartwingError('BAD_FILE', {
      file: files.map((file) => file.name).join(', ') || 'the input',
      message: 'it holds no document',
    });
  }
  return wanted.map(({ document }) => document).sort((a, b) => (a.slug < b.slug ? -1 : 1));
}

function readFile(
  file: SourceFile,
  problems: FieldError[],
): { document: WantedOrganization; file: string }[] {
  if (Buffer.byteLength(file.text) > limits.applyFileBytesMax) {
    problems.push({ path: '', message: `is larger than ${limits.applyFileBytesMax} bytes`, file: file.name });
    return [];
  }
  const lines = new LineCounter();
  const found: { document: WantedOrganization; file: string }[] = [];
  const parsed = parseAllDocuments(file.text, { lineCounter: lines, uniqueKeys: true });
  for (const source of Array.isArray(parsed) ? parsed : []) {
    const place = (offset: number | undefined) => {
      if (offset === undefined) return { file: file.name };
      const { line, col } = lines.linePos(offset);
      return { file: file.name, line, column: col };
    };
    for (const error of source.errors)
      problems.push({ path: '', message: firstLine(error.message), ...place(error.pos[0]) });
    if (source.errors.length > 0 || source.contents === null) continue;
    const document = readOne(source, place, problems);
    if (document) found.push({ document, file: file.name });
  }
  return found;
}

type Place = (offset: number | undefined) => Omit<FieldError, 'path' | 'message'>;

function readOne(source: YamlDocument, place: Place, problems: FieldError[]): WantedOrganization | undefined {
  const value: unknown = source.toJS({ maxAliasCount: 20 });
  const at = (path: readonly PropertyKey[]) => place(offsetOf(source, path));
  const problem = (path: readonly PropertyKey[], message: string) => {
    problems.push({ path: pathText(path), message, ...at(path) });
  };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problem([], 'a document is a mapping with api_version, kind and slug');
    return undefined;
  }
  const given = Object.fromEntries(
    Object.entries(value).filter(([key]) => !(readOnlyKeys as readonly string[]).includes(key)),
  );
  if (given.kind !== 'Org') {
    problem(['kind'], `kind "${String(given.kind)}" is not one that apply knows (Org)`);
    return undefined;
  }
  let meaning: ReturnType<typeof parseType>;
  try {
    meaning = parseType(String(given.type));
  } catch (error) {
    const { message, why } = error as DartwingError;
    problem(['type'], `${message}. ${why}`);
    return undefined;
  }
  // The name of the concrete record is printed by show and given by the core.
  const part = given[meaning.type];
  if (typeof part === 'object' && part !== null) delete (part as Record<string, unknown>).name;
  const schema = organizationSchema(meaning.type);
  const result = schema.safeParse(given);
  if (!result.success) {
    for (const issue of result.error.issues) report(issue, schema, problem);
    return undefined;
  }
  const { [meaning.type]: concrete, type: _word, ...rest } = result.data as Record<string, unknown>;
  return {
    ...(rest as Omit<WantedOrganization, 'type' | 'concrete'>),
    type: meaning.type,
    concrete: { ...meaning.concrete, ...(concrete ?? {}) },
  };
}

function report(
  issue: z.core.$ZodIssue,
  schema: z.ZodType,
  problem: (path: readonly PropertyKey[], message: string) => void,
): void {
  if (issue.code !== 'unrecognized_keys') {
    problem(issue.path, issue.message);
    return;
  }
  for (const key of issue.keys) {
    const near = nearest(key, knownKeys(schema, issue.path));
    problem([...issue.path, key], `is not a key here${near ? `, did you mean ${near}?` : ''}`);
  }
}

/** Where the value (or, for a key of a mapping, the key) at a path begins in the text; the nearest parent if it is absent. */
function offsetOf(source: YamlDocument, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const parent: unknown = length === 0 ? source.contents : source.getIn(path.slice(0, length - 1), true);
    if (length === 0) return isNode(parent) ? parent.range?.[0] : undefined;
    if (isMap(parent)) {
      const pair = parent.items.find((item) => String(item.key) === String(path[length - 1]));
      if (pair && isNode(pair.key)) return pair.key.range?.[0];
      continue;
    }
    const node: unknown = source.getIn(path.slice(0, length), true);
    if (isNode(node)) return node.range?.[0];
  }
  return undefined;
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, step) =>
      typeof step === 'number' ? `${text}[${step}]` : text ? `${text}.${String(step)}` : String(step),
    '',
  );
}

function firstLine(text: string): string {
  return text.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');
}
