import { maskSecret } from '../../core/config.js';
import type { VerbRun } from '../spec.js';
import { identityDocument } from './identity-document.js';
import { freshTokens } from './signed-in.js';
import { openTokenFile } from './token-file.js';

export const run: VerbRun = async (context) => {
  const file = openTokenFile(context);
  const tokens = await freshTokens(context, file);
  context.io.conceal([
    tokens.access_token,
    ...(tokens.refresh_token === undefined ? [] : [tokens.refresh_token]),
  ]);
  const { url } = context.config.values;
  const document = identityDocument(file.profile, url === undefined ? null : maskSecret(url), tokens);
  return {
    document,
    table: {
      columns: ['person', 'issuer', 'profile', 'url', 'roles.realm', 'expires_at'].map((path) => ({
        header: path.replace('roles.realm', 'roles').replace('_at', ''),
        path,
      })),
    },
  };
};
