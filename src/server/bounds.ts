/** Every bound of the HTTP door, by name. Units are the last word of the name. */
export const bounds = Object.freeze({
  /** One body. Lists of addresses to invite and files to apply are the largest. */
  bodyBytesMax: 2_097_152,
  /** Nesting and members of a body. */
  bodyDepthMax: 32,
  bodyValuesMax: 100_000,
  /** All headers of a request; a token has 16 KiB at most. */
  headerBytesMax: 32_768,
  /** Until the headers, and until the whole request has arrived. */
  headersMs: 10_000,
  requestMs: 30_000,
  /** A connection that waits for its next request. */
  keepAliveMs: 65_000,
  /** Until running requests are cut off when the server stops. */
  drainMs: 30_000,
  /** Arguments of one call by name, and how long a call may take to be refused with a status of its own. */
  callArgumentsMax: 8,
  refusalMs: 500,
  /** Between two signs of life of an answer that has nothing to tell. */
  beatMs: 15_000,
  /** Values of one path or query. */
  textCharsMax: 2_000,
  /** How long a browser may remember the answer to a preflight. */
  preflightSeconds: 600,
  /** Bytes of a streamed answer that wait for a slow reader. */
  streamBytesMax: 262_144,
});
