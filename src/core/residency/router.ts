/** The one place that is asked before data of an organization leave the database. */
import { recordAct, type Scope, type Session } from '../access/index.js';
import type { Tx } from '../db/index.js';
import { DartwingError } from '../errors.js';
import { limits } from '../limits.js';
import { findHome, type HomeRow, holdsForeign } from './queries.js';
import {
  type Exit,
  exits,
  type ModelUse,
  type OptionalExit,
  type Regions,
  refusalOfExit,
  refusalOfModel,
} from './rule.js';

/** How one exit stands to an organization. */
export interface ExitState {
  exit: Exit;
  /** Null where nobody said it. */
  region: string | null;
  /** Why data may not go there; null when they may. */
  refusal: string | null;
}

/** What an exit is judged by. No framework pins an organization that is being created. */
export type KnownHome = Pick<HomeRow, 'slug' | 'region' | 'pinned'>;

export interface Router {
  /** Each exit, for one organization. */
  look(tx: Tx, organization: string): Promise<{ home: HomeRow; exits: ExitState[] }>;
  /**
   * Refuses an exit that is elsewhere. The refusal stands in the trail of the organization, though whatever wanted out
   * leaves nothing else; the same refusal once an hour.
   * @throws RESIDENCY_REFUSED
   */
  require(organization: string, exit: Exit): Promise<void>;
  /** The same for a home that is known, without a word in the trail. @throws RESIDENCY_REFUSED */
  requireOf(home: KnownHome, exit: Exit): void;
  /** Whether all of these organizations may use an exit that there is another way for. */
  admits(tx: Tx, organizations: readonly string[], exit: Exit): Promise<boolean>;
  /**
   * Refuses a model of others that would be given data of an organization whose frameworks want its own models. The refusal
   * stands in the trail as that of an exit.
   * @throws PRIVACY_ERROR
   */
  requireModel(organization: string, use: ModelUse): Promise<void>;
  /** The same inside of a transaction that ends with the refusal. @throws PRIVACY_ERROR */
  requireModelIn(scope: Scope, organization: string, use: ModelUse): Promise<void>;
}

/** Exits that every installation has. */
const always: ReadonlySet<Exit> = new Set(['database', 'archive', 'export', 'keys']);

export function openRouter({
  session,
  regions,
  used = new Set(),
}: {
  session: Session;
  regions: Regions;
  /** Exits that this installation has besides. */
  used?: ReadonlySet<OptionalExit>;
}): Router {
  const present = exits.filter((exit) => always.has(exit) || used.has(exit as OptionalExit));
  const told = new Map<string, number>();
  const decide = ({ region, pinned }: KnownHome, exit: Exit) =>
    refusalOfExit({ region, pinned, exit, target: regions[exit] });
  const refused = ({ slug, region }: KnownHome, exit: Exit, why: string) =>
    new DartwingError('RESIDENCY_REFUSED', { org: slug, region, exit, why });
  const tell = async (scope: Scope, { id, region }: HomeRow, exit: Exit | 'model', why: string) => {
    const key = `${id} ${exit}`;
    const now = scope.clock.now().getTime();
    if (now - (told.get(key) ?? Number.NEGATIVE_INFINITY) < limits.residencyToldMs) return;
    if (told.size >= limits.slugsKnownMax) told.clear();
    told.set(key, now);
    const ref = { doctype: 'Organization', name: id, organization: id };
    await recordAct(scope, id, 'residency.refuse', ref, {
      new: { exit, region, target: exit === 'model' ? null : (regions[exit] ?? null), why },
    });
  };
  const router: Router = {
    look: async (tx, organization) => {
      const home = await findHome(tx, organization);
      if (home === undefined) throw new DartwingError('ORGANIZATION_NOT_FOUND', { ref: organization });
      const states = present.map((exit) => ({
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
    requireOf: (home, exit) => {
      const why = decide(home, exit);
      if (why !== undefined) throw refused(home, exit, why);
    },
    admits: async (tx, organizations, exit) => !(await holdsForeign(tx, organizations, regions[exit])),
    requireModel: async (organization, use) => {
      const refusal = await session.run('residency', undefined, async (scope) => {
        const home = await findHome(scope.tx, organization);
        const why = home && refusalOfModel(home.local_models, use);
        if (home === undefined || why === undefined) return undefined;
        await tell(scope, home, 'model', why);
        return new DartwingError('PRIVACY_ERROR', { org: home.slug, why });
      });
      if (refusal !== undefined) throw refusal;
    },
    requireModelIn: async ({ tx }, organization, use) => {
      const home = await findHome(tx, organization);
      const why = home && refusalOfModel(home.local_models, use);
      if (home !== undefined && why !== undefined)
        throw new DartwingError('PRIVACY_ERROR', { org: home.slug, why });
    },
  };
  return Object.freeze(router);
}
