/**
 * Every bound of the core, by name. A loop, queue, page, retry or body that has no line here is a defect.
 * Units are the last word of the name.
 */
export const limits = Object.freeze({
  /** Connections of one pool. */
  poolConnectionsMax: 10,
  /** Longer than a minute, so that what runs each minute finds a connection open: making one costs 10 to 20 ms of a core. */
  poolIdleMs: 120_000,
  /** Wait for a free or new connection. */
  connectMs: 5_000,
  /** One SQL statement of a tenant transaction. */
  statementMs: 30_000,
  /** Wait for a row or table lock. */
  lockMs: 10_000,
  /** A transaction that waits for its client. */
  idleInTransactionMs: 15_000,
  /** Attempts of a transaction that met a serialization failure or a deadlock, the first one included. */
  transactionAttemptsMax: 5,
  /** Longest pause between two attempts of a transaction. */
  transactionBackoffMsMax: 250,
  /** How long the seal of a transaction's context is good. Its statements end much earlier. */
  contextSealMs: 3_600_000,
  /** How long a seal is given again to transactions of the same context, and how many are kept. */
  contextSealReusedMs: 60_000,
  contextSealsMax: 20_000,
  /** Attempts at the roles of a server whose other databases are being migrated at the same time. */
  roleAttemptsMax: 30,
  /** How often a call to a server is made, the first one included, and the pause before the second; each further one doubles it. */
  remoteAttemptsMax: 3,
  remotePauseMs: 200,
  /** Longest silence of a server that answers part by part; it shows life every 15 s. */
  remoteSilenceMs: 60_000,
  /** One answer of a server that comes in one piece. */
  remoteAnswerCharsMax: 67_108_864,
  /** Organizations that one cross-organization read may name. */
  organizationsPerReadMax: 5_000,
  /** Memberships in the rights of persons that a process keeps compiled. */
  accessMembershipsCachedMax: 500_000,
  /** Documents of one question about many. */
  accessBatchMax: 1_000,
  /** Organizations up to which a list across them takes the newest of each. */
  accessLateralMax: 50,
  /** Pause before the connection that hears of changed rights is made again. */
  accessListenPauseMs: 500,
  /** Events of grants in one answer. */
  accessEventsMax: 500,
  /** Slugs whose ids a process remembers. */
  slugsKnownMax: 10_000,
  /** Documents with health information that one call leaves an entry of its own for. */
  phiReadsMax: 200,
  /** One handshake with the public address. */
  transitProbeMs: 10_000,
  /** Time before its end from which a business associate agreement is told of: 60 days. */
  agreementNoticeMs: 5_184_000_000,
  /** Evidence that says the same is kept once a day. */
  evidenceRepeatMs: 86_400_000,
  evidenceRowsMax: 5_000,
  /** How far a report looks back unless told: 90 days. */
  reportMs: 7_776_000_000,
  /** Rows of one table in what a person is given of their data. */
  subjectRowsMax: 100_000,
  /** Page sizes of lists. */
  pageDefault: 20,
  pageMax: 500,
  /** Members of one page, which applications show to persons (requirements §3.7). */
  memberPageMax: 100,
  /** Longest text that a name, a title or a reason may have. */
  nameCharsMax: 140,
  reasonCharsMax: 1_000,
  /** Canonical bytes of one audit entry (security paper: 64 KB). */
  auditBodyBytesMax: 65_536,
  /** Staged audit entries that one sequencer transaction takes. */
  auditBatchMax: 2_000,
  /** Idle look for staged audit entries when no doorbell rang. */
  auditPollMs: 5_000,
  /** Members and documents of one apply file set. */
  applyDocumentsMax: 1_000,
  applyFileBytesMax: 1_048_576,
  /** How long the answer of a call with an idempotency key is kept. */
  idempotencyMs: 86_400_000,
  /** Days between dissolving an organization and purging it. */
  purgeAfterDaysDefault: 30,
  /** Retries of creating a login account, after 2, 4, 8, 16 and 32 s. */
  provisioningRetriesMax: 5,
  provisioningDelayMsMax: 120_000,
  /** One call that creates an account somewhere else. */
  provisioningCallMs: 10_000,
  /** How long a claimed retry belongs to its process before another may take it. */
  provisioningLeaseMs: 120_000,
  /** Persons whose retries one round takes. */
  provisioningBatchMax: 100,
  /** Merges that are followed from a person to the one who is left. */
  mergeDepthMax: 32,
  /** Attempts to send one mail, the first included, and the pauses between them. */
  mailAttemptsMax: 8,
  mailBackoffMsMin: 10_000,
  mailBackoffMsMax: 3_600_000,
  /** Wait for the mail server to accept a connection and to greet, and for each of its answers. */
  mailConnectMs: 10_000,
  mailAnswerMs: 20_000,
  /** Time for which a process holds a mail it sends: longer than the dozen answers of the slowest attempt. */
  mailLeaseMs: 300_000,
  /** Mails sent side by side, and in one round. */
  mailConnectionsMax: 4,
  mailRoundMax: 10_000,
  /** Look for mail that is due, in a process that runs for long. */
  mailPollMs: 5_000,
  /** Life of an invitation. */
  invitationMsDefault: 604_800_000,
  invitationMsMin: 300_000,
  invitationMsMax: 7_776_000_000,
  /** Longest access of a guest. */
  guestMsMax: 31_622_400_000,
  /** Reminders of one invitation, and the pause between them. */
  remindersMax: 3,
  reminderPauseMs: 86_400_000,
  /** Without an answer for so long, an invitation is sent again by itself, unless it ends within a pause. */
  reminderAutoMs: 259_200_000,
  /** Lines and characters of one list of addresses to invite. */
  invitationLinesMax: 5_000,
  invitationListCharsMax: 1_048_576,
  /** Invitations or guests that one transaction ends. */
  endingBatchMax: 200,
  /** Files and lines of maintenance of one piece of equipment. */
  equipmentRowsMax: 200,
  /** Connections of the embedded server, all processes together. */
  embeddedConnectionsMax: 200,
  /** Wait for another process that starts or stops the embedded server. */
  embeddedLockMs: 120_000,
  /** Start of the embedded server, recovery after a crash included. */
  embeddedStartMs: 120_000,
  /** Wait for backends of a killed embedded server to leave its shared memory. */
  embeddedLeftoverMs: 30_000,
  /** Fast shutdown of the embedded server, its last checkpoint included. */
  embeddedStopMs: 30_000,
  /** Wait for connections that were just closed to disappear from the list of backends. */
  embeddedLingerMs: 500,
  /** Tries to hold an embedded server again that restarted under us. */
  embeddedRejoinMs: 60_000,
  /** Size from which the embedded server's log is set aside at the next start. */
  embeddedLogBytesMax: 10_485_760,
  /** Bytes of a bearer token; a realm with hundreds of groups stays below. */
  tokenBytesMax: 16_384,
  /** Difference of clocks that times in tokens are forgiven. */
  tokenToleranceMs: 5_000,
  /** Age of an access token, whatever its own end says. */
  tokenAgeMsMax: 600_000,
  /** One call of an identity provider, and its answer. */
  providerCallMs: 5_000,
  providerAnswerBytesMax: 262_144,
  /** How long keys of an issuer are used without asking again. */
  issuerKeysFreshMs: 600_000,
  /** Between two calls for keys, so that invented key ids cost the issuer nothing. */
  issuerKeysCooldownMs: 30_000,
  /** How long known keys serve while their issuer does not answer. */
  issuerKeysStaleMs: 3_600_000,
  /** A session that nobody used, and one however much it is used (requirements §7.3). */
  sessionIdleMs: 1_800_000,
  sessionMs: 36_000_000,
  /** Until a browser has to come back from the identity provider. */
  browserPendingMs: 600_000,
  /** A path to go to after signing in; it travels in a cookie. */
  returnPathCharsMax: 1_000,
  /** How often the use of a session is written down. */
  sessionSeenMs: 30_000,
  /** How long an ended session is remembered; longer than any of its tokens lives. */
  sessionKeptMs: 172_800_000,
  /** Age of a sign-in that an organization with MFA accepts. */
  strongSignInMs: 36_000_000,
  /** Failed sign-ins of one account or key before it waits, the first wait, by how much it grows, and its end. */
  signInFailuresMax: 5,
  signInWaitMs: 60_000,
  signInWaitMsMax: 900_000,
  /** Two failures closer than this are a program's: they wait at once. */
  signInQuickMs: 1_000,
  /** How long a failure is remembered. */
  signInMemoryMs: 43_200_000,
  /** Failed sign-ins of one network address before it waits: an office may have one for everybody. */
  addressFailuresMax: 50,
  /** How often the use of an API key is written down. */
  apiKeyNotedMs: 60_000,
  /** API keys whose uses a process counts before it writes them down. */
  apiKeysCountedMax: 10_000,
  /** How long the former secret of a rotated API key still opens. */
  apiKeyGraceMs: 86_400_000,
  apiKeyGraceMsMax: 2_592_000_000,
  /** Permissions of one API key. */
  apiKeyPermissionsMax: 50,
  /** How long a process believes the tier of an organization, for how many, and how it drops old counters. */
  rateTierMs: 10_000,
  rateTiersKnownMax: 10_000,
  /** How long calls that were counted ahead may come. */
  rateAheadMs: 500,
  /** How much of what is left of an allowance may be counted ahead, and how many calls at most. */
  rateAheadShare: 0.01,
  rateAheadMax: 100,
  rateLinesMax: 10_000,
  rateSweepMs: 60_000,
  rateSweptMax: 1_000,
  /** Fields that one list of a doctype's conflict rules names. */
  conflictRuleFieldsMax: 500,
  /** Pairs of equal lines, times lines, that a merge of texts may compare: some milliseconds. */
  textMergeStepsMax: 4_000_000,
  /** Items of a list whose additions are united. */
  unionItemsMax: 1_000,
  /** Bytes of the input and of the output of a job; larger data lies elsewhere and is named. */
  jobInputBytesMax: 262_144,
  jobOutputBytesMax: 262_144,
  /** Characters that are kept of the message of a failed job. */
  jobErrorCharsMax: 2_000,
  /** Jobs of one submission. */
  jobBatchMax: 1_000,
  /** Bounds of what a job type may ask for. */
  jobTimeoutMsMax: 86_400_000,
  jobDelayMsMax: 604_800_000,
  jobRetriesMax: 25,
  /** How long an equal submission counts as the same. */
  jobDeduplicationMs: 300_000,
  /** Rows of a page of jobs, and how far they are counted. */
  jobPageMax: 500,
  jobCountMax: 10_000,
  /** How long a counted line of an organization is believed, and of how many. */
  jobDepthKnownMs: 1_000,
  jobDepthsMax: 50_000,
  /** Pause after a NOTIFY, in which rings are gathered for the next; in a stream it doubles up to the second. */
  jobRingMs: 5,
  jobRingMsMax: 20,
  /** Pause before the connection that hears of jobs is made again. */
  jobListenPauseMs: 250,
  /** A worker tells that it lives, and is taken for dead when it was silent for so long. */
  jobHeartbeatMs: 5_000,
  jobLeaseMs: 20_000,
  /** Workers that may die with one job. */
  jobLossesMax: 2,
  /** Jobs up to this length are taken ahead of free slots, and need no slot kept free for others. */
  jobShortMs: 50,
  /** Slot time of jobs that wait in a worker for a slot, and how many there may be for each slot. */
  jobAheadMs: 25,
  jobAheadMax: 8,
  /** How long finished jobs of a busy worker wait for the claim that takes them along. */
  jobGatherMs: 5,
  /** Longest sleep of a worker's loop. */
  jobIdleMs: 1_000,
  /** How long an organization at its limit is not looked at. */
  jobParkMs: 25,
  /** The same where another worker is just taking from the line. */
  jobLockedMs: 2,
  /** Pause after a failure of the database. */
  jobFailurePauseMs: 500,
  /** How often a worker looks for lines nobody told of, for due jobs, and writes progress down. */
  jobDiscoverMs: 5_000,
  jobPromoteMs: 2_000,
  jobPromoteMax: 500,
  jobProgressMs: 1_000,
  /** Finished jobs of one transaction, and the pause before those that somebody holds are tried again. */
  jobCompletionsMax: 500,
  jobCompletionPauseMs: 25,
  /** How long a handler that was told to stop may clean up. */
  /** A run of an operation that was handed to a worker; the next one goes on. */
  operationMs: 3_600_000,
  jobAbortMs: 2_000,
  /** How long running jobs may finish when a worker stops. */
  jobDrainMs: 30_000,
  /** How often a worker that only empties the lines looks again. */
  jobEmptyPollMs: 25,
  /** Generations of jobs that wait for each other and end together. */
  jobDepthMax: 1_000,
  /** How often schedules are looked at. */
  jobScheduleMs: 2_000,
  /** Days of finished jobs that are kept, days made ahead, rows of one sweep. */
  jobKeptDays: 30,
  jobKeptDaysMax: 3_650,
  jobPartitionDays: 8,
  jobSweepMax: 1_000,
  jobSweepBatchesMax: 1_000,
  /** Dead letters that wait for a decision without an alert, and days that decided ones are kept. */
  deadLettersMax: 50,
  deadLetterKeptDays: 7,
  /** Replays of one call, and how many a second at most. */
  replaysMax: 100_000,
  replaysPerSecondMax: 1_000,
  /** Fields and declared indexes of one doctype, and doctypes of one process. */
  doctypeFieldsMax: 200,
  doctypeIndexesMax: 10,
  doctypesMax: 1_000,
  /** Longest texts of documents: one line, and many. */
  dataCharsMax: 140,
  textCharsMax: 65_536,
  /** Rows of a child table, tags of one field, nesting of a free field. */
  tableRowsMax: 500,
  tagsMax: 100,
  jsonDepthMax: 16,
  /** Canonical bytes of one document. */
  documentBytesMax: 262_144,
  /** Conditions of one list of documents. */
  documentFiltersMax: 20,
  /** Days for which tombstones and changes are kept (requirements §10.2). */
  tombstoneDaysDefault: 30,
  changeDaysDefault: 30,
  /** Page sizes of the change feed. */
  feedDefault: 100,
  feedMax: 500,
  /** Pause of somebody who follows a feed that has nothing new. */
  feedFollowMs: 1_000,
  /** Bytes of rows after which a page of the feed ends early. */
  feedBytesMax: 1_048_576,
  /** Changes that one page of the feed looks at, also when it shows few of them. */
  feedScanMax: 5_000,
  /** Doctypes of one feed. */
  feedDoctypesMax: 100,
  /** Operations of one batch, and bytes of its documents. */
  pushMax: 500,
  pushBytesMax: 8_388_608,
  /** Characters of the id of a device or an operation. */
  syncIdCharsMax: 100,
  /** Rounds in which a batch looks again at documents that others change at the same time. */
  pushRoundsMax: 5,
  /** Time after which a conflict that nobody resolved stays with the server (requirements §10.7). */
  conflictAutoMs: 86_400_000,
  /** Versions after its base that are looked through for a device's own. */
  ownHistoryMax: 100,
  /** Rows that one statement of compaction deletes. */
  compactBatchMax: 5_000,
  /** Conflicts that one round resolves because their time is over, and rounds of one tick. */
  conflictRoundMax: 500,
  /** How often the same refusal to leave a region stands in the trail. */
  residencyToldMs: 3_600_000,
  /** How long a framework stays in force after somebody asked to disable it. */
  disablingDelayMs: 86_400_000,
  /** How far behind the newest erasure of the database its ledger is read at a start, and when a line of it is late. */
  ledgerLookBackMs: 86_400_000,
  ledgerLateMs: 3_600_000,
  /** Longest time for which a rule keeps documents, and rounds of one run that disposes of them. */
  retentionDaysMax: 36_500,
  retentionRoundsMax: 1_000,
  conflictRoundsMax: 100,
  /** Rounds in which one tick seals what stands unsealed in an organization, a page of each doctype in each. */
  sealRoundsMax: 1_000,
  /** How often the use of the feed by a catching-up device is written down. */
  deviceNotedMs: 10_000,
  /** Clients that are silent longer count as stale. */
  deviceStaleMs: 604_800_000,
  /** Age of a logout token, and how long its id is remembered. */
  logoutTokenMs: 120_000,
  logoutMemoryMs: 600_000,
  /** Lite mode: what a password has to be (requirements §7.3), and the least that its hash may cost (2^ln blocks). */
  passwordCharsMin: 12,
  passwordBytesMax: 1_024,
  passwordCostMin: 14,
  /** Passwords that a process hashes at once, and that wait for it. */
  passwordHashesMax: 2,
  passwordHashesWaitingMax: 50,
  /** Data keys in memory, and for how long; so long may a destroyed one still open values in other processes. */
  dataKeysKeptMax: 1_000,
  dataKeyKeptMs: 300_000,
  /** Life of a data key until it is rotated (requirements §15.3: monthly). */
  dataKeyMs: 2_592_000_000,
  /** One call of a key service, and attempts of it. */
  keyServiceMs: 5_000,
  keyServiceAttemptsMax: 3,
  /** Values of one transaction of a rotation, and rounds in which it comes back to those that others held. */
  resealBatchMax: 500,
  resealPassesMax: 10,
  /** Values that could not be opened which a rotation names. */
  resealFailuresMax: 20,
  /** Values of one key and column that a verification opens unless told. */
  keySamples: 20,
  /** How long before its end a token counts as stale, one of a short life a third of it; and its life when nobody says. */
  tokenMarginMs: 300_000,
  tokenLifeS: 3_600,
  /** Tokens in memory, and for how long without a look at the database. */
  tokensKeptMax: 10_000,
  tokenKeptMs: 30_000,
  /** One call of a token endpoint, and the right to make it; the second outlasts the first. */
  tokenCallMs: 20_000,
  tokenLeaseMs: 45_000,
  /** Wait for a renewal by another process, and the pause until somebody who heard no bell looks. */
  tokenWaitMs: 50_000,
  tokenLookMs: 1_000,
  /** Attempts to write down what a provider answered, and the longest pause between two. */
  tokenWritesMax: 10,
  tokenWritePauseMsMax: 5_000,
  /** Pauses after failures of a provider. */
  tokenRetryMsMin: 5_000,
  tokenRetryMsMax: 3_600_000,
  /** Answers in a row that nobody can read before a token counts as refused. */
  tokenUnclearAnswersMax: 3,
  /** Tokens that end within this time are renewed by the schedule (requirements §13.3). */
  tokenHorizonMs: 600_000,
  tokenDueOrganizationsMax: 5_000,
  /** Over this time the jobs of one tick are spread. */
  tokenSpreadMs: 60_000,
  /** Renewals of one organization at once. */
  tokenRefreshesAtOnceMax: 4,
  /** Integrations of one organization, and people who are on the way to a provider. */
  integrationsMax: 500,
  connectsOpenMax: 100,
  connectMsMax: 600_000,
  deviceMsMax: 1_800_000,
  /** Administrators who are told of one end of an authorization or agreement. */
  noticeMailsMax: 20,
  /** How long journals of connecting and refreshing are kept, and how many lines go at once. */
  attemptsKeptMs: 2_592_000_000,
  attemptsDeletedMax: 10_000,
  /** Failures in a row that open a breaker, for how long, and breakers of a process. */
  breakerFailures: 5,
  breakerMs: 60_000,
  breakersMax: 10_000,
  /** Difference of clocks up to which a signed delivery is believed, its size, and signatures that one may carry. */
  webhookToleranceMs: 300_000,
  webhookBytesMax: 262_144,
  webhookSignaturesMax: 5,
  webhookEventCharsMax: 200,
  /** How long a former secret of a webhook is good, and how long the content of what was handled is kept. */
  webhookFormerMs: 86_400_000,
  webhookContentKeptMs: 2_592_000_000,
  /** One health check, how many at once, between two of one integration, and failures in a row that count. */
  healthMs: 10_000,
  healthAtOnceMax: 4,
  healthPauseMs: 60_000,
  healthIdleMs: 86_400_000,
  healthFailuresMax: 3,
  /** A call to a provider: to connect, in all, bytes of its answer, and connections to one host. */
  outgoingConnectMs: 10_000,
  outgoingMs: 30_000,
  outgoingAnswerBytesMax: 1_048_576,
  outgoingConnectionsMax: 10,
  /** Life of an access token and of a refresh token of lite mode (requirements §7.3). */
  liteTokenMs: 300_000,
  liteRefreshMs: 2_592_000_000,
  /** Life of a mailed token that sets a password, and the pause between two. */
  passwordResetMs: 3_600_000,
  addressProofMs: 3 * 86_400_000,
  passwordResetPauseMs: 60_000,
  /** Lines of a scrape between two moments for others. */
  scrapeLinesAtOnce: 500,
  /** How long numbers of the installation are believed, and how long that its tenants are kept apart. */
  metricsKnownMs: 1_000,
  soundnessKnownMs: 60_000,
  /** How often processes keep samples, for how long, and for how long one of five minutes. */
  sampleMs: 15_000,
  /** How long the database may be gone until each process says so by itself. */
  databaseGoneMs: 60_000,
  /** Steps of courses, and how long a sample counts while its series has no newer one. */
  courseStepMs: 60_000,
  courseStepMsMin: 15_000,
  courseStepMsMax: 86_400_000,
  courseLookBackMs: 300_000,
  samplesKeptMs: 21_600_000,
  samplesCoarseMs: 300_000,
  samplesCoarseKeptMs: 345_600_000,
  /** Windows up to this long are computed from all samples, longer ones from those of five minutes. */
  samplesFineWindowMs: 3_600_000,
  /** Points of one series in an answer. */
  samplePointsMax: 5_000,
  /** First word of an alert, words about news of it, and words about what goes on. */
  alertGroupMs: 30_000,
  alertNewsMs: 300_000,
  alertRepeatMs: 14_400_000,
  /** Alerts that one message names. */
  alertNamedMax: 20,
  /** Attempts to send a message, the pauses between them, and one attempt. */
  alertAttemptsMax: 8,
  alertBackoffMsMin: 15_000,
  alertBackoffMsMax: 1_800_000,
  alertSendMs: 10_000,
  alertRoundMax: 50,
  /** How long resolved alerts, sent messages and ended silences are kept. */
  alertKeptMs: 2_592_000_000,
  silenceMsMax: 2_592_000_000,
  silencesMax: 200,
  /** How far back the nightly verification of trails goes. */
  trailsVerifiedMs: 129_600_000,
  /** Things behind a number that are named, of each kind. */
  causesMax: 20,
  /** Codes in place of a lost second factor. */
  recoveryCodes: 10,
});
