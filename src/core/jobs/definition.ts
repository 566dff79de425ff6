/** Job types: what a program declares of the work it can do. */
import { z } from 'zod';
import { DartwingError, nearest } from '../errors.js';
import { parseInput } from '../input.js';
import { limits } from '../limits.js';
import type { JobContext } from './context.js';
import type { Priority } from './priority.js';
import { priorities } from './priority.js';

/** Queue classes (requirements §12.6). */
export const queueNames = ['critical', 'default', 'bulk'] as const;
export type QueueName = (typeof queueNames)[number];

/** A job type as a program defines it. Times in milliseconds. */
export interface JobDefinition<Schema extends z.ZodType = z.ZodType> {
  /** Default `default`. */
  queue?: QueueName | undefined;
  /** What the input must be; checked when it is submitted and again when it runs. */
  input?: Schema | undefined;
  /** Does the work. What it returns is kept as the output. Exactly one of `handler` and `module`. */
  handler?: ((input: z.output<Schema>, job: JobContext) => unknown) | undefined;
  /**
   * Address of a module whose default export does the work in a thread of its own, for work that would keep this
   * process from everything else. It has no database; at its time-out the thread is ended.
   */
  module?: string | URL | undefined;
  description?: string | undefined;
  priority?: Priority | undefined;
  /** Default: that of the queue. */
  timeoutMs?: number | undefined;
  /** Pauses between attempts; their number is the number of retries. Default: those of the queue. */
  delaysMs?: readonly number[] | undefined;
  /** Equal submissions within this time are refused while the first has not ended. Default 5 minutes; 0 allows them. */
  deduplicationMs?: number | undefined;
  /** Submissions per organization: at most `count` at once, and as many again over `windowMs`. */
  rate?: { count: number; windowMs?: number | undefined } | undefined;
  /** What whoever submits must be allowed, as `<doctype>:<action>`, then and when it runs. */
  permission?: string | undefined;
  isEnabled?: boolean | undefined;
}

/** The part of a definition that other processes read. */
export interface StoredType {
  name: string;
  queue: QueueName;
  description: string;
  priority: Priority;
  timeout_ms: number | null;
  delays_ms: number[] | null;
  deduplication_ms: number;
  rate: { count: number; window_ms: number } | null;
  permission: string | null;
  is_enabled: boolean;
}

const ms = z.int().min(1).max(limits.jobTimeoutMsMax);

const definitionSchema = z.strictObject({
  queue: z.enum(queueNames).default('default'),
  description: z.string().max(1_000).default(''),
  priority: z.enum(priorities).default('normal'),
  timeoutMs: ms.optional(),
  delaysMs: z.array(z.int().min(0).max(limits.jobDelayMsMax)).max(limits.jobRetriesMax).optional(),
  deduplicationMs: z.int().min(0).max(86_400_000).default(limits.jobDeduplicationMs),
  rate: z
    .strictObject({
      count: z.int().min(1).max(10_000),
      windowMs: z.int().min(1_000).max(86_400_000).default(60_000),
    })
    .optional(),
  permission: z
    .string()
    .regex(/^[A-Z][A-Za-z ]{0,60}:[a-z]+$/, 'is written <doctype>:<action>')
    .optional(),
  isEnabled: z.boolean().default(true),
});

/** A type with what does its work. */
export interface RegisteredType {
  stored: StoredType;
  input: z.ZodType | undefined;
  handler: ((input: never, job: JobContext) => unknown) | undefined;
  module: string | undefined;
}

export interface Registry {
  define<Schema extends z.ZodType>(name: string, definition: JobDefinition<Schema>): void;
  find(name: string): RegisteredType | undefined;
  all(): readonly RegisteredType[];
}

/** Types of this process, by name. */
export function jobRegistry(): Registry {
  const types = new Map<string, RegisteredType>();
  return {
    define: (name, { input, handler, module, ...rest }) => {
      if (!/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/.test(name) || name.length > limits.nameCharsMax)
        throw invalid(`The job type "${name.slice(0, 80)}" is not written like report.monthly`);
      if (types.has(name)) throw invalid(`The job type "${name}" is defined twice`);
      if ((handler === undefined) === (module === undefined))
        throw invalid(`The job type "${name}" has either a handler or a module`);
      types.set(name, {
        stored: storedType(name, parseInput(definitionSchema, withoutUndefined(rest))),
        input,
        handler: handler as RegisteredType['handler'],
        module: module === undefined ? undefined : String(module),
      });
    },
    find: (name) => types.get(name),
    all: () => [...types.values()],
  };
}

function storedType(name: string, parsed: z.output<typeof definitionSchema>): StoredType {
  const { rate } = parsed;
  return {
    name,
    queue: parsed.queue,
    description: parsed.description,
    priority: parsed.priority,
    timeout_ms: parsed.timeoutMs ?? null,
    delays_ms: parsed.delaysMs ?? null,
    deduplication_ms: parsed.deduplicationMs,
    rate: rate === undefined ? null : { count: rate.count, window_ms: rate.windowMs },
    permission: parsed.permission ?? null,
    is_enabled: parsed.isEnabled,
  };
}

/** @throws JOB_TYPE_UNKNOWN with the nearest name */
export function unknownType(name: string, known: Iterable<string>): DartwingError {
  const near = nearest(name, known);
  return new DartwingError('JOB_TYPE_UNKNOWN', {
    type: name.slice(0, 80),
    suggestion: near === undefined ? '' : `Did you mean ${near}?`,
  });
}

function invalid(message: string): DartwingError {
  return new DartwingError('VALIDATION_ERROR', { message });
}

function withoutUndefined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
