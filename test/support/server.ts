/** Facts of the test server that its set-up and the tests share. */

/** Any 32 bytes: the roles' passwords of the test cluster follow from it. */
export const masterKey = Buffer.alloc(32, 'test').toString('base64');

export const templateName = 'dartwing_test_template';

/** The address of another database of the same server. */
export function addressOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}
