import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context) => {
  const dartwing = await context.open({ selfTest: 'version' });
  const found = await dartwing.compliance.frameworks();
  const items = found.items.map((item) => ({ ...item, controls_count: item.controls.length }));
  return {
    list: { ...found, items },
    table: {
      columns: [
        { header: 'framework', path: 'framework' },
        { header: 'title', path: 'title' },
        { header: 'authority', path: 'authority' },
        { header: 'controls', path: 'controls_count', align: 'right' },
        { header: 'regions', path: 'regions' },
      ],
    },
  };
};
