/** Every bound of the client, by name; units last. */
export const bounds = Object.freeze({
  /** Operations and bytes of one call; the server takes 500 and 8 MB. */
  batchOperations: 100,
  batchOperationsMax: 500,
  batchBytesMax: 1_048_576,
  /** Rows of one page; the server's largest. */
  pageRows: 500,
  /** Attempts of a call or an operation before the client gives up and tells. */
  attemptsMax: 5,
  backoffMsMin: 1_000,
  backoffMsMax: 60_000,
  /** Longest wait that a server may ask for. */
  retryAfterMsMax: 600_000,
  /** One call. */
  callMs: 30_000,
  /** Gathering of hints before a synchronization. */
  hintGatherMs: 50,
  /** Pages of one synchronization, for a server that never comes to an end. */
  pagesMax: 100_000,
  /** Full resyncs within one synchronization. */
  resyncsMax: 2,
  /** Deleted documents whose version is remembered, so that they can be brought back. */
  tombstonesMax: 10_000,
  /** A log file is written anew when it has grown to twice its size and by this much. */
  logSlackBytes: 1_048_576,
});
