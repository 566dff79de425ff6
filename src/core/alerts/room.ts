/** The room as callers see it. */
import { authorize, type CallOptions, recordAct, type Scope, type Session } from '../access/index.js';
import { systemOrganization } from '../audit/index.js';
import type { Clock } from '../clock.js';
import type { Tx } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { uuidv7 } from '../ids.js';
import { limits } from '../limits.js';
import type { Log } from '../log.js';
import type { MailOptions } from '../mail/index.js';
import { type Metrics, openSampleStore } from '../metrics/index.js';
import { type Causes, findCauses } from './causes.js';
import { type AlertOptions, openChannels } from './channels.js';
import {
  type AlertDocument,
  alertDocument,
  type RuleDocument,
  ruleDocument,
  type SilenceDocument,
  silenceDocument,
} from './document.js';
import { findingsOf } from './evaluation.js';
import { type RuleFile, ruleFile } from './export.js';
import { textOf } from './life.js';
import {
  deleteRuleChanges,
  endSilence,
  findEvaluation,
  type InstanceRow,
  insertSilence,
  listInstances,
  listRuleChanges,
  listSilences,
  upsertRuleChange,
} from './queries.js';
import { quietReason } from './quiet.js';
import { presets, type Rule, readRules, requireRule, type Severity, withChanges } from './rules.js';
import { startWatch, type Watch } from './watch.js';

export interface AlertList {
  api_version: 'dartwing/v1';
  kind: 'AlertList';
  items: AlertDocument[];
  total_count: number;
  /** When the rules were evaluated last; null where no process ever did. */
  evaluated_at: string | null;
}

export interface RuleChanges {
  threshold?: number | undefined;
  forSeconds?: number | undefined;
  isEnabled?: boolean | undefined;
  /** Which level; the only one where there is one. */
  severity?: Severity | undefined;
}

/** Alerts: what fires, by which rules, and who is told. For operators. */
export interface Alerts {
  /** What fires or is about to; with `since` also what was over since then. */
  list(query?: { since?: Date | undefined }, call?: CallOptions): Promise<AlertList>;
  /** What fires, for a screen that looks every few seconds: no entry in the trail, since nothing in it is a tenant's. */
  glance(): Promise<AlertDocument[]>;
  /** Evaluates the rules now over the samples that are kept, and changes nothing. @throws ALERT_RULE_NOT_FOUND */
  check(rule?: string, call?: CallOptions): Promise<AlertDocument[]>;
  /** What is behind the numbers that rules watch: of which organization, and since when. */
  causes(call?: CallOptions): Promise<Causes>;
  rules(call?: CallOptions): Promise<RuleDocument[]>;
  /** @throws ALERT_RULE_NOT_FOUND */
  rule(id: string, call?: CallOptions): Promise<RuleDocument>;
  /** Changes threshold or span of one level, or switches a rule. @throws ALERT_RULE_NOT_FOUND, VALIDATION_ERROR */
  setRule(
    id: string,
    changes: RuleChanges,
    call?: CallOptions,
  ): Promise<{ before: RuleDocument; after: RuleDocument }>;
  /** Takes a rule back to what it was shipped as. @throws ALERT_RULE_NOT_FOUND */
  resetRule(id: string, call?: CallOptions): Promise<{ before: RuleDocument; after: RuleDocument }>;
  /** The rules as Prometheus reads them. */
  exportRules(call?: CallOptions): Promise<RuleFile>;
  silences(call?: CallOptions): Promise<SilenceDocument[]>;
  /** Keeps alerts quiet. Needs a reason in `call`. @throws REASON_REQUIRED, VALIDATION_ERROR */
  silence(
    input: { matchers: Record<string, string>; forMs: number },
    call?: CallOptions,
  ): Promise<SilenceDocument>;
  /** @throws SILENCE_NOT_FOUND */
  endSilence(id: string, call?: CallOptions): Promise<SilenceDocument>;
  /**
   * Keeps samples and evaluates the rules in this process, until it is stopped or dartwing is closed. `everyMs` is the
   * pause between rounds; default `limits.sampleMs`.
   */
  watch(options?: { everyMs?: number | undefined }): Watch;
}

export interface AlertParts {
  session: Session;
  metrics: Pick<Metrics, 'meter' | 'readings'>;
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  options: AlertOptions;
  mail: MailOptions | undefined;
  /** Name of the installation in messages. */
  installation: string;
  clock: Clock;
  log: Log;
}

const ref = (name: string) => ({ doctype: 'Alert Rule', name });

