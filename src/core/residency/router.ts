/** The one place that is asked before data of an organization leave the database. */
import { recordAct, type Scope, type Session } from '../access/index.js';
import type { Tx } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { findHome, type HomeRow } from './queries.js';
import { type Exit, exits, type Regions, refusalOfExit } from './rule.js';

/** How one exit stands to an organization. */
export interface ExitState {
  exit: Exit;
  /** Null where nobody said it. */
  region: string | null;
  /** Why data may not go there; null when they may. */
  refusal: string | null;
}

export interface Router {
  /** Each exit, for one organization. */
  look(tx: Tx, organization: string): Promise<{ home: HomeRow; exits: ExitState[] }>;
  /**
   * Refuses an exit that is elsewhere. The refusal stands in the trail of the organization, though whatever wanted out
   * leaves nothing else; the same refusal once an hour.
   * @throws RESIDENCY_REFUSED
   */
  require(organization: string, exit: Exit): Promise<void>;
  /** The same inside of a transaction that ends with the refusal. @throws RESIDENCY_REFUSED */
  requireIn(scope: Scope, organization: string, exit: Exit): Promise<void>;
}

export function openRouter({ session, regions }: { session: Session; regions: Regions }): Router {
  const told = new Map<string, number>();
  const decide = ({ region, pinned }: HomeRow, exit: Exit) =>
    refusalOfExit({ region, pinned, exit, target: regions[exit] });
  const refused = ({ slug, region }: HomeRow, exit: Exit, why: string) =>
    new DartwingError('RESIDENCY_REFUSED', { org: slug, region, exit, why });
  const tell = async (scope: Scope, { id, region }: HomeRow, exit: Exit, why: string) => {
    const key = `${id} ${exit}`;
    const now = scope.clock.now().getTime();
    if (now - (told.get(key) ?? Number.NEGATIVE_INFINITY) < limits.residencyToldMs) return;
    if (told.size >= limits.slugsKnownMax) told.clear();
    told.set(key, now);
    const ref = { doctype: 'Organization', name: id, organization: id };
    await recordAct(scope, id, 'residency.refuse', ref, {
      new: { exit, region, target: regions[exit] ?? null, why },
    });
  };
  const router: Router = {
    look: async (tx, organization) => {
      const home = await findHome(tx, organization);
      if (home === undefined) throw new DartwingError('ORGANIZATION_NOT_FOUND', { ref: organization });
      const states = exits.map((exit) => ({
        exit,
        region: regions[exit] ?? null,
        refusal: decide(home, exit) ?? null,
      }));
      return { home, exits: states };
    },
    require: async (organization, exit) => {
      const refusal = await session.run('residency', undefined, async (scope) => {
        const home = await findHome(scope.tx, organization);
        const why = home && decide(home, exit);
        if (home === undefined || why === undefined) return undefined;
        await tell(scope, home, exit, why);
        return refused(home, exit, why);
      });
      if (refusal !== undefined) throw refusal;
    },
    requireIn: async ({ tx }, organization, exit) => {
      const home = await findHome(tx, organization);
      const why = home && decide(home, exit);
      if (home !== undefined && why !== undefined) throw refused(home, exit, why);
    },
  };
  return Object.freeze(router);
}
