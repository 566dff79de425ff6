/** Another process: reads as a member in a loop, and tells on stdout when each read began and how it ended. */
import { createDartwing } from '../../src/core/index.js';
import { masterKey } from '../support/server.js';

const [url = '', organization = '', person = ''] = process.argv.slice(2);
const dartwing = await createDartwing({ url, masterKey, background: false });
const call = { principal: { type: 'person' as const, id: person } };
let goesOn = true;
process.on('message', () => {
  goesOn = false;
});
process.send?.('ready');
while (goesOn) {
  const began = process.hrtime.bigint().toString();
  const read = await dartwing.tenancy.show(organization, call).then(
    () => true,
    () => false,
  );
  process.send?.({ began, ended: process.hrtime.bigint().toString(), read });
}
await dartwing.close();
process.disconnect();
