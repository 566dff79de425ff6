// Resolved from this folder, so that the program itself depends on none of them.
export * as bullmq from 'bullmq';
export * as graphile from 'graphile-worker';
export * as boss from 'pg-boss';
