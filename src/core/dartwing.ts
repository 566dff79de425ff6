/** The composition root: opens the installation, wires the rooms in order and returns one frozen object. */
import {
  accessDoorbell,
  authorize,
  type CallOptions,
  eventBoard,
  openContexts,
  openSession,
  permissionVerbs,
  readShipped,
  type Scope,
  type Session,
} from './access/index.js';
import { openAlerts } from './alerts/index.js';
import { applyVerbs } from './apply/index.js';
import {
  type AuditSource,
  type AuditVerbs,
  auditVerbs,
  openArchive,
  sequencerBell,
  systemOrganization,
} from './audit/index.js';
import { browserVerbs } from './browser/index.js';
import { openCompliance } from './compliance/index.js';
import type { Dartwing, Export, Finding, Report, Tenancy } from './contract.js';
import { openDatabase, requireSound, requireVersion, type Tx } from './db/index.js';
import {
  buildIndexes,
  doctypeRights,
  documentVerbs,
  followMergedPerson,
  openIndexing,
  openRegistry,
  type Registry,
} from './documents/index.js';
import { equipmentRecords, equipmentVerbs } from './equipment/index.js';
import { DartwingError } from './errors.js';
import { exportRows } from './export/index.js';
import { identityRoom, shippedAcrValues } from './identity/index.js';
import { isOrganizationId } from './ids.js';
import { invitationVerbs } from './invitations/index.js';
import { openJobs } from './jobs/index.js';
import { answerSeal, openKeys } from './keys/index.js';
import { limits } from './limits.js';
import { followMergedSignIn, liteRoom, signerOf } from './lite/index.js';
import { mailAddressProof, openCourier } from './mail/index.js';
import { openMetrics } from './metrics/index.js';
import { addOperations } from './operations.js';
import { type DartwingOptions, describeInstallation } from './options.js';
import {
  grantFaults,
  openProvisioner,
  peopleVerbs,
  repairMemberships,
  verifyMemberships,
} from './people/index.js';
import { openLedger, openPrivacy, requireReplayed } from './privacy/index.js';
import { openQuota } from './quota/index.js';
import { realtimeRoom } from './realtime/index.js';
import { type OptionalExit, openRouter, type Regions, type Router, readRegions } from './residency/index.js';
import { addSystemSchedules } from './schedules.js';
import { openExported, syncVerbs } from './sync/index.js';
import {
  linkFaults,
  organizationVerbs,
  repairLinks,
  requireOrganization,
  verifyLinks,
} from './tenancy/index.js';
import { openTokens } from './tokens/index.js';
import { subscribeRooms } from './wiring.js';

/**
 * Opens dartwing on a database that has been migrated. Checks schema version, master key and tenant isolation
 * first, and refuses to start when one of them is wrong.
 * @throws CONFIG_INVALID, MASTER_KEY_*, DATABASE_*, SCHEMA_*, ISOLATION_BROKEN
 */
