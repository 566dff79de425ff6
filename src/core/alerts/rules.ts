/** Alert rules: templates/alerts, checked when they are read, with what an installation changed of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseDurationMs } from '../duration.js';
import { DartwingError, nearest } from '../errors.js';
import { packageRoot } from '../package-root.js';
import { type Condition, conditionSchema, faultsOf, type Plain, plainOf } from './expression.js';

export type Severity = 'critical' | 'warning' | 'info';

/** Files of templates/alerts. */
export const presets = ['operations', 'product', 'objectives'] as const;
export type Preset = (typeof presets)[number];

/** How bad it is from a threshold on. */
export interface Level {
  severity: Severity;
  /** 0 where the condition compares with nothing of the rule's. */
  threshold: number;
  forSeconds: number;
}

export interface Rule {
  id: string;
  preset: Preset;
  group: string;
  summary: string;
  when: Condition;
  /** Below so much of something there is too little to judge. */
  volume?: { of: { increase: string; over: number }; min: number } | undefined;
  /** The worst first. */
  levels: readonly Level[];
  /** It goes on firing for so long after it no longer holds, so that it does not flap. */
  keepSeconds: number;
  /** Rules that say nothing new while this one fires; `*` for all others. */
  inhibits: readonly string[];
  isEnabled: boolean;
}

/** What an installation changed of one rule. */
export interface RuleChange {
  rule: string;
  severity: Severity;
  threshold: number | null;
  forSeconds: number | null;
  isEnabled: boolean | null;
}

const span = z.string().transform((text, context) => {
  const ms = parseDurationMs(text);
  if (ms !== undefined) return ms / 1_000;
  context.addIssue({ code: 'custom', message: `"${text}" is not a duration such as 5m` });
  return z.NEVER;
});

const ruleSchema = z.strictObject({
  summary: z.string().min(10).max(80),
  group: z.enum(['http', 'jobs', 'database', 'integrations', 'sync', 'realtime', 'security', 'process']),
  when: conditionSchema,
  volume: z
    .strictObject({ of: z.strictObject({ increase: z.string(), over: span }), min: z.number().positive() })
    .optional(),
  levels: z
    .array(
      z.strictObject({
        severity: z.enum(['critical', 'warning', 'info']),
        threshold: z.number().default(0),
        for: span.default(0),
      }),
    )
    .min(1)
    .max(3),
  keep: span.default(0),
  inhibits: z.array(z.string()).default([]),
});

/** Every rule of the presets, in the order of their files. @throws CONFIG_INVALID naming file and rule */
export function readRules(folder: string = join(packageRoot(), 'templates', 'alerts')): readonly Rule[] {
  const rules: Rule[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
    const preset = presets.find((name) => file === `${name}.yaml`);
    if (preset === undefined) throw invalid(file, `there is no such preset (${presets.join(', ')})`);
    const entries = parse(readFileSync(join(folder, file), 'utf8')) as Record<string, unknown>;
    for (const [id, entry] of Object.entries(entries)) {
      const { data, error } = ruleSchema.safeParse(entry);
      if (data === undefined) throw invalid(file, `${id}: ${z.prettifyError(error)}`);
      if (!/^[a-z][a-z0-9_]{2,49}$/.test(id) || rules.some((rule) => rule.id === id))
        throw invalid(file, `${id} is no name, or used twice`);
      const { keep, levels, ...rest } = data;
      const rule: Rule = {
        ...rest,
        id,
        preset,
        levels: levels.map(({ for: forSeconds, ...level }) => ({ ...level, forSeconds })),
        keepSeconds: keep,
        isEnabled: true,
      };
      const faults = faultsOf(conditionOf(rule, rule.levels[0]!));
      if (faults.length > 0) throw invalid(file, `${id}: ${faults.join('; ')}`);
      rules.push(rule);
    }
  }
  return rules.sort((a, b) => presets.indexOf(a.preset) - presets.indexOf(b.preset));
}

/** The condition of one level, with its volume. */
export function conditionOf({ when, volume }: Pick<Rule, 'when' | 'volume'>, { threshold }: Level): Plain {
  const plain = plainOf(when, threshold);
  if (volume === undefined) return plain;
  const enough: Plain = { compare: volume.of, is: 'at_least', than: volume.min };
  return { all: 'all' in plain ? [...plain.all, enough] : [plain, enough] };
}

/** Rules as an installation has them. */
export function withChanges(rules: readonly Rule[], changes: readonly RuleChange[]): readonly Rule[] {
  return rules.map((rule) => {
    const own = changes.filter((change) => change.rule === rule.id);
    if (own.length === 0) return rule;
    const levels = rule.levels.map((level) => {
      const change = own.find(({ severity }) => severity === level.severity);
      return {
        ...level,
        threshold: change?.threshold ?? level.threshold,
        forSeconds: change?.forSeconds ?? level.forSeconds,
      };
    });
    return { ...rule, levels, isEnabled: own.every(({ isEnabled }) => isEnabled !== false) };
  });
}

/** @throws ALERT_RULE_NOT_FOUND with the nearest name */
export function requireRule(rules: readonly Rule[], id: string): Rule {
  const rule = rules.find((one) => one.id === id);
  if (rule !== undefined) return rule;
  const near = nearest(
    id,
    rules.map((one) => one.id),
  );
  const fix = ['dartwing alert rule list', ...(near === undefined ? [] : [`dartwing alert show ${near}`])];
  throw new DartwingError('ALERT_RULE_NOT_FOUND', { rule: id.slice(0, 80) }, { fix });
}

/** The page that says what to do. */
export function runbookOf(id: string): string {
  return `docs/runbooks/${id}.md`;
}

function invalid(file: string, message: string): DartwingError {
  return new DartwingError('CONFIG_INVALID', { where: `templates/alerts/${file}`, message });
}
