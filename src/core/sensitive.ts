/**
 * Finding what looks like health information or personal data in free text (requirements §15.2): by form, and by checksum
 * or forbidden values where the form has any, so that few other numbers are taken for it. Names, addresses and pictures are
 * not found by form. Pure.
 *
 * Sources of the rules: SSN, 20 CFR 422.103 and what the Social Security Administration never issues; cards, ISO/IEC 7812
 * (Luhn); IBAN, ISO 13616 (modulo 97); NPI, 45 CFR 162.406 (Luhn over 80840 and the number).
 */

export const sensitiveKinds = [
  'ssn',
  'card',
  'iban',
  'npi',
  'mrn',
  'dob',
  'account',
  'phone',
  'email',
] as const;
export type SensitiveKind = (typeof sensitiveKinds)[number];

/** Something that was found; `start` and `end` count UTF-16 units. */
export interface SensitiveMatch {
  kind: SensitiveKind;
  start: number;
  end: number;
}

interface Rule {
  kind: SensitiveKind;
  /** Finds candidates; the group `value`, where there is one, is what counts. */
  form: RegExp;
  isReal?: (value: string) => boolean;
}

const digitsOf = (text: string) => text.replace(/\D/g, '');

/** The shortest text that any form fits: a@b.c. */
const charsMin = 5;

/** Earlier rules win where two overlap. Every form is bounded, so that no text takes long. */
const rules: readonly Rule[] = [
  {
    kind: 'email',
    form: /(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}(?![\w-])/g,
  },
  {
    kind: 'iban',
    form: /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])/g,
    isReal: isIban,
  },
  {
    kind: 'npi',
    form: /\bNPI\b[ :#.-]{0,3}(?<value>\d{10})(?!\d)/gi,
    isReal: (text) => isLuhn(`80840${text}`),
  },
  {
    kind: 'mrn',
    form: /\b(?:MRN|medical record(?: (?:no|number))?)\b[ :#.-]{0,4}(?<value>[A-Z]{0,3}-?\d{4,12})(?![A-Z0-9])/gi,
  },
  {
    kind: 'dob',
    form: /\b(?:DOB|born|birth ?date|date of birth)\b[ :.-]{0,3}(?:on )?(?<value>\d{4}-\d{2}-\d{2}|\d{1,2}[/.]\d{1,2}[/.]\d{2,4})(?!\d)/gi,
    isReal: isDay,
  },
  {
    kind: 'account',
    form: /\b(?:account|acct)\b(?: (?:no|number))?[ :#.-]{1,4}(?<value>\d(?:[ -]?\d){5,16})(?![\d-])/gi,
  },
  { kind: 'ssn', form: /(?<![\d-])\d{3}([- ])\d{2}\1\d{4}(?![\d-])/g, isReal: isSsn },
  {
    kind: 'ssn',
    form: /\b(?:SSN|social security)\b[ :#.-]{0,4}(?:number )?(?<value>\d{9})(?!\d)/gi,
    isReal: isSsn,
  },
  {
    kind: 'card',
    form: /(?<![\d-])[2-6]\d{3}([ -]?)\d{4}\1\d{4}\1\d{4}(?![\d-])|(?<![\d-])3[47]\d{2}([ -]?)\d{6}\2\d{5}(?![\d-])/g,
    isReal: (text) => isLuhn(digitsOf(text)),
  },
  {
    kind: 'phone',
    form: /(?<![\w+])\+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,5}(?![\d-])|(?<![\w-])(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}(?![\d-])/g,
    isReal: (text) => digitsOf(text).length >= 8 && digitsOf(text).length <= 15,
  },
];

/** What a text holds, in the order of the text. */
export function findSensitive(text: string, kinds: ReadonlySet<SensitiveKind> = all): SensitiveMatch[] {
  if (text.length < charsMin || !/[\d@]/.test(text)) return [];
  if (kinds === graveKinds && !graveMark.test(text) && !graveWord.test(text)) return [];
  const found: SensitiveMatch[] = [];
  for (const { kind, form, isReal } of rules) {
    if (!kinds.has(kind)) continue;
    // Not matchAll, which makes a copy of the form each time: that costs more than the search.
    form.lastIndex = 0;
    for (let match = form.exec(text); match !== null; match = form.exec(text)) {
      const value = match.groups?.value ?? match[0];
      const start = match.index + match[0].indexOf(value);
      const end = start + value.length;
      if (found.some((other) => start < other.end && other.start < end)) continue;
      if (isReal === undefined || isReal(value)) found.push({ kind, start, end });
    }
  }
  return found.sort((one, other) => one.start - other.start);
}

const all: ReadonlySet<SensitiveKind> = new Set(sensitiveKinds);
/** Kinds that nobody writes by accident, and that no line of a log needs. */
export const graveKinds: ReadonlySet<SensitiveKind> = new Set(['ssn', 'card', 'iban', 'mrn', 'dob']);

/** Every grave kind holds one of these; a text without them is let go after two searches instead of eight. */
const graveMark = /[A-Z]{2}\d\d|\d{3}[- ]\d\d[- ]\d{4}|\d{4}[- ]?\d{4}/;
const graveWord = /ssn|social security|mrn|medical record|dob|born|birth/i;

/** A text with `[ssn]` in the place of what was found. */
export function withoutSensitive(text: string, kinds: ReadonlySet<SensitiveKind> = graveKinds): string {
  let result = '';
  let from = 0;
  for (const { kind, start, end } of findSensitive(text, kinds)) {
    result += `${text.slice(from, start)}[${kind}]`;
    from = end;
  }
  return from === 0 ? text : result + text.slice(from);
}

/** Area, group and serial that were issued or may be: never 000, 666 or 9xx, 00, 0000. */
function isSsn(text: string): boolean {
  const digits = digitsOf(text);
  const [area, group, serial] = [digits.slice(0, 3), digits.slice(3, 5), digits.slice(5)];
  return area !== '000' && area !== '666' && area < '900' && group !== '00' && serial !== '0000';
}

function isLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

function isIban(text: string): boolean {
  const compact = text.replaceAll(' ', '');
  if (compact.length < 15 || compact.length > 34) return false;
  let rest = 0;
  for (const sign of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(sign, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/** A day that exists; of day and month in either order. */
function isDay(text: string): boolean {
  const numbers = text.split(/[-/.]/).map(Number) as [number, number, number];
  const [year, first, second] = text.includes('-') ? numbers : [numbers[2], numbers[0], numbers[1]];
  const exists = (month: number, day: number) =>
    month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
  return exists(first, second) || (!text.includes('-') && exists(second, first));
}