export async function createDartwing(options: DartwingOptions): Promise<Dartwing> {
  const installation = describeInstallation(options);
  const { clock, log, keyring } = installation;
  const background = options.background ?? true;
  const bell = sequencerBell(background);
  const metrics = whenUsed(() =>
    openMetrics({
      database,
      clock,
      log,
      masterKeyName: keyring.fingerprint,
      ready: () => ready(),
      folder: options.watchedFolder,
      breakers: () => tokens.made?.breakers() ?? new Map(),
    }),
  );
  let hasWritten = false;
  const database = openDatabase({
    ...installation.database,
    beforeCommit: () => {
      // Whoever has begun to write may go on to the end: half of what was asked for helps nobody.
      if (!hasWritten) options.beforeCommit?.();
    },
    onTransaction: (course) => {
      installation.database.onTransaction?.(course);
      metrics.made?.ears.transaction(course);
    },
    ringAudit: () => {
      hasWritten = true;
      bell.ring();
      // Whatever left an entry may have left events as well.
      realtime.made?.kick();
    },
  });
  const beforeClose: (() => Promise<void>)[] = [async () => metrics.made?.close()];
  let closed: Promise<void> | undefined;
  // A signal and the end of a program may both ask.
  const close = () => {
    closed ??= (async () => {
      for (const finish of beforeClose) await finish();
      await bell.stop();
      await database.close();
    })();
    return closed;
  };
  const transaction = <T>(work: (tx: Tx) => Promise<T>) => database.asMachinery(work);
  const registry = whenUsed(() => openRegistry(options.doctypes, () => keys.get()));
  const indexing = whenUsed(() => openIndexing(() => buildIndexes(transaction, registry.get()), log));
  // A process that ends soon builds nothing.
  const buildMissing = () => {
    if (background) indexing.get().kick();
  };
  beforeClose.push(async () => indexing.made?.stop());
  const contexts = openContexts(clock, async () => readShipped(doctypeRights(registry.get())));
  const expected = { masterKeyFingerprint: keyring.fingerprint, sealedContext: options.sealedContext };
  const ready = () => requireSound(database, expected);
  const opening = options.selfTest === 'version' ? requireVersion(database, expected) : ready();
  // A wrong rule stops a process when it starts. A short command reads the rules when a person comes.
  const place = options.audit?.archive;
  const archive = place === undefined ? undefined : whenUsed(() => openArchive(place));
  beforeClose.push(async () => archive?.made?.close());
  const prepared = opening.then(async () => {
    if (!background) return;
    await contexts.prepare();
    if (archive === undefined) return;
    await requireReplayed({ transaction, place: archive.get() }, (error) =>
      log.warn({ err: error }, 'ledger of erasures'),
    );
  });
  await prepared.catch(async (error: unknown) => {
    await close();
    throw error;
  });

  buildMissing();

  const events = eventBoard();
  subscribeRooms(events);
  const access = {
    contexts,
    doorbell: accessDoorbell(database, (error) => log.warn({ err: error }, 'access')),
    answers: answerSeal(keyring.answerKey),
  };
  const session = openSession(
    database,
    events,
    clock,
    {
      principal: options.principal ?? { type: 'service', id: 'library' },
      via: options.via ?? 'library',
    },
    access,
  );
  const provisioner = whenUsed(() => openProvisioner(session, options.provisioning ?? {}, log));
  events.subscribe('person.unprovisioned', (...event) => provisioner.get().provision(...event));

  const erasing = () => ({ registry: registry.get(), answers: access.answers });
  const ledger = whenUsed(() =>
    openLedger({
      session,
      transaction,
      place: () => archive?.get(),
      mayLeave: (organization) => router.require(organization, 'archive'),
      erasing,
    }),
  );
  const audit: AuditSource = {
    database: { transaction },
    sequencerRole: database.roles.sequencer,
    keys: [keyring.auditKey],
    signing: installation.signing,
    archive: options.audit?.archive,
    mayArchive: (organization) => router.require(organization, 'archive'),
    listen: database.listener,
    onFailure: (error) => log.error({ err: error }, 'audit'),
    call: (call) => session.call(call as CallOptions),
  };
  bell.start(audit);
  const trail = whenUsed(() => auditVerbs(audit));
  const signer =
    options.lite?.enabled && !options.identity?.issuers?.length
      ? signerOf(options.lite, keyring.lite.signingSeed)
      : undefined;
  const identity = whenUsed(() =>
    identityRoom(
      {
        session,
        events,
        doorbell: access.doorbell,
        clock,
        log,
        transaction,
        ask: database.askMachinery,
        signsHere: signer !== undefined,
      },
      signer === undefined ? withBrowserClient(options) : { ...options.identity, issuers: [signer.settings] },
    ),
  );
  beforeClose.push(async () => identity.made?.close());
  const router = openRouter({ session, regions: regionsOf(options), used: exitsOf(options) });
  events.subscribe('organization.created', async (_scope, { organization: { slug }, region }) =>
    router.requireOf({ slug, region, pinned: false }, 'database'),
  );
  const ids = idsBySlug(session);
  const organizationIds = ids.find;
  events.subscribe('organization.purging', async (scope, { organization }) => {
    scope.tx.afterCommit(() => ids.forget(organization.slug, organization.id));
  });
  const keys = whenUsed(() =>
    openKeys({
      session,
      clock,
      keyring,
      options: options.keys ?? {},
      transaction,
      idOf: ids.findExisting,
    }),
  );
  // A wrong choice of key service stops the start, not the first value that is to be sealed.
  if (options.keys !== undefined) keys.get();
  const courier = whenUsed(() =>
    openCourier({
      options: options.mail,
      keys: keys.get(),
      formerKey: keyring.mailKey,
      clock,
      log,
      background,
      transaction,
      mayLeave: (organization) => router.require(organization, 'mail'),
    }),
  );
  // Settings that cannot work are told when it opens, not when the first mail is due.
  if (background || options.mail?.smtpUrl !== undefined) courier.get();
  beforeClose.push(async () => courier.made?.close());

  const jobs = whenUsed(() =>
    openJobs({
      session,
      events,
      rights: access.doorbell,
      database,
      clock,
      random: options.random ?? Math.random,
      log,
      idOf: ids.findExisting,
      onSubmitted: (batch) => metrics.made?.ears.submitted(batch),
    }),
  );
  const realtime = whenUsed(() =>
    realtimeRoom({
      session,
      database,
      clock,
      log,
      options: options.realtime ?? {},
      fingerprint: keyring.fingerprint,
      busKey: keyring.realtimeKey,
      admits: (tx, organizations) => router.admits(tx, organizations, 'redis'),
      idOf: ids.findExisting,
      onPublished: (batch) => metrics.made?.ears.published(batch),
    }),
  );
  beforeClose.unshift(async () => realtime.made?.close());
  // Workers finish before anything else is closed: their handlers may use every room.
  beforeClose.unshift(async () => jobs.made?.close());

  const publicUrl = options.publicUrl ?? 'http://localhost:4000';
  const alerts = whenUsed(() =>
    openAlerts({
      session,
      metrics: metrics.get(),
      transaction,
      options: options.alerts ?? {},
      mail: options.mail,
      installation: options.alerts?.installation ?? publicUrl,
      clock,
      log,
    }),
  );
  // A wrong channel stops the start, not the first alert.
  if (background && options.alerts !== undefined) alerts.get();
  beforeClose.unshift(async () => alerts.made?.close());
  const factorKeys = () => ({ keys: keys.get(), factorKey: keyring.lite.factorKey });
  const tokens = whenUsed(() =>
    openTokens({
      options: options.tokens ?? {},
      session,
      keys: keys.get(),
      database,
      clock,
      random: options.random ?? Math.random,
      log,
      outbox: () => courier.get().outbox,
      publicUrl,
      background,
      mayLeave: (organization) => router.require(organization, 'integrations'),
      idOf: async (ref, call) => (call === undefined ? ids.find(ref) : ids.findExisting(ref, call)),
      jobs: () => jobs.get(),
      onCourse: (course) => metrics.made?.ears.token(course),
      onProviderCall: (call) => metrics.made?.ears.providerCall(call),
    }),
  );
  // After the workers: what they asked a provider for has to be written down.
  beforeClose.push(async () => tokens.made?.close());
  const lite = whenUsed(() =>
    liteRoom(
      {
        session,
        identity: identity.get(),
        outbox: () => courier.get().outbox,
        publicUrl,
        log,
        signer,
        ...factorKeys(),
      },
      options.lite ?? {},
    ),
  );
  events.subscribe('person.unproven', (scope, event) =>
    mailAddressProof(scope, event, { outbox: courier.get().outbox, key: keyring.addressKey, publicUrl }),
  );
  events.subscribe('person.merging', (scope, event) => followMergedSignIn(scope, event, factorKeys()));
  events.subscribe('person.merging', (scope, event) => followMergedPerson(scope, registry.get(), event));
  // Mails that were asked for are written before the courier stops.
  beforeClose.unshift(async () => lite.made?.close());

  const browser = whenUsed(() =>
    browserVerbs(
      {
        identity: identity.get(),
        issuer: options.identity?.issuers?.[0]?.issuer,
        publicUrl,
        pendingKey: keyring.browserKey,
        sessionMs: options.identity?.sessionMs ?? limits.sessionMs,
        acrValues: options.identity?.strongSignIn?.acrValues ?? shippedAcrValues,
        clock,
        log,
      },
      options.browser,
    ),
  );
  // Settings that cannot work stop the start.
  if (options.browser !== undefined) browser.get();

  const dartwing = frozen<Dartwing>({
    tenancy: () => tenancyRoom(session),
    people: () => peopleVerbs(session, provisioner.get(), keyring.addressKey),
    identity: () => {
      return identity.get().verbs;
    },
    permissions: () =>
      permissionVerbs(
        session,
        access.contexts,
        access.doorbell,
        (name) => registry.get().find(name) !== undefined,
      ),
    lite: () => {
      const { close: _, ...verbs } = lite.get();
      return verbs;
    },
    browser: () => browser.get(),
    mail: () => ({ sendDue: courier.get().sendDue }),
    keys: () => keys.get(),
    tokens: () => {
      const { close: _, breakers: __, ...verbs } = tokens.get();
      return verbs;
    },
    equipment: () => equipmentVerbs(session, ids.findExisting),
    documents: () =>
      documentVerbs({
        session,
        registry: registry.get(),
        idOf: ids.findExisting,
        transaction,
        onRegistered: () => {
          contexts.renew();
          buildMissing();
        },
        clock,
        onCourse: (course) => metrics.made?.ears.document(course),
      }),
    sync: () =>
      syncVerbs({
        session,
        clock,
        log,
        onCourse: (course) => metrics.made?.ears.sync(course),
        registry: registry.get(),
        idOf: ids.findExisting,
        key: keyring.syncKey,
        autoMs: options.conflictAutoMs,
        records: new Map([['Equipment', equipmentRecords]]),
      }),
    invitations: () =>
      invitationVerbs(session, {
        outbox: courier.get().outbox,
        publicUrl,
      }),
    jobs: () => {
      const { close: _, ...verbs } = jobs.get();
      verbs.observe((event) => realtime.get().tellOfJob(event));
      verbs.observe((event) => metrics.made?.ears.job(event));
      addSystemSchedules(verbs, clock, () => dartwing);
      addOperations(verbs, () => dartwing);
      return verbs;
    },
    audit: () => guardedAudit(trail.get(), session, ids.findExisting),
    privacy: () =>
      openPrivacy({
        session,
        erasing,
        ledger: ledger.get(),
        // The erasure stands; what the ledger lacks is written by the clock.
        onErased: async () => {
          await ledger
            .get()
            .write()
            .catch((error: unknown) => log.warn({ err: error }, 'ledger of erasures'));
        },
        idOf: ids.findExisting,
      }),
    compliance: () =>
      openCompliance({
        session,
        signIn:
          signer !== undefined ? 'lite' : (options.identity?.issuers ?? []).length > 0 ? 'provider' : 'none',
        publicUrl,
        outbox: () => courier.get().outbox,
        keys: keys.get(),
        doctypes: registry.get,
        router,
        archive: options.audit?.archive === undefined ? undefined : trail.get().checkArchive,
        reportSeed: keyring.reportSeed,
      }),
    apply: () => applyVerbs(session),
    export: () => exportRoom(session, ids.findExisting, registry.get(), router),
    quota: () => openQuota(transaction, clock, options.rates),
    metrics: () => {
      const { ears: _, close: __, ...verbs } = metrics.get();
      return verbs;
    },
    alerts: () => {
      const { close: _, ...verbs } = alerts.get();
      return verbs;
    },
    realtime: () => {
      const { publish, node, sweep } = realtime.get();
      return { publish, node, sweep };
    },
    asOrg: () => async (organization, work) => database.asOrg(await organizationIds(organization), work),
    asPerson: () => (person, work) => database.asPerson(person, work),
    asSystem: () => (reason, work, call) => session.system(reason, session.call(call), work),
    ready: () => ready,
    close: () => close,
  });
  return dartwing;
}