/** @throws CONFIG_INVALID */
export function openAlerts(parts: AlertParts): Alerts & { close(): Promise<void> } {
  const { session, clock, options } = parts;
  const wanted = options.presets ?? ['operations', 'objectives'];
  for (const name of wanted)
    if (!presets.some((preset) => preset === name))
      throw new DartwingError('CONFIG_INVALID', {
        where: 'alert_presets',
        message: `${name} is not one of ${presets.join(', ')}`,
      });
  const shipped = readRules().map((rule) => ({ ...rule, isEnabled: wanted.includes(rule.preset) }));
  const channels = openChannels(options, parts.mail, clock);
  const watches = new Set<Watch>();
  const run = <T>(
    purpose: string,
    call: CallOptions | undefined,
    work: (scope: Scope) => Promise<T>,
    request?: unknown,
  ) =>
    session.run(
      purpose,
      call,
      async (scope) => {
        authorize(scope, 'administer', ref('*'));
        return work(scope);
      },
      request,
    );
  const currentRules = async (tx: Tx): Promise<readonly Rule[]> =>
    withChanges(shipped, await listRuleChanges(tx));

  /** What fires, is about to, or was over since then, and which of it is kept quiet. */
  const standing = async (
    tx: Tx,
    since?: Date,
  ): Promise<{ items: AlertDocument[]; evaluatedAt: Date | null }> => {
    const rules = await currentRules(tx);
    const { evaluated_at: evaluatedAt, now } = await findEvaluation(tx);
    const rows = await listInstances(tx, since);
    const silences = await listSilences(tx, now);
    const firing = rows.filter(({ state }) => state === 'firing');
    const items = rows.map((row) => {
      const quiet = row.state === 'firing' ? quietReason(row, firing, rules, silences) : undefined;
      return alertDocument(row, rules, quiet);
    });
    return { items, evaluatedAt };
  };

  const change = (
    id: string,
    action: string,
    call: CallOptions | undefined,
    work: (scope: Scope, rule: Rule) => Promise<unknown>,
    request: unknown,
  ) =>
    run(
      action,
      call,
      async (scope) => {
        const rule = requireRule(await currentRules(scope.tx), id);
        const before = ruleDocument(rule, channels);
        await work(scope, rule);
        const after = ruleDocument(requireRule(await currentRules(scope.tx), id), channels);
        if (JSON.stringify(before) !== JSON.stringify(after))
          await recordAct(scope, systemOrganization, action, ref(id), { old: before, new: after });
        return { before, after };
      },
      { id, request },
    );

  const verbs: Alerts = {
    list: ({ since } = {}, call) =>
      run('alert list', call, async ({ tx }) => {
        const { items, evaluatedAt } = await standing(tx, since);
        return {
          api_version: 'dartwing/v1',
          kind: 'AlertList',
          items,
          total_count: items.length,
          evaluated_at: evaluatedAt?.toISOString() ?? null,
        };
      }),
    glance: () =>
      parts.transaction(async (tx) => (await standing(tx)).items.filter(({ state }) => state === 'firing')),
    check: (id, call) =>
      run('alert check', call, async ({ tx }) => {
        const rules = await currentRules(tx);
        const chosen = id === undefined ? rules.filter((rule) => rule.isEnabled) : [requireRule(rules, id)];
        const known = new Map(
          (await listInstances(tx)).map((row) => [`${row.rule} ${row.severity} ${row.labels_text}`, row]),
        );
        const { now } = await findEvaluation(tx);
        const samples = openSampleStore();
        await samples.load(tx, now);
        return chosen.flatMap((rule) =>
          rule.levels.flatMap((level) =>
            findingsOf(rule, level, samples, now).map(({ labels, value }) => {
              const labelsText = textOf(labels);
              // What nobody has evaluated before holds since now, as far as anybody knows.
              const fresh: InstanceRow = {
                rule: rule.id,
                severity: level.severity,
                labels,
                labels_text: labelsText,
                value,
                state: level.forSeconds === 0 ? 'firing' : 'pending',
                active_at: now,
                fired_at: null,
                kept_since: null,
                resolved_at: null,
              };
              const row = known.get(`${rule.id} ${level.severity} ${labelsText}`) ?? fresh;
              return alertDocument({ ...row, value }, rules, undefined);
            }),
          ),
        );
      }),
    causes: (call) => run('alert causes', call, ({ tx }) => findCauses(tx)),
    rules: (call) =>
      run('alert rules', call, async ({ tx }) =>
        (await currentRules(tx)).map((rule) => ruleDocument(rule, channels)),
      ),
    rule: (id, call) =>
      run('alert rule', call, async ({ tx }) =>
        ruleDocument(requireRule(await currentRules(tx), id), channels),
      ),
    setRule: (id, changes, call) =>
      change(
        id,
        'alert.rule.set',
        call,
        async (scope, rule) => {
          const { threshold = null, forSeconds = null, isEnabled = null } = changes;
          if (threshold === null && forSeconds === null && isEnabled === null)
            throw new DartwingError('VALIDATION_ERROR', { message: 'nothing to change was given' });
          const level = levelOf(rule, changes.severity, threshold !== null || forSeconds !== null);
          const row = { rule: rule.id, severity: level.severity, threshold, forSeconds, isEnabled };
          await upsertRuleChange(scope.tx, row, clock.now(), scope.principal.id);
        },
        changes,
      ),
    resetRule: (id, call) =>
      change(id, 'alert.rule.reset', call, ({ tx }, rule) => deleteRuleChanges(tx, rule.id), 'reset'),
    exportRules: (call) => run('alert export', call, async ({ tx }) => ruleFile(await currentRules(tx))),
    silences: (call) =>
      run('alert silences', call, async ({ tx }) => {
        const { now } = await findEvaluation(tx);
        return (await listSilences(tx, now)).map(silenceDocument);
      }),
    silence: ({ matchers, forMs }, call) =>
      run(
        'alert silence',
        call,
        async (scope) => {
          const reason = scope.reason?.trim();
          if (!reason) throw new DartwingError('REASON_REQUIRED', { action: 'Silencing alerts' });
          requireMatchers(matchers, await currentRules(scope.tx));
          if (!(forMs > 0 && forMs <= limits.silenceMsMax))
            throw new DartwingError('VALIDATION_ERROR', { message: 'a silence lasts for 30 days at most' });
          const { now } = await findEvaluation(scope.tx);
          if ((await listSilences(scope.tx, now)).length >= limits.silencesMax)
            throw new DartwingError('VALIDATION_ERROR', {
              message: `there are ${limits.silencesMax} silences already`,
            });
          const row = {
            id: uuidv7(clock.now()),
            matchers,
            reason,
            created_by: scope.principal.id,
            created_at: now,
            until: new Date(now.getTime() + forMs),
          };
          await insertSilence(scope.tx, row);
          const document = silenceDocument({ ...row, ended_at: null });
          await recordAct(
            scope,
            systemOrganization,
            'alert.silence',
            { doctype: 'Alert Silence', name: row.id },
            { new: document },
          );
          return document;
        },
        { matchers, forMs },
      ),
    endSilence: (id, call) =>
      run(
        'alert silence end',
        call,
        async (scope) => {
          if (!/^[0-9a-f-]{36}$/.test(id))
            throw new DartwingError('SILENCE_NOT_FOUND', { id: id.slice(0, 80) });
          const { now } = await findEvaluation(scope.tx);
          const row = await endSilence(scope.tx, id, now, scope.principal.id);
          if (row === undefined) throw new DartwingError('SILENCE_NOT_FOUND', { id });
          const document = silenceDocument(row);
          await recordAct(
            scope,
            systemOrganization,
            'alert.silence.end',
            { doctype: 'Alert Silence', name: id },
            { new: document },
          );
          return document;
        },
        { id },
      ),
    watch: ({ everyMs } = {}) => {
      const watch = startWatch({ ...parts, rules: shipped, channels, everyMs });
      watches.add(watch);
      return {
        ...watch,
        stop: async () => {
          watches.delete(watch);
          await watch.stop();
        },
      };
    },
  };
  return { ...verbs, close: async () => void (await Promise.all([...watches].map((watch) => watch.stop()))) };
}

