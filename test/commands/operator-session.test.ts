/** An operator at work: a type that fails is found, explained, repaired and replayed, and the trail says who did it. */
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createDartwing } from '../../src/core/index.js';
import { temporaryFolder } from '../support/cli.js';
import { createTestDatabase, testOptions } from '../support/database.js';
import { operatorOf } from '../support/operator.js';

const database = await createTestDatabase();

const moduleText = (template: string) => `
export default ({ jobs }) => jobs.define('email.send', {
  description: 'Sends a mail',
  deduplicationMs: 0,
  handler: ({ to }) => {
    const text = { welcome: 'Hello' }['${template}'];
    if (text === undefined) throw Object.assign(new Error('no template ${template}'), { code: 'TEMPLATE_MISSING', permanent: true });
    return { to, text };
  },
});
`;

test('a failing type is found, explained, repaired and replayed, and the trail says who did it', {
  timeout: 60_000,
}, async () => {
  const dartwing = await createDartwing(testOptions(database));
  await dartwing.tenancy.create({ slug: 'acme', type: 'company', owner: 'ana@acme.test' });
  await dartwing.close();
  const folder = temporaryFolder();
  const jobs = join(folder, 'jobs.mjs');
  writeFileSync(join(folder, 'dartwing.yaml'), 'modules: ./jobs.mjs\norg: acme\n');
  writeFileSync(jobs, moduleText('welcom'));
  const operator = operatorOf(database);
  /** What the program prints, with what differs from run to run taken out. */
  const type = async (line: string, input = ''): Promise<string> => {
    const { stdout, stderr, code } = await operator.run(line, { cwd: folder, input });
    const said = `${stdout}${stderr.replace(/^\{.*\n/gm, '')}`.trimEnd();
    const plain = said
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
      .replaceAll(/JOB-\d{4}-\d{5}/g, '<job>')
      .replaceAll(/ORG-\d{4}-\d{5}/g, '<org>')
      .replaceAll(/ at .*jobs\.mjs.*$/gm, ' at <place>')
      .replaceAll(`by ${me()}`, 'by <me>')
      .replaceAll(new RegExp(`^${me()}\t`, 'gm'), '<me>\t');
    return `$ dartwing ${line.replace(/JOB-\S+/, '<job>')}\n${plain}\n→ ${code}`;
  };

  const session = [
    await type('job submit email.send --data-file -', '{ "to": "bo@acme.test" }'),
    await type('job submit email.send --data-file -', '{ "to": "cy@acme.test" }'),
    await type('worker --once'),
    await type('job stats --by type'),
    await type('dlq list'),
  ];
  const { stdout: sample } = await operator.run('dlq list --field sample', { cwd: folder });
  session.push(await type(`dlq show ${sample.trim()}`));
  writeFileSync(jobs, moduleText('welcome'));
  session.push(
    await type('dlq replay --all --type email.send --rate 50/s --reason "template name corrected"'),
    await type('worker --once'),
    await type('dlq list'),
    await type('audit query --action job.replay --columns actor,via,action,ref,reason'),
  );
  expect(session.join('\n\n')).toBe(transcript);
});

/** Who the operating system says is here. */
function me(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid:${process.getuid?.()}`;
  }
}

const exit = (completed: number, dead: number) =>
  `{"api_version":"dartwing/v1","kind":"WorkerExit","reason":"empty","completed":${completed},"failed":${dead},"released":0,"dead_letter":${dead}}`;

const transcript = `
$ dartwing job submit email.send --data-file -
<job> (email.send) is submitted for acme
Next: dartwing job watch <job>
→ 0

$ dartwing job submit email.send --data-file -
<job> (email.send) is submitted for acme
Next: dartwing job watch <job>
→ 0

$ dartwing worker --once
${exit(0, 2)}
→ 6

$ dartwing job stats --by type
email.send\t2\t2\t1
1 of 1 · dartwing dlq list
→ 0

$ dartwing dlq list
2\tTEMPLATE_MISSING\temail.send\tacme\t<time>\t<time>\t<job>\tno template welcom
1 of 1 · 2 dead letters; dartwing dlq show <sample>
→ 0

$ dartwing dlq show <job>
<job>  email.send
  Organization  acme (<org>)
  State         dead_letter
  Queue         default, priority normal, at most 300 s
  Attempts      1 of 4, replayed 0 times
  Submitted     <time> by <me>
  Error         TEMPLATE_MISSING (permanent): no template welcom
                at <place>
  History       <time>  pending  by <me>
                <time>  pending → queued
                <time>  queued → running  attempt 1
                <time>  running → dead_letter  attempt 1  no template welcom
Next: dartwing dlq replay <job>
      dartwing dlq replay <job> --data-file input.json   (with another input)
      dartwing dlq resolve <job> --note "…"
      dartwing dlq discard <job> --reason "…"
→ 0

$ dartwing dlq replay --all --type email.send --rate 50/s --reason "template name corrected"
2 replayed, 0 failed
Replaying dead letters: 0 of 2
Replaying dead letters: 1 of 2
Replaying dead letters: 2 of 2
→ 0

$ dartwing worker --once
${exit(2, 0)}
→ 0

$ dartwing dlq list
No dead letters.
→ 0

$ dartwing audit query --action job.replay --columns actor,via,action,ref,reason
<me>\tcli\tjob.replay\tBackground Job/<job>\ttemplate name corrected
<me>\tcli\tjob.replay\tBackground Job/<job>\ttemplate name corrected
2 of 2
→ 0`.trimStart();