/** Exits that an installation has only where they are set up. */
function exitsOf({ mail, tokens, realtime }: DartwingOptions): ReadonlySet<OptionalExit> {
  const used = new Set<OptionalExit>();
  if (mail?.smtpUrl !== undefined) used.add('mail');
  if (Object.keys(tokens?.clients ?? {}).length + Object.keys(tokens?.providers ?? {}).length > 0)
    used.add('integrations');
  if (realtime?.redisUrl !== undefined) used.add('redis');
  return used;
}

/** Where the key service has a region, nobody has to say it again. */
function regionsOf({ regions, keys }: DartwingOptions): Regions {
  const kms = keys?.provider === 'aws-kms' ? keys.kms?.region : undefined;
  const read = typeof regions === 'string' ? readRegions(regions) : (regions ?? {});
  if (read === undefined)
    throw new DartwingError('CONFIG_INVALID', {
      where: 'regions',
      message:
        'is a list such as database=eu-central-1,archive=eu-central-1,export=eu-central-1,keys=eu-central-1',
    });
  return { ...(kms === undefined ? {} : { keys: kms }), ...read };
}

/** Logout tokens for the client of browsers are for us as well. */
function withBrowserClient({ identity, browser }: DartwingOptions): DartwingOptions['identity'] {
  const [first, ...rest] = identity?.issuers ?? [];
  if (first === undefined || browser === undefined) return identity;
  const logoutAudiences = [
    ...(first.logoutAudiences ?? [first.audience, ...(first.clients ?? [])]),
    browser.clientId,
  ];
  return { ...identity, issuers: [{ ...first, logoutAudiences }, ...rest] };
}

