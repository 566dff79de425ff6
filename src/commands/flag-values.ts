/** Reads the text of a flag as what it means, or says what was expected. */
import { parseDurationMs } from '../core/duration.js';
import { DartwingError } from '../core/errors.js';
import type { Parsed } from './spec.js';

type Flags = Parsed['flags'];

/** The text of a flag, if it was given. */
export function textFlag(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

/** All texts of a flag that may be repeated, or that holds a comma-separated list. */
export function textsFlag(flags: Flags, name: string): readonly string[] {
  const value = flags[name];
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value : [];
}

/** A whole number from `min` to `max`. @throws VALIDATION_ERROR */
export function numberFlag(flags: Flags, name: string, min: number, max: number): number | undefined {
  const text = textFlag(flags, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw wrong(name, text, `a whole number from ${min} to ${max}`);
  return value;
}

/** A duration such as `30d` in milliseconds. @throws VALIDATION_ERROR */
export function durationFlag(flags: Flags, name: string): number | undefined {
  const text = textFlag(flags, name);
  if (text === undefined) return undefined;
  const value = parseDurationMs(text);
  if (value === undefined) throw wrong(name, text, 'a duration such as 90s, 15m, 2h or 7d');
  return value;
}

/**
 * A time: RFC 3339, a date, or a distance from now. `2h` and `-2h` mean two hours ago for a flag that looks back;
 * `+2h` means in two hours.
 * @throws VALIDATION_ERROR
 */
export function timeFlag(flags: Flags, name: string, now: Date): Date | undefined {
  const text = textFlag(flags, name);
  if (text === undefined) return undefined;
  const distance = parseDurationMs(text.replace(/^[-+]/, ''));
  if (distance !== undefined) return new Date(now.getTime() + (text.startsWith('+') ? distance : -distance));
  if (/^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text) && !Number.isNaN(Date.parse(text)))
    return new Date(text);
  throw wrong(name, text, 'a time such as 2026-11-01T10:00:00Z, a date, or a distance such as -2h');
}

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };

/** A rate such as `50/s` or `100/m`, as a number per second. @throws VALIDATION_ERROR */
export function rateFlag(flags: Flags, name: string): number | undefined {
  const text = textFlag(flags, name);
  if (text === undefined) return undefined;
  const [, count, unit] = /^(\d{1,9}(?:\.\d{1,3})?)\/([smh])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined || Number(count) === 0)
    throw wrong(name, text, 'a rate such as 50/s or 100/m');
  return Number(count) / secondsOf[unit]!;
}

/** `key=value` pairs. @throws VALIDATION_ERROR */
export function pairsFlag(flags: Flags, name: string): readonly (readonly [string, string])[] {
  return textsFlag(flags, name).map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw wrong(name, text, 'key=value');
    return [text.slice(0, at), text.slice(at + 1)] as const;
  });
}

function wrong(name: string, text: string, expected: string): DartwingError {
  const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return new DartwingError('VALIDATION_ERROR', {
    message: `--${flag} "${text.slice(0, 80)}" is not ${expected}`,
  });
}
