/** The routes as OpenAPI 3.1, made from the same schemas that check the input. */
import { Hono } from 'hono';
import { z } from 'zod';
import { errorCatalogue, errorKinds } from '../core/errors.js';
import { packageVersion } from '../core/package-root.js';
import { documentSchemas } from '../core/schemas/index.js';
import type { Env } from './exchange.js';
import type { Route } from './route.js';

type Json = Readonly<Record<string, unknown>>;

/** Serves the document and the page on which it can be read and tried. */
export function openApiRoutes(routes: readonly Route[]): Hono<Env> {
  const app = new Hono<Env>();
  let text: string | undefined;
  app.get('/openapi.json', (context) => {
    text ??= JSON.stringify(openApiDocument(routes));
    return context.body(text, 200, { 'content-type': 'application/json; charset=utf-8' });
  });
  return app;
}

/** The OpenAPI document of some routes. */
export function openApiDocument(routes: readonly Route[]): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = paths[route.path] ?? {};
    path[route.method] = operation(route);
    paths[route.path] = path;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'dartwing',
      version: packageVersion(),
      description:
        'Organizations, persons and what belongs to them. Every call proves who makes it; what is not yours does not exist for you.',
    },
    // Beside this document, wherever the host has put it.
    servers: [{ url: '.' }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: components(routes),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'Access token of the identity provider',
        },
        browser: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-dartwing',
          description: 'Session of a browser, begun by /v1/auth/login; `dartwing` without https',
        },
        key: { type: 'apiKey', in: 'header', name: 'Authorization', description: 'token <key>:<secret>' },
      },
    },
    security: [{ bearer: [] }, { key: [] }, { browser: [] }],
  };
}

/** What a document of some routes lacks: operations of routes, and schemas that it points at. None is as it should be. */
export function openApiGaps(document: Json, routes: readonly Route[]): string[] {
  const { paths = {}, components: parts = {} } = document as {
    paths?: Record<string, Record<string, unknown>>;
    components?: { schemas?: Record<string, unknown> };
  };
  const missing = routes
    .filter(({ path, method }) => paths[path]?.[method] === undefined)
    .map(({ path, method }) => `${method.toUpperCase()} ${path} is not described`);
  const refs = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g);
  const dangling = [...new Set([...refs].map(([, name]) => name!))]
    .filter((name) => parts.schemas?.[name] === undefined)
    .map((name) => `The schema ${name} is missing`);
  return [...missing, ...dangling];
}

function operation(route: Route): Json {
  const writes = route.method !== 'get' && route.access !== 'anyone';
  return {
    operationId: route.id,
    tags: [route.tag],
    summary: route.summary,
    ...(route.access === 'anyone' ? { security: [] } : {}),
    parameters: [
      ...pathParameters(route),
      ...(route.query === undefined ? [] : parametersOf(route.query, 'query')),
      ...(writes ? writeParameters : []),
    ],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: !(route.bodyOptional ?? false),
            content: { [bodyType(route)]: { schema: schemaOf(route.body) } },
          },
        }),
    responses: {
      ...success(route),
      default: {
        description: 'Refused; the code tells why',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

function success(route: Route): Record<string, Json> {
  if (route.shape === 'redirect') return { 303: { description: 'The browser goes on, with cookies' } };
  return {
    [String(route.status ?? 200)]: {
      description: 'What was asked for',
      content: { [mediaType(route)]: { schema: answerSchema(route) } },
    },
  };
}

function bodyType({ form }: Route): string {
  return form ? 'application/x-www-form-urlencoded' : 'application/json';
}

const writeParameters: readonly Json[] = [
  {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'Carry the call out once, however often it is made within a day',
    schema: { type: 'string', maxLength: 200 },
  },
  { name: 'X-Reason', in: 'header', description: 'Kept in the audit trail', schema: { type: 'string' } },
  { name: 'dry_run', in: 'query', description: 'Do everything and roll back', schema: { type: 'boolean' } },
];

function pathParameters({ path, params }: Route): Json[] {
  if (params !== undefined) return parametersOf(params, 'path');
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function parametersOf(schema: z.ZodObject, place: 'path' | 'query'): Json[] {
  const { properties = {}, required = [] } = schemaOf(schema) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...inner }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: inner,
  }));
}