/** A part that is made when it is first asked for: a command line pays for the rooms that it uses, and no others. */
function whenUsed<T>(make: () => T): { get(): T; readonly made: T | undefined } {
  let made: { value: T } | undefined;
  return {
    get: () => {
      made ??= { value: make() };
      return made.value;
    },
    get made() {
      return made?.value;
    },
  };
}

/** The object that programs hold: each property is made when it is first read, and stays as it is. */
function frozen<T extends object>(makers: { [Name in keyof T]: () => T[Name] }): T {
  const object = {} as T;
  for (const name of Object.keys(makers) as (keyof T)[]) {
    const part = whenUsed(() => Object.freeze(makers[name]()));
    Object.defineProperty(object, name, { enumerable: true, get: part.get });
  }
  return Object.freeze(object);
}

/** The id of an organization that a caller names by id or slug. */
type IdOf = (ref: string, call?: CallOptions) => Promise<string>;

/** The trail for persons and API keys: what they may read of one organization; all of them for a System Manager. */
function guardedAudit(verbs: AuditVerbs, session: Session, idOf: IdOf): AuditVerbs {
  const guard = async (
    organization: string | undefined,
    given: object | undefined,
    action: 'read' | 'administer' = 'read',
  ) => {
    const call = given as CallOptions | undefined;
    const { principal } = session.call(call);
    if (principal.type !== 'person' && principal.key === undefined) return organization;
    const id =
      organization === undefined || organization === systemOrganization
        ? organization
        : await idOf(organization, call);
    const ref = { doctype: 'Audit Entry', name: '*', organization: id };
    await session.run('audit', call, async (scope) => authorize(scope, action, ref));
    return id;
  };
  return {
    ...verbs,
    query: async (query = {}, call) =>
      verbs.query({ ...query, organization: await guard(query.organization, call) }, call),
    verify: async (options = {}, call) => {
      const guarded: (string | undefined)[] = [];
      for (const organization of options.organizations ?? [undefined])
        guarded.push(await guard(organization, call));
      const organizations = guarded.filter((organization) => organization !== undefined);
      return verbs.verify(organizations.length === 0 ? options : { ...options, organizations });
    },
    checkpoint: async (options = {}, call) =>
      verbs.checkpoint({ ...options, organization: await guard(options.organization, call) }, call),
    checkpoints: async (options = {}, call) =>
      verbs.checkpoints({ organization: await guard(options.organization, call) }, call),
    rotateSigner: async (call) => {
      await guard(undefined, call, 'administer');
      return verbs.rotateSigner(call);
    },
    export: async (options, call) =>
      verbs.export({ ...options, organization: await guard(options.organization, call) }, call),
    signExport: async (file, call) => {
      await guard(undefined, call, 'administer');
      return verbs.signExport(file, call);
    },
    seal: async (options, call) => {
      await guard(undefined, call, 'administer');
      return verbs.seal(options, call);
    },
    checkArchive: async (call) => {
      await guard(undefined, call);
      return verbs.checkArchive();
    },
    restore: async (options, call) => {
      await guard(undefined, call, 'administer');
      return verbs.restore(options, call);
    },
    recover: async (options, call) => {
      await guard(undefined, call, 'administer');
      return verbs.recover(options, call);
    },
    prove: async (query, call) =>
      verbs.prove({ ...query, organization: (await guard(query.organization, call))! }, call),
    tail: async function* (options = {}, call) {
      yield* verbs.tail({ ...options, organization: await guard(options.organization, call) }, call);
    },
  };
}

