/**
 * What the core needs of a logger. pino's has this shape (`makeLog` in pino-log.ts makes one that takes secrets out);
 * the default says nothing and loads nothing.
 */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const nothing = (): void => {};

/** A logger that says nothing. */
export const silentLog: Log = Object.freeze({ debug: nothing, info: nothing, warn: nothing, error: nothing });
