/** `/api/method/{dotted.path}`: one canonical name per method, and the names under which documents know it. */
import type { z } from 'zod';
import type { RouteKind } from '../../core/quota/index.js';
import { type Input, type Route, route } from '../route.js';

export interface MethodSpec<Params extends z.ZodObject> {
  /** `dartwing_core.get_org_members` */
  name: string;
  /** Other names that lead here; not in the reference. */
  aliases?: readonly string[];
  summary: string;
  params: Params;
  /** It changes something: then only POST. */
  writes?: boolean;
  counts?: RouteKind;
  run(
    asked: Omit<Input<unknown, unknown, unknown>, 'path' | 'query' | 'body'> & { given: z.output<Params> },
  ): Promise<unknown>;
}

export type Method = Omit<MethodSpec<z.ZodObject>, 'run'> & {
  // biome-ignore lint/suspicious/noExplicitAny: each method checks its own parameters before `run` sees them
  run(asked: any): Promise<unknown>;
};

/** Declares a method. */
export function method<Params extends z.ZodObject>(spec: MethodSpec<Params>): Method {
  return spec as unknown as Method;
}

/** The routes of methods: POST with a JSON body, and GET with a query where nothing is changed. */
export function methodRoutes(methods: readonly Method[]): Route[] {
  return methods.flatMap((spec) => [
    ...(spec.writes ? [] : [routeOf(spec, 'get', spec.name)]),
    routeOf(spec, 'post', spec.name),
  ]);
}

/** The same at the other names. */
export function aliasRoutes(methods: readonly Method[]): Route[] {
  return methods.flatMap((spec) =>
    (spec.aliases ?? []).flatMap((name) => methodRoutes([{ ...spec, name, aliases: [] }])),
  );
}

function routeOf(spec: Method, verb: 'get' | 'post', name: string): Route {
  const { summary, params, counts = 'general', run } = spec;
  const common = {
    method: verb,
    path: `/api/method/${name}`,
    id: `${verb === 'get' ? 'read' : 'call'}.${name}`,
    tag: 'Methods',
    summary,
    counts,
    kind: 'Message',
    shape: 'body' as const,
  };
  const answer = async (input: Input<unknown, unknown, unknown>, given: unknown) => ({
    body: { message: await run({ ...input, given }) },
  });
  return verb === 'get'
    ? route({ ...common, query: params, run: (input) => answer(input, input.query) })
    : route({ ...common, body: params, bodyOptional: true, run: (input) => answer(input, input.body) });
}
