/** Values of fields: what is taken, and the form in which it is kept. Pure. */
import type { FieldError } from '../errors.js';
import { limits } from '../limits.js';
import type { Field, FieldType } from './definition.js';

/** A value that cannot be taken; the message completes "«field» …". */
class Refused extends Error {}

type Column = Omit<Field, 'fields'>;
type Read = (value: unknown, field: Field) => unknown;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unprintable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

const readers: Readonly<Record<FieldType, Read>> = {
  Data: (value, { max = limits.dataCharsMax }) => line(value, max),
  Text: (value, { max = limits.textCharsMax }) => text(value, max),
  Select: (value, { options }) => {
    const word = line(value, limits.dataCharsMax);
    if (!(options as string[]).includes(word))
      throw new Refused(`is one of ${(options as string[]).join(', ')}`);
    return word;
  },
  Int: (value, field) => {
    if (!Number.isSafeInteger(value)) throw new Refused('is a whole number');
    return within(value as number, field);
  },
  Float: (value, field) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw new Refused('is a number');
    return within(value, field);
  },
  Check: (value) => {
    if (value === true || value === 1) return true;
    if (value === false || value === 0) return false;
    throw new Refused('is true or false');
  },
  Date: (value) => {
    const day = line(value, 10);
    if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || !isDay(day)) throw new Refused('is a day, YYYY-MM-DD');
    return day;
  },
  Datetime: (value) => {
    const moment = line(value, 40);
    if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/.test(moment))
      throw new Refused('is a time with its zone, such as 2026-11-23T10:00:00Z');
    const at = new Date(moment);
    if (Number.isNaN(at.getTime()) || !isDay(moment.slice(0, 10)))
      throw new Refused('is no time that exists');
    return at.toISOString();
  },
  Time: (value) => {
    const time = line(value, 8);
    if (!/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/.test(time)) throw new Refused('is a time of day, HH:MM');
    return time;
  },
  Email: (value) => {
    const address = line(value, 254);
    if (!/^[^\s@]+@[^\s@]+$/.test(address)) throw new Refused('is an e-mail address');
    return address;
  },
  Phone: (value) => {
    const number = line(value, 32);
    if (!/^\+?[0-9 ()./-]{3,}$/.test(number)) throw new Refused('is a phone number');
    return number;
  },
  Link: (value) => requireName(value),
  'Dynamic Link': (value) => requireName(value),
  Attach: (value) => requireName(value),
  Tags: (value) => {
    if (!Array.isArray(value) || value.length > limits.tagsMax)
      throw new Refused(`is a list of at most ${limits.tagsMax} texts`);
    return value.map((each) => line(each, limits.dataCharsMax));
  },
  Table: () => {
    throw new Refused('is a table');
  },
  JSON: (value) => {
    requireJson(value, 0);
    return value;
  },
};

/** A value of one column, or what is wrong with it. Empty texts are none, as forms send them. */
export function readValue(value: unknown, field: Column): { value: unknown } | { wrong: string } {
  if (value === null || value === undefined || (value === '' && field.type !== 'Text'))
    return field.required ? { wrong: 'is required' } : { value: null };
  if (value === '' && field.required) return { wrong: 'is required' };
  try {
    return { value: readers[field.type](value, field as Field) };
  } catch (error) {
    if (error instanceof Refused) return { wrong: error.message };
    throw error;
  }
}

/** The rows of a table. Each is named, so that two edits of the same row find each other. */
export function readRows(value: unknown, { name: table, fields = [], required }: Field, wrong: FieldError[]) {
  if (value === null || value === undefined) {
    if (required) wrong.push({ path: table, message: 'is required' });
    return required ? null : [];
  }
  if (!Array.isArray(value) || value.length > limits.tableRowsMax) {
    wrong.push({ path: table, message: `is a list of at most ${limits.tableRowsMax} rows` });
    return null;
  }
  const names = new Set<string>();
  return value.map((given: unknown, index) => {
    const at = `${table}.${index}`;
    if (!isPlain(given)) {
      wrong.push({ path: at, message: 'is a row' });
      return null;
    }
    const { name = String(index + 1), ...cells } = given;
    if (!isName(name) || names.has(name))
      wrong.push({ path: `${at}.name`, message: 'names one row of the table' });
    else names.add(name);
    const row: Record<string, unknown> = { name };
    for (const column of fields) {
      const read = readValue(cells[column.name] ?? column.default, column);
      if ('wrong' in read) wrong.push({ path: `${at}.${column.name}`, message: read.wrong });
      else row[column.name] = read.value;
    }
    for (const key of Object.keys(cells))
      if (!fields.some((column) => column.name === key))
        wrong.push({ path: `${at}.${key.slice(0, 80)}`, message: 'is not a field' });
    return row;
  });
}

/** Whether a text can name a document: 1 to 140 characters, none that is invisible at its ends or a control. */
export function isName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= limits.nameCharsMax &&
    value.trim() === value &&
    value.isWellFormed() &&
    !controls.test(value)
  );
}

export function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function requireName(value: unknown): string {
  if (isName(value)) return value;
  throw new Refused('is the name of a document');
}

function line(value: unknown, charsMax: number): string {
  const given = text(value, charsMax);
  if (controls.test(given)) throw new Refused('is one line without control characters');
  return given;
}

function text(value: unknown, charsMax: number): string {
  if (typeof value !== 'string') throw new Refused('is a text');
  if (value.length > charsMax) throw new Refused(`has at most ${charsMax} characters`);
  if (!value.isWellFormed() || unprintable.test(value))
    throw new Refused('holds a character that cannot be kept');
  return value;
}

function within(value: number, { min = -Infinity, max = Infinity }: Field): number {
  if (value < min || value > max)
    throw new Refused(
      `lies ${min === -Infinity ? `below ${max}` : max === Infinity ? `above ${min}` : `between ${min} and ${max}`}`,
    );
  // JSON has no negative zero, and a comparison with what was stored must not find a difference.
  return value === 0 ? 0 : value;
}

function isDay(text_: string): boolean {
  const at = new Date(`${text_}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text_);
}

function requireJson(value: unknown, depth: number): void {
  if (depth > limits.jsonDepthMax) throw new Refused(`is nested deeper than ${limits.jsonDepthMax} levels`);
  if (typeof value === 'string') text(value, limits.textCharsMax);
  else if (typeof value === 'number' && !Number.isFinite(value)) throw new Refused('holds no number');
  else if (Array.isArray(value)) for (const each of value) requireJson(each, depth + 1);
  else if (isPlain(value)) {
    for (const [key, each] of Object.entries(value)) {
      text(key, limits.nameCharsMax);
      requireJson(each, depth + 1);
    }
  } else if (value !== null && typeof value !== 'boolean' && typeof value !== 'number')
    throw new Refused('is no JSON');
}
