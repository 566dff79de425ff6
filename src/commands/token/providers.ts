import { callOf } from '../call.js';
import type { ListDocument, VerbRun } from '../spec.js';
import { openWithProviders } from './answer.js';

export const run: VerbRun = async (context) => {
  const dartwing = await openWithProviders(context);
  const list = await dartwing.tokens.providers(callOf(context));
  return {
    list: list as unknown as ListDocument,
    table: {
      columns: [
        { header: 'name', path: 'name' },
        { header: 'title', path: 'title' },
        { header: 'category', path: 'category' },
        { header: 'tier', path: 'tier' },
        { header: 'flow', path: 'flow' },
        { header: 'device', path: 'device' },
        { header: 'settings', path: 'settings' },
        { header: 'configured', path: 'configured' },
      ],
    },
    footer: 'dartwing token connect <provider> --org <org>',
  };
};