/** The level that is meant. A switch is the rule's, whichever level holds it. */
function levelOf(rule: Rule, severity: Severity | undefined, isOfLevel: boolean): Rule['levels'][number] {
  const [first, ...others] = rule.levels;
  if (severity === undefined && (others.length === 0 || !isOfLevel)) return first!;
  const found = rule.levels.find((level) => level.severity === severity);
  if (found !== undefined) return found;
  const names = rule.levels.map((level) => level.severity).join(', ');
  throw new DartwingError('VALIDATION_ERROR', { message: `say which level of ${rule.id}: ${names}` });
}

/** @throws VALIDATION_ERROR, ALERT_RULE_NOT_FOUND */
function requireMatchers(matchers: Record<string, string>, rules: readonly Rule[]): void {
  const entries = Object.entries(matchers);
  if (entries.length === 0 || entries.length > 10)
    throw new DartwingError('VALIDATION_ERROR', {
      message: 'a silence names one to ten things, such as rule=dead_letters',
    });
  for (const [name, value] of entries)
    if (!/^[a-z_]{1,40}$/.test(name) || value === '' || value.length > 140)
      throw new DartwingError('VALIDATION_ERROR', { message: `"${name}" is not a name with a value` });
  if (matchers.rule !== undefined) requireRule(rules, matchers.rule);
}
