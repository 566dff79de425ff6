import { expect, it } from 'vitest';
import { documentSchemas } from '../../src/core/schemas/index.js';
import { openApiDocument, openApiGaps } from '../../src/server/index.js';
import { allRoutes } from '../../src/server/routes/index.js';
import { openWorld } from './world.js';

const world = openWorld();
const document = openApiDocument(allRoutes) as {
  paths: Record<
    string,
    Record<string, { operationId: string; security?: unknown[]; parameters: { name: string; in: string }[] }>
  >;
  components: { schemas: Record<string, unknown> };
};
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
);

it('T-D6 holds every route that answers, and none that does not', async () => {
  expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
    allRoutes.map(({ method, path }) => `${method} ${path}`).sort(),
  );
  // The router itself is asked: what a route is declared as, it answers to, and signing in is asked for first, but
  // where it says that nobody has to.
  for (const { method, path, security } of operations) {
    const at = path.replaceAll(/\{\w+\}/g, 'x');
    const request = new Request(`http://dartwing.test${at}`, { method: method.toUpperCase() });
    const response = await world.server.fetch(request);
    if (security === undefined) expect([method, path, response.status]).toEqual([method, path, 401]);
    else expect([401, 404, 405], `${method} ${path}`).not.toContain(response.status);
  }
});

it('is what the server says of itself', async () => {
  const { body } = await world.nobody.get('/openapi.json');
  expect(body).toEqual(JSON.parse(JSON.stringify(document)));
});

it('names every operation once and every parameter of every path', () => {
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { path, parameters } of operations) {
    const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(parameters.filter(({ in: place }) => place === 'path').map(({ name }) => name)).toEqual(wanted);
  }
});

it('lacks nothing, and says what it lacks', () => {
  expect(openApiGaps(document, allRoutes)).toEqual([]);
  const { [operations[0]!.path]: _left, ...paths } = document.paths;
  const { Org: _out, ...schemas } = document.components.schemas;
  const gaps = openApiGaps(
    { ...document, paths, components: { ...document.components, schemas } },
    allRoutes,
  );
  expect(gaps).toContain(`${operations[0]!.method.toUpperCase()} ${operations[0]!.path} is not described`);
  expect(gaps.at(-1)).toBe('The schema Org is missing');
});

it('promises documents that the answers are', async () => {
  await world.ana.post('/v1/organizations/acme/equipment', { equipment_name: 'Crane' });
  const { body: made } = await world.ana.post('/v1/organizations/acme/api-keys', {
    name: 'till',
    environment: 'production',
    permissions: ['Equipment:read'],
  });
  const answers: [string, string][] = [
    ['/v1/organizations', 'OrgList'],
    ['/v1/organizations/acme', 'Org'],
    ['/v1/organizations/acme/links', 'OrganizationLinks'],
    ['/v1/organizations/acme/members', 'MemberList'],
    ['/v1/organizations/acme/members/ana@acme.test', 'Member'],
    ['/v1/organizations/acme/equipment', 'EquipmentList'],
    ['/v1/organizations/acme/equipment/custodians', 'CustodianList'],
    ['/v1/organizations/acme/invitations', 'InviteList'],
    ['/v1/organizations/acme/api-keys', 'ApiKeyList'],
    [`/v1/organizations/acme/api-keys/${made.data.id}`, 'ApiKey'],
    [`/v1/organizations/acme/api-keys/${made.data.id}/usage`, 'ApiKeyUsage'],
    ['/v1/organizations/acme/audit', 'AuditEntryList'],
    ['/v1/organizations/acme/audit/verification', 'Report'],
    ['/v1/persons/me', 'Person'],
    ['/v1/persons/me/organizations', 'PersonOrganizationList'],
    ['/v1/persons/me/equipment', 'EquipmentList'],
    ['/v1/roles', 'RoleList'],
    ['/v1/roles/Owner', 'Role'],
  ];
  for (const [path, kind] of answers) {
    const { status, body } = await world.ana.get(path);
    expect([path, status]).toEqual([path, 200]);
    const { data, ...page } = body;
    const whole = kind.endsWith('List')
      ? { api_version: 'dartwing/v1', kind, items: data, total_count: data.length, ...page }
      : data;
    expect(documentSchemas[kind]!.safeParse(whole).error?.issues ?? [], path).toEqual([]);
  }
});
