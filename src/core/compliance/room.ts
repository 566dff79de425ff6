/** The room as callers see it. Organizations are given by id or slug. */
import type { CallOptions, Change, Scope, Session } from '../access/index.js';
import { findFailedControl, type Registry } from '../documents/index.js';
import { asDartwingError, DartwingError } from '../errors.js';
import type { DataKeys, Keys } from '../keys/index.js';
import { limits } from '../limits.js';
import type { ModelUse, Router } from '../residency/index.js';
import { requireOrganization } from '../tenancy/index.js';
import {
  type AgreementDocument,
  type AgreementInput,
  type AgreementList,
  addAgreement,
  readAgreement,
  readAgreements,
} from './agreement.js';
import { findUntold, type Notifier, tellOfEnd } from './agreement-notice.js';
import type { Site } from './control.js';
import { controls } from './controls/index.js';
import { approveDisable, disableFramework, disableIfDue } from './disable.js';
import { listDisablings, listDueDisablings } from './disable-queries.js';
import { type Disabling, disablingOf } from './disabling.js';
import { type EnableOptions, enableFramework } from './enable.js';
import { type Framework, type Frameworks, readFrameworks } from './framework.js';
import { readPolicy, siteOf } from './policy.js';
import { pageGoverned } from './queries.js';
import { type ComplianceReport, composeReport, type ReportFormat, renderReport } from './report.js';
import { checkResidency, type ResidencyFindings } from './residency.js';
import { openReportSigner, type Signature } from './signature.js';
import {
  agreementOf,
  type ComplianceStatus,
  type ControlState,
  checkControls,
  mayLook,
  recordEvidence,
  statusOf,
} from './status.js';
import { type ArchivePlace, askArchive, probeTransit, type Surroundings } from './surroundings.js';

/** The document `FrameworkList`. */
export interface FrameworkList {
  api_version: 'dartwing/v1';
  kind: 'FrameworkList';
  items: {
    framework: string;
    title: string;
    authority: string;
    summary: string;
    settings: Framework['settings'];
    regions: readonly string[];
    controls: { id: string; title: string; citation: string; enforced: string; acknowledgeable: boolean }[];
  }[];
  total_count: number;
}

/** What a check found, with the evidence it left. */
export interface Verification {
  findings: {
    id: string;
    severity: 'warn' | 'fail';
    what: string;
    fix: string;
    citation: string;
    framework: string;
  }[];
  pass: number;
  items: ControlState[];
  /** Controls that passed when they were looked at before. */
  worse: string[];
}

/** What telling of ends of agreements came to. */
export interface AgreementNotices {
  told: number;
  refused: { organization: string; agreement: string; code: string }[];
}

/** A report as a file. */
export interface ReportFile {
  report: ComplianceReport;
  text: string;
  signature: Signature;
}

export interface Compliance {
  /** Where data of an organization go, and whether they may. */
  residency(organization: string, call?: CallOptions): Promise<ResidencyFindings>;
  /**
   * Whoever is about to ask a model about data of an organization asks this before.
   * @throws PRIVACY_ERROR when it may not be this model, VALIDATION_ERROR, ORGANIZATION_NOT_FOUND
   */
  requireModel(organization: string, use: ModelUse, call?: CallOptions): Promise<void>;
  frameworks(): Promise<FrameworkList>;
  enable(
    organization: string,
    framework: string,
    options?: EnableOptions,
    call?: CallOptions,
  ): Promise<Change<ComplianceStatus>>;
  /** Asks for it; a day later, and approved by somebody else, it is done by the schedule or by asking again. */
  disable(organization: string, framework: string, call?: CallOptions): Promise<Change<Disabling>>;
  /** Agrees that a framework goes out of force. @throws SECOND_APPROVER_REQUIRED, DISABLING_NOT_FOUND */
  approve(organization: string, framework: string, call?: CallOptions): Promise<Change<Disabling>>;
  /** Takes out of force what was approved and has waited long enough. */
  disableDue(call?: CallOptions): Promise<number>;
  /** How the controls of one framework stand now, whether it is enabled or not. */
  status(organization: string, framework: string, call?: CallOptions): Promise<ComplianceStatus>;
  /** The same of every framework that is enabled. */
  statuses(organization: string, call?: CallOptions): Promise<ComplianceStatus[]>;
  /** Tries the controls and keeps the evidence. @throws CONTROL_UNKNOWN */
  verify(
    organization: string,
    options?: { control?: string | undefined },
    call?: CallOptions,
  ): Promise<Verification>;
  /** Verifies every organization that a framework is enabled for. */
  verifyAll(
    call?: CallOptions,
  ): Promise<{ organizations: number; worse: { organization: string; controls: string[] }[] }>;
  report(
    organization: string,
    options?: { since?: Date | undefined; format?: ReportFormat | undefined },
    call?: CallOptions,
  ): Promise<ReportFile>;
  readonly baa: {
    add(organization: string, input: AgreementInput, call?: CallOptions): Promise<Change<AgreementDocument>>;
    list(organization: string, call?: CallOptions): Promise<AgreementList>;
    show(organization: string, id: string, call?: CallOptions): Promise<AgreementDocument>;
    /** Tells administrators of agreements that end within 60 days, once of each. */
    tellDue(call?: CallOptions): Promise<AgreementNotices>;
  };
}