/** What a caller writes; texts that stand for numbers or moments are shown as what they mean. */
function schemaOf(schema: z.ZodType): Json {
  const { $schema: _draft, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const meant = (zodSchema as unknown as z.ZodType).meta?.()?.openapi;
      if (meant === undefined) return;
      for (const key of Object.keys(jsonSchema)) if (key !== 'description') delete jsonSchema[key as 'type'];
      Object.assign(jsonSchema, meant);
    },
  });
  return rest;
}

function mediaType({ shape }: Route): string {
  return shape === 'lines' ? 'application/x-ndjson' : 'application/json';
}

function answerSchema({ shape, kind }: Route): Json {
  const inner =
    documentSchemas[kind] === undefined ? { type: 'object' } : { $ref: `#/components/schemas/${kind}` };
  if (shape === 'body' || shape === 'lines') return inner;
  if (shape === 'page')
    return {
      type: 'object',
      required: ['data'],
      properties: {
        data: { type: 'array', items: itemSchema(kind) },
        total_count: { type: 'integer' },
        limit: { type: 'integer' },
        offset: { type: 'integer' },
      },
    };
  return {
    type: 'object',
    required: ['data', 'meta'],
    properties: { data: { anyOf: [inner, { type: 'null' }] }, meta: { $ref: '#/components/schemas/Meta' } },
  };
}

/** Items of a page leave out what the page says once, so lists have a schema of their own. */
function itemSchema(kind: string): Json {
  return documentSchemas[`${kind}List`] === undefined
    ? { type: 'object' }
    : { $ref: `#/components/schemas/${kind}Item` };
}

function components(routes: readonly Route[]): Json {
  const schemas: Record<string, Json> = { Problem: problemSchema, Meta: metaSchema };
  for (const { kind, shape } of routes) {
    const single = documentSchemas[kind];
    if (shape !== 'page' && single !== undefined) schemas[kind] = outputOf(single);
    const list = documentSchemas[`${kind}List`];
    if (shape === 'page' && list !== undefined) {
      const { properties } = outputOf(list) as { properties: { items: { items: Json } } };
      schemas[`${kind}Item`] = properties.items.items;
    }
  }
  return schemas;
}

function outputOf(schema: z.ZodType): Json {
  const { $schema: _draft, ...rest } = z.toJSONSchema(schema, { unrepresentable: 'any' });
  return rest;
}

const problemSchema: Json = {
  type: 'object',
  required: ['error', 'request_id'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'details'],
      properties: {
        code: { type: 'string', enum: Object.keys(errorCatalogue) },
        message: { type: 'string' },
        why: { type: 'string' },
        details: {
          type: 'array',
          items: {
            type: 'object',
            required: ['field', 'message'],
            properties: { field: { type: 'string' }, message: { type: 'string' } },
          },
        },
      },
    },
    request_id: { type: 'string' },
  },
  description: `Statuses by kind: ${Object.entries(errorKinds)
    .map(([kind, { http }]) => `${kind} ${http}`)
    .join(', ')}`,
};

const metaSchema: Json = {
  type: 'object',
  properties: {
    doctype: { type: 'string' },
    permissions: {
      type: 'object',
      properties: { read: { type: 'boolean' }, write: { type: 'boolean' }, delete: { type: 'boolean' } },
    },
    op: { type: 'string', enum: ['create', 'update', 'delete', 'none'] },
    audit: { type: ['string', 'null'], description: 'Id of the audit entry' },
    dry_run: { type: 'boolean' },
    warnings: { type: 'array', items: { type: 'string' } },
  },
};
