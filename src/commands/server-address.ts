/** Addresses of `--url`: a server, or a database. */

/** Whether an address is that of a server. */
export function isServer(url: string | undefined): url is string {
  return url !== undefined && /^https?:/.test(url);
}