export interface ComplianceParts extends Notifier {
  session: Session;
  signIn: Surroundings['signIn'];
  keys: Pick<Keys, 'service' | 'check' | keyof DataKeys>;
  doctypes: () => Registry;
  router: Router;
  /** What the place of the archive says of itself; undefined where there is none. */
  archive: (() => Promise<ArchivePlace>) | undefined;
  /** 32 bytes. */
  reportSeed: Buffer;
}

export function openCompliance(parts: ComplianceParts): Compliance {
  const { session } = parts;
  let read: Frameworks | undefined;
  const known = (): Frameworks => {
    read ??= readFrameworks(new Set(controls.keys()));
    return read;
  };
  /** Network and key service are asked before a transaction begins, so that a slow one holds no lock. */
  const lookAround = async (): Promise<Surroundings> => {
    const { name, master } = parts.keys.service;
    const [transit, archive, trouble] = await Promise.all([
      probeTransit(parts.publicUrl),
      askArchive(parts.archive),
      parts.keys.check().then(
        () => undefined,
        (error: Error) => error.message,
      ),
    ]);
    const { signIn, keys: dataKeys } = parts;
    return {
      signIn,
      transit,
      keys: { name, master, trouble },
      doctypes: parts.doctypes(),
      dataKeys,
      router: parts.router,
      session,
      archive,
    };
  };
  const inForce = async (scope: Scope, ref: string, around: Surroundings): Promise<Site> => {
    const organization = await requireOrganization(scope, ref);
    mayLook(scope, organization.id);
    const policy = await readPolicy(scope, organization.id);
    const disablings = (await listDisablings(scope.tx, organization.id)).map(disablingOf);
    const restrictedBy = await findFailedControl(scope.tx, organization.id);
    return { ...siteOf(scope, organization, policy, known(), around), disablings, restrictedBy };
  };
  const verifyOne = async (
    ref: string,
    control: string | undefined,
    call: CallOptions | undefined,
    seen?: Surroundings,
  ) => {
    if (control !== undefined && !controls.has(control))
      throw new DartwingError('CONTROL_UNKNOWN', { control: control.slice(0, 40) });
    const around = seen ?? (await lookAround());
    return session.run('compliance verify', call, async (scope) => {
      const site = await inForce(scope, ref, around);
      const verification: Verification = { findings: [], pass: 0, items: [], worse: [] };
      for (const framework of site.frameworks) {
        for (const state of await checkControls(site, framework, control)) {
          if (verification.items.some(({ id }) => id === state.id)) continue;
          verification.items.push(state);
          const { id, result, evidence, fix, citation } = state;
          if (result === 'pass') verification.pass += 1;
          else
            verification.findings.push({
              id,
              severity: result,
              what: `${id}: ${evidence}`,
              fix: fix ?? 'Nothing to do; it is told to whoever reads the report',
              citation,
              framework: framework.framework,
            });
        }
      }
      verification.findings.sort(
        (one, other) => Number(other.severity === 'fail') - Number(one.severity === 'fail'),
      );
      verification.worse = await recordEvidence(site, verification.items);
      return verification;
    });
  };

  return Object.freeze({
    frameworks: async () => frameworkList(known()),
    enable: async (ref, framework, options = {}, call) => {
      const around = await lookAround();
      const reason = call?.reason ?? `${framework} was asked for`;
      return session.run(
        'compliance enable',
        { ...call, reason },
        (scope) => enableFramework(scope, ref, framework, options, known(), around),
        { ref, framework, acknowledge: options.acknowledge ?? {} },
      );
    },
    disable: (ref, framework, call) =>
      session.run('compliance disable', call, (scope) => disableFramework(scope, ref, framework, known()), {
        ref,
        framework,
      }),
    approve: (ref, framework, call) =>
      session.run('compliance approve', call, (scope) => approveDisable(scope, ref, framework, known()), {
        ref,
        framework,
      }),
    disableDue: async (call) => {
      const due = await session.run('compliance disable', call, ({ tx, clock }) =>
        listDueDisablings(tx, clock.now(), limits.pageMax),
      );
      let count = 0;
      for (const one of due)
        if (await session.run('compliance disable', call, (scope) => disableIfDue(scope, one, known())))
          count += 1;
      return count;
    },
    status: async (ref, name, call) => {
      const framework = known().require(name);
      const around = await lookAround();
      return session.run('compliance status', call, async (scope) => {
        const site = await inForce(scope, ref, around);
        return {
          ...statusOf(site, framework, await checkControls(site, framework)),
          baa: await agreementOf(scope, site.organization.id),
        };
      });
    },
    statuses: async (ref, call) => {
      const around = await lookAround();
      return session.run('compliance status', call, async (scope) => {
        const site = await inForce(scope, ref, around);
        const list: ComplianceStatus[] = [];
        for (const framework of site.frameworks)
          list.push(statusOf(site, framework, await checkControls(site, framework)));
        return list;
      });
    },
    requireModel: async (ref, use, call) => {
      if (use.place !== 'local' && use.place !== 'cloud')
        throw new DartwingError('VALIDATION_ERROR', { message: 'place is local or cloud' });
      const { id } = await session.run('compliance model', call, (scope) => requireOrganization(scope, ref));
      await parts.router.requireModel(id, use);
    },
    residency: (ref, call) =>
      session.run('compliance residency', call, (scope) => checkResidency(scope, ref, parts.router)),
    verify: (ref, { control } = {}, call) => verifyOne(ref, control, call),
    verifyAll: async (call) => {
      const outcome = { organizations: 0, worse: [] as { organization: string; controls: string[] }[] };
      for (let after = ''; ; ) {
        const page = await session.run('compliance verify', call, (scope) =>
          pageGoverned(scope.tx, after, limits.pageMax),
        );
        // Wires, keys and archive are those of all of them.
        const around = page.length === 0 ? undefined : await lookAround();
        for (const organization of page) {
          const { worse } = await verifyOne(organization, undefined, call, around);
          outcome.organizations += 1;
          if (worse.length > 0) outcome.worse.push({ organization, controls: worse });
        }
        const last = page.at(-1);
        if (last === undefined || page.length < limits.pageMax) return outcome;
        after = last;
      }
    },
    report: async (ref, { since, format = 'json' } = {}, call) => {
      const around = await lookAround();
      const report = await session.run('compliance report', call, async (scope) => {
        const from = since ?? new Date(scope.clock.now().getTime() - limits.reportMs);
        return composeReport(await inForce(scope, ref, around), from);
      });
      const text = renderReport(report, format);
      return { report, text, signature: openReportSigner(parts.reportSeed).sign(Buffer.from(text)) };
    },
    baa: Object.freeze({
      add: (ref, input, call) =>
        session.run(
          'compliance baa add',
          call,
          async (scope) => addAgreement(scope, await requireOrganization(scope, ref, true), input),
          { ref, ...input },
        ),
      list: (ref, call) =>
        session.run('compliance baa list', call, async (scope) =>
          readAgreements(scope, await requireOrganization(scope, ref)),
        ),
      show: (ref, id, call) =>
        session.run('compliance baa show', call, async (scope) =>
          readAgreement(scope, await requireOrganization(scope, ref), id),
        ),
      tellDue: async (call) => {
        const outcome: AgreementNotices = { told: 0, refused: [] };
        // One after another, each by itself: what one refuses keeps no other back.
        for (const due of await session.run('compliance baa notice', call, findUntold)) {
          await session
            .run('compliance baa notice', call, (scope) => tellOfEnd(scope, parts, due))
            .then(
              (isMine) => {
                if (isMine) outcome.told += 1;
              },
              (error: unknown) => {
                const { organization, id } = due;
                outcome.refused.push({ organization, agreement: id, code: asDartwingError(error).code });
              },
            );
        }
        return outcome;
      },
    }),
  } satisfies Compliance);
}

function frameworkList(known: Frameworks): FrameworkList {
  const items = known.all().map(({ controls: wanted, ...framework }) => ({
    ...framework,
    controls: Object.entries(wanted).map(([id, citation]) => {
      const { title, enforced, acknowledgeable = false } = controls.get(id)!;
      return { id, title, citation, enforced, acknowledgeable };
    }),
  }));
  return { api_version: 'dartwing/v1', kind: 'FrameworkList', items, total_count: items.length };
}
