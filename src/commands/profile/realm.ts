/** The realm of Keycloak that comes with dartwing: printed for another place, or held against one that exists. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DartwingError } from '../../core/errors.js';
import { packageRoot } from '../../core/package-root.js';
import { readData } from '../data-file.js';
import { textFlag } from '../flag-values.js';
import { reportAnswer } from '../report.js';
import type { VerbRun } from '../spec.js';
import { checkRealm, type Realm } from './realm-check.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const shipped = readFileSync(
    join(packageRoot(), 'templates', 'keycloak', 'realm-dartwing-dev.json'),
    'utf8',
  );
  if (args.act === 'export') return { text: exported(shipped, flags), raw: true };
  const file = textFlag(flags, 'file');
  if (file === undefined)
    throw new DartwingError('INPUT_REQUIRED', {
      what: 'The realm',
      flag: '--file with what kc.sh export wrote',
    });
  const given = await readData(context, file);
  // Keycloak writes one realm, or a list of them.
  const [realm] = Array.isArray(given) ? given : [given];
  if (typeof realm !== 'object' || realm === null || typeof (realm as Realm).realm !== 'string')
    throw new DartwingError('BAD_FILE', { file, message: 'it holds no realm of Keycloak' });
  return reportAnswer(
    checkRealm(realm as Realm, JSON.parse(shipped) as Realm),
    `Realm ${(realm as Realm).realm}`,
  );
};

/** The addresses of the template stand for those of an installation. */
function exported(shipped: string, flags: Parameters<VerbRun>[1]['flags']): string {
  const name = textFlag(flags, 'name') ?? 'dartwing-dev';
  if (!/^[\w-]{1,60}$/.test(name))
    throw new DartwingError('VALIDATION_ERROR', { message: '--name is of letters, digits, - and _' });
  const app = originOf('app', textFlag(flags, 'app')) ?? 'https://app.dartwing.io';
  const api = originOf('api', textFlag(flags, 'api')) ?? 'https://api.dartwing.io';
  const text = shipped.replaceAll('https://app.dartwing.io', app).replaceAll('https://api.dartwing.io', api);
  const realm = { ...(JSON.parse(text) as Realm), realm: name, displayName: name };
  return `${JSON.stringify(realm, null, 2)}\n`;
}

function originOf(flag: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const isOrigin =
    URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).pathname === '/';
  if (isOrigin) return new URL(text).origin;
  throw new DartwingError('VALIDATION_ERROR', {
    message: `--${flag} is no origin such as https://${flag}.acme.test`,
  });
}