/** Ids of slugs, looked up once: an organization keeps its slug until it is purged. */
function idsBySlug(session: Session) {
  const known = new Map<string, string>();
  const findExisting: IdOf = async (ref, { principal, via = 'library' } = {}) => {
    const look = async (scope: Scope) => (await requireOrganization(scope, ref)).id;
    const call = principal === undefined ? undefined : { principal, via };
    const found = known.get(ref) ?? (await session.run('asOrg', call, look));
    if (known.size >= limits.slugsKnownMax) known.clear();
    known.set(ref, found);
    return found;
  };
  return {
    /** An id is taken as it is: without such an organization there are no rows. */
    find: async (ref: string): Promise<string> => (isOrganizationId(ref) ? ref : findExisting(ref)),
    /**
     * For doors that tell a missing organization from a foreign one. Names near to it are those that the caller may
     * read. @throws ORGANIZATION_NOT_FOUND
     */
    findExisting,
    forget: (...refs: string[]): void => {
      for (const ref of refs) known.delete(ref);
    },
  };
}

function tenancyRoom(session: Session): Tenancy {
  const idOf = async (scope: Scope, ref: string | undefined) =>
    ref === undefined ? undefined : (await requireOrganization(scope, ref)).id;
  return {
    ...organizationVerbs(session),
    verify: (ref, call) =>
      session.run('org verify', call, async (scope) => {
        const id = await idOf(scope, ref);
        const findings = [...(await verifyLinks(scope, id)), ...(await verifyMemberships(scope, id))];
        return report('org.verify', findings);
      }),
    repair: (ref, { fix, ...call } = {}) => {
      const isWanted = wantedFaults(fix);
      return session.run(
        'org repair',
        call,
        async (scope) => {
          const id = await idOf(scope, ref);
          const links = await repairLinks(scope, id, isWanted);
          const { mended, left } = await repairMemberships(scope, id, isWanted);
          const findings = [...links, ...mended];
          return {
            ...report('org.repair', findings),
            ok: true,
            left: left.map((one) => ({ ...one })),
          };
        },
        { ref, fix },
      );
    },
  };
}

