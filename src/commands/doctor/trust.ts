/** Checks of what others rely on: sealed values, audit trails, frameworks. */
import { type Check, type Outcome, outcomeOf } from './check.js';

export const dataKeys: Check = {
  id: 'data_keys',
  needs: ['isolation'],
  isPrivate: true,
  run: async ({ core }) => {
    const { keys } = await core();
    const { findings, pass } = await keys.status();
    return outcomeOf(
      `${pass} data keys, each of today's master key`,
      findings.map(({ id, severity, what, fix }) => ({
        status: severity,
        what: id,
        found: [what],
        fix: [fix],
      })),
    );
  },
  repair: {
    question: (_, { fix }) =>
      fix.some((line) => line.startsWith('dartwing key rotate --org'))
        ? 'Make the next data keys where one is overdue?'
        : undefined,
    run: async ({ core }) => (await core()).keys.rotateDue({ reason: 'overdue, found by doctor' }),
  },
};

export const audit: Check = {
  id: 'audit',
  needs: ['isolation'],
  isPrivate: true,
  run: async ({ core }): Promise<Outcome> => {
    const { findings, summary } = await (await core()).audit.verify();
    const what = `${summary.entries} entries of ${summary.organizations} trails`;
    const found = findings.map((finding) => `${finding.organization}: ${finding.what}`);
    if (summary.fail > 0)
      return {
        status: 'fail',
        what: `${summary.fail} trails have a fault`,
        found,
        fix: ['dartwing audit verify --all', ...new Set(findings.map(({ fix }) => fix))],
      };
    if (summary.warn === 0) return { what };
    return {
      status: 'warn',
      what,
      found,
      fix: ['dartwing audit verify --all', 'dartwing up (runs a sequencer)'],
    };
  },
};

export const erasures: Check = {
  id: 'erasures',
  needs: ['isolation'],
  isPrivate: true,
  run: async ({ core }): Promise<Outcome> => {
    const { place, late, pending } = await (await core()).privacy.ledger.status();
    if (pending.length > 0)
      return {
        status: 'fail',
        what: `Before this database was put back, ${pending.length === 1 ? '1 person was' : `${pending.length} persons were`} erased`,
        found: pending.slice(0, 10).map(({ person, erased_at }) => `${person}, erased ${erased_at}`),
        fix: [
          'dartwing audit restore --reason "backup of …"',
          'dartwing person replay --reason "backup of …"',
        ],
      };
    if (late > 0)
      return {
        status: 'warn',
        what: `${late} ${late === 1 ? 'erasure is' : 'erasures are'} not in their ledger`,
        found: [`A database put back from a backup would not know of them: ${place}`],
        fix: ['dartwing schedule run privacy.ledger', 'dartwing compliance residency'],
      };
    return {
      what:
        place === null ? 'No archive, so no ledger of erasures' : `The ledger in ${place} has every erasure`,
    };
  },
};

export const compliance: Check = {
  id: 'compliance',
  needs: ['isolation'],
  isPrivate: true,
  run: async ({ core }) => {
    const { controls } = await (await core()).alerts.causes();
    return outcomeOf(
      'No control of an enabled framework failed when it was tried last',
      [...new Set(controls.map(({ control }) => control))].map((id) => {
        const of = controls.filter(({ control }) => control === id);
        return {
          status: 'fail',
          what: `${id} fails in ${of.length} organizations`,
          found: of.map(
            ({ organization, evidence, since }) =>
              `${id} of ${organization}: ${evidence} (${since.toISOString()})`,
          ),
          fix: of.slice(0, 3).map(({ organization }) => `dartwing compliance verify --org ${organization}`),
        };
      }),
    );
  },
};
