import { reportAnswer } from '../report.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context) => {
  const dartwing = await context.open({ selfTest: 'version' });
  return reportAnswer(await dartwing.sync.checkDoctypes(), 'Doctypes');
};
