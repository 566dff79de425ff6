/** What the tests use of Express, which brings no types. */
declare module 'express' {
  import type { Server } from 'node:http';

  interface App {
    use(...words: unknown[]): void;
    listen(port: number, host: string, ready: () => void): Server;
  }
  export default function express(): App;
}
