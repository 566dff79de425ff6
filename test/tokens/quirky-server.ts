/** A provider of our own on loopback that answers as a test says, with peculiarities that standard ones have not. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ProviderInput } from '../../src/core/tokens/index.js';
import { atEnd } from '../support/ending.js';

export interface QuirkyRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** The body as a form. */
  form: URLSearchParams;
}

export interface QuirkyServer {
  host: string;
  /** Requests in order. */
  requests: QuirkyRequest[];
  /** How it answers from now on. */
  answer: (request: QuirkyRequest, response: ServerResponse) => void | Promise<void>;
  entry(more?: Partial<ProviderInput>): ProviderInput;
}

export async function openQuirkyServer(): Promise<QuirkyServer> {
  const quirky: QuirkyServer = {
    host: '',
    requests: [],
    answer: (_, response) => json(response, 404, {}),
    entry: (more = {}) => ({
      title: 'Quirky',
      category: 'automation',
      tier: 'free',
      auth: 'oauth2',
      authorize_url: `http://${quirky.host}/authorize`,
      token_url: `http://${quirky.host}/token`,
      scopes: ['read'],
      refresh: { rotates: 'always' },
      hosts: [quirky.host],
      docs: 'https://provider.test/docs',
      ...more,
    }),
  };
  const server = createServer((request, response) => {
    void text(request).then(async (body) => {
      const asked = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body,
        form: new URLSearchParams(body),
      };
      quirky.requests.push(asked);
      await quirky.answer(asked, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  quirky.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  atEnd(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return quirky;
}

export function json(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** A grant with refresh tokens of which each works once; a second use of one ends all. */
export function rotatingTokens({ expiresIn = 3600 as number | undefined, marker = 'marker' } = {}) {
  let serial = 0;
  let current = '';
  let isOver = false;
  const issue = () => {
    serial += 1;
    current = `${marker}-refresh-${serial}`;
    return {
      access_token: `${marker}-access-${serial}`,
      token_type: 'Bearer',
      refresh_token: current,
      ...(expiresIn === undefined ? {} : { expires_in: expiresIn }),
    };
  };
  return {
    /** How many were issued. */
    issued: () => serial,
    isOver: () => isOver,
    answer: ({ form }: QuirkyRequest, response: ServerResponse): void => {
      if (form.get('grant_type') === 'refresh_token') {
        if (isOver || form.get('refresh_token') !== current) {
          isOver = true;
          json(response, 400, { error: 'invalid_grant' });
          return;
        }
      }
      json(response, 200, issue());
    },
  };
}
