/** The documents that `apply` takes, read from YAML or JSON text with the place of every mistake. */
import {
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Pair,
  parseAllDocuments,
  visit,
  type Document as YamlDocument,
} from 'yaml';
import { z } from 'zod';
import { DartwingError, type FieldError, nearest } from '../errors.js';
import { knownKeys } from '../input.js';
import { limits } from '../limits.js';
import { parseEmail } from '../people/index.js';
import {
  concreteSchema,
  oncePerType,
  organizationTypes,
  parseSlug,
  parseType,
  refuseOtherSubtype,
  region,
  settings,
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
  tier?: z.output<typeof settings.tier> | undefined;
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

const organizationSchema = oncePerType((type) =>
  z.strictObject({
    api_version: z.literal('dartwing/v1'),
    kind: z.literal('Org'),
    slug: z.string().superRefine(refine(parseSlug)),
    type: z.string(),
    name: settings.name.optional(),
    tier: settings.tier.optional(),
    region: region.optional(),
    logo: settings.logo.optional(),
    legal_hold: settings.legal_hold.optional(),
    mfa_required: settings.mfa_required.optional(),
    session_timeout_minutes: settings.session_timeout_minutes.optional(),
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
  }),
);

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

/** A document and the places of its parts in the file it came from. */
export interface PlacedDocument {
  document: WantedOrganization;
  place(path: readonly PropertyKey[]): Omit<FieldError, 'message'>;
}

/**
 * Reads all documents of some files, ordered by slug.
 * @throws APPLY_INVALID with file, line and column of every mistake of all files, BAD_FILE when there is no document
 */
export function readDocuments(files: readonly SourceFile[]): WantedOrganization[] {
  return readPlacedDocuments(files).map(({ document }) => document);
}

/** As `readDocuments`, with the places for mistakes that only the database can find. */
export function readPlacedDocuments(files: readonly SourceFile[]): PlacedDocument[] {
  const problems: FieldError[] = [];
  const read = files.flatMap((file) => readFile(file, problems));
  const seen = new Map<string, FieldError['file']>();
  for (const { document, place } of read) {
    const where = place(['slug']);
    if (seen.has(document.slug)) {
      const message = `"${document.slug}" is defined twice, first in ${seen.get(document.slug)}`;
      problems.push({ ...where, message });
    }
    seen.set(document.slug, `${where.file}:${where.line}`);
  }
  if (read.length > limits.applyDocumentsMax)
    problems.push({ path: '', message: `more than ${limits.applyDocumentsMax} documents` });
  if (problems.length > 0) throw invalidDocuments(files, problems);
  if (read.length === 0) {
    throw new DartwingError('BAD_FILE', {
      file: files.map((file) => file.name).join(', ') || 'the input',
      message: 'it holds no document',
    });
  }
  return read.sort((a, b) => (a.document.slug < b.document.slug ? -1 : 1));
}

/** The error that names every mistake of some files. */
export function invalidDocuments(
  files: readonly SourceFile[],
  problems: readonly FieldError[],
): DartwingError {
  const file = files.length === 1 ? files[0]!.name : `${files.length} files`;
  return new DartwingError('APPLY_INVALID', { file, count: problems.length }, { fields: problems });
}

function readFile(file: SourceFile, problems: FieldError[]): PlacedDocument[] {
  if (Buffer.byteLength(file.text) > limits.applyFileBytesMax) {
    problems.push({ path: '', message: `is larger than ${limits.applyFileBytesMax} bytes`, file: file.name });
    return [];
  }
  const lines = new LineCounter();
  const found: PlacedDocument[] = [];
  for (const source of parseText(file, lines, problems)) {
    const place = (offset: number | undefined) => {
      if (offset === undefined) return { file: file.name };
      const { line, col } = lines.linePos(offset);
      return { file: file.name, line, column: col };
    };
    // A warning of the parser is a tag that it does not know, so a value that is not what it looks like.
    const complaints = [...source.errors, ...source.warnings];
    for (const { message, pos } of complaints)
      problems.push({ path: '', message: firstLine(message), ...place(pos[0]) });
    if (complaints.length > 0 || source.contents === null) continue;
    const document = readOne(source, place, problems);
    if (document) {
      const placeOf = (path: readonly PropertyKey[]) => ({
        path: pathText(path),
        ...place(offsetOf(source, path)),
      });
      found.push({ document, place: placeOf });
    }
  }
  return found;
}

function parseText(file: SourceFile, lines: LineCounter, problems: FieldError[]): YamlDocument[] {
  try {
    const parsed = parseAllDocuments(file.text, { lineCounter: lines, uniqueKeys: true });
    return Array.isArray(parsed) ? (parsed as YamlDocument[]) : [];
  } catch (error) {
    // The parser calls itself for each level.
    if (!(error instanceof RangeError)) throw error;
    problems.push({ path: '', message: 'is nested too deeply', file: file.name });
    return [];
  }
}

type Place = (offset: number | undefined) => Omit<FieldError, 'path' | 'message'>;

function readOne(source: YamlDocument, place: Place, problems: FieldError[]): WantedOrganization | undefined {
  const problem = (path: readonly PropertyKey[], message: string) => {
    problems.push({ path: pathText(path), message, ...place(offsetOf(source, path)) });
  };
  const odd = keysThatAreNoText(source);
  for (const { key } of odd) {
    const offset = isNode(key) ? key.range?.[0] : undefined;
    problems.push({ path: '', message: 'a key has to be a text', ...place(offset) });
  }
  if (odd.length > 0) return undefined;
  const value = plainValue(source, problem);
  // Nothing between two lines of dashes is no document.
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) {
    problem([], 'a document is a mapping with api_version, kind and slug');
    return undefined;
  }
  const given = Object.fromEntries(
    Object.entries(value).filter(([key]) => !(readOnlyKeys as readonly string[]).includes(key)),
  );
  const missing = ['kind', 'type'].filter((key) => typeof given[key] !== 'string');
  for (const key of missing)
    problem([key], given[key] === undefined ? `${key} is required` : `${key} has to be a text`);
  if (missing.length > 0) {
    // Perhaps it is there under a word that was meant for it.
    const known = organizationTypes.flatMap((type) => knownKeys(organizationSchema(type), []));
    for (const key of Object.keys(given)) if (!known.includes(key)) problem([key], notAKey(key, known));
    return undefined;
  }
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
  try {
    refuseOtherSubtype(String(given.type), meaning.concrete, (concrete ?? {}) as Record<string, unknown>);
  } catch (error) {
    problem(['type'], (error as DartwingError).message);
    return undefined;
  }
  const wanted: WantedOrganization = {
    ...(rest as Omit<WantedOrganization, 'type' | 'concrete'>),
    type: meaning.type,
    concrete: { ...(concrete ?? {}), ...meaning.concrete },
  };
  if (wanted.members === undefined) return wanted;
  const members = wanted.members.map(({ email, role }) => ({ email: parseEmail(email), role }));
  const emails = new Set<string>();
  for (const [index, { email }] of members.entries()) {
    if (emails.has(email)) problem(['members', index, 'email'], `"${email}" is listed twice`);
    emails.add(email);
  }
  return { ...wanted, members };
}

/** Mappings may have keys of any kind in YAML; as an object they would become texts that nobody wrote. */
function keysThatAreNoText(source: YamlDocument): Pair[] {
  const odd: Pair[] = [];
  visit(source, {
    Pair: (_, pair) => {
      if (!isScalar(pair.key) || typeof pair.key.value !== 'string') odd.push(pair);
    },
  });
  return odd;
}

/** The document as values; undefined when its aliases cannot be followed. */
function plainValue(
  source: YamlDocument,
  problem: (path: readonly PropertyKey[], message: string) => void,
): unknown {
  try {
    return source.toJS({ maxAliasCount: 20 });
  } catch (error) {
    problem([], firstLine((error as Error).message));
    return undefined;
  }
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
    problem([...issue.path, key], notAKey(key, knownKeys(schema, issue.path)));
  }
}

function notAKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return `is not a key here${near ? `, did you mean ${near}?` : ''}`;
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