function exportRoom(session: Session, idOf: IdOf, registry: Registry, router: Router): Export {
  const isPhi = (doctype: string) => registry.find(doctype)?.isPhi === true;
  return {
    organization: async (ref, write, call) => {
      let written = false;
      const writeOnce: typeof write = (row) => {
        written = true;
        return write(row);
      };
      const work = (scope: Scope) => {
        // The connection broke in the middle: rows that were handed over cannot be taken back.
        if (written) throw new DartwingError('DATABASE_UNAVAILABLE');
        const open = (table: string, rows: Record<string, unknown>[]) =>
          openExported(scope.tx, registry, table, rows);
        return exportRows(scope, writeOnce, { entities: call?.entities, isPhi, open });
      };
      const organization = await idOf(ref, call);
      await router.require(organization, 'export');
      return session.runIn(organization, call, work, { isolation: 'repeatable read' });
    },
  };
}

/** Which findings a repair is to mend: all, or those of the given kinds. @throws VALIDATION_ERROR */
function wantedFaults(fix: readonly string[] = []): (id: string) => boolean {
  const known: readonly string[] = [...linkFaults, ...grantFaults];
  const unknown = fix.find((id) => !known.includes(id));
  if (unknown !== undefined)
    throw new DartwingError('VALIDATION_ERROR', {
      message: `"${unknown.slice(0, 80)}" is no finding that a repair mends; there are ${known.join(', ')}`,
    });
  return (id) => fix.length === 0 || fix.includes(id);
}

function report(check: string, findings: readonly object[]): Report {
  const list = findings as readonly Finding[];
  const count = (severity: Finding['severity']) =>
    list.filter((finding) => finding.severity === severity).length;
  return {
    api_version: 'dartwing/v1',
    kind: 'Report',
    check,
    ok: count('fail') === 0,
    findings: [...list],
    summary: { pass: list.length === 0 ? 1 : 0, warn: count('warn'), fail: count('fail') },
  };
}
