/** Mail templates: data with places for values. No value can leave its place. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { packageRoot } from '../package-root.js';

/** A message as people read it. */
export interface MailContent {
  subject: string;
  text: string;
  html: string;
}

const form = z.strictObject({ subject: z.string(), text: z.string(), html: z.string() });
const subjectCharsMax = 200;
const read = new Map<string, MailContent>();

/**
 * Fills a template of templates/mail.
 * @throws TypeError for a place without a value: a template that does not fit its caller is a defect
 */
export async function renderMail(
  template: string,
  values: Readonly<Record<string, string>>,
): Promise<MailContent> {
  const { subject, text, html } = await readTemplate(template);
  return {
    subject: fill(subject, values, oneLine).slice(0, subjectCharsMax),
    text: fill(text, values, oneLine),
    html: fill(html, values, (value) => escapeHtml(oneLine(value))),
  };
}

/** A value keeps to its line: a header could be begun after a line break, and a forged paragraph in the text. */
function oneLine(value: string): string {
  return value.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}

function escapeHtml(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function fill(
  text: string,
  values: Readonly<Record<string, string>>,
  clean: (value: string) => string,
): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw new TypeError(`A mail template has no value for {${name}}`);
    return clean(value);
  });
}

async function readTemplate(name: string): Promise<MailContent> {
  const known = read.get(name);
  if (known) return known;
  const { parse } = await import('yaml');
  const file = join(packageRoot(), 'templates', 'mail', `${name}.yaml`);
  const template = form.parse(parse(readFileSync(file, 'utf8')));
  read.set(name, template);
  return template;
}
