import { describe, expect, it } from 'vitest';
import { readDocuments } from '../../src/core/apply/document.js';
import type { DartwingError } from '../../src/core/index.js';

const head = 'api_version: dartwing/v1\nkind: Org\nslug: acme\ntype: company\n';

const read = (text: string, name = 'org.yaml') => readDocuments([{ name, text }]);

/** What a text is refused with: `line:column path message` of each mistake. */
function mistakes(...texts: readonly string[]): string[] {
  try {
    readDocuments(texts.map((text, index) => ({ name: index === 0 ? 'org.yaml' : `${index}.yaml`, text })));
  } catch (thrown) {
    const { code, message, fields } = thrown as DartwingError;
    if (code !== 'APPLY_INVALID') return [`${code}: ${message}`];
    return fields.map(({ file, line, column, path, message: words }) => {
      expect(file).toBeDefined();
      return [`${line}:${column}`, path, words].filter((part) => part !== '').join(' ');
    });
  }
  throw new Error('nothing was refused');
}

describe('a mistake is told with its line and column', () => {
  it.each<[string, string, readonly (string | RegExp)[]]>([
    [
      'an unknown key, with the one that was meant',
      `${head}nmae: Acme\n`,
      ['5:1 nmae is not a key here, did you mean name?'],
    ],
    [
      'an unknown concrete key',
      `${head}company:\n  tax_idd: "1"\n`,
      ['6:3 company.tax_idd is not a key here, did you mean tax_id?'],
    ],
    [
      'a word that was meant for one that is missing',
      'api_version: dartwing/v1\nkind: Org\nslug: acme\ntyp: company\n',
      [/type is required$/, '4:1 typ is not a key here, did you mean type?'],
    ],
    ['a key of another type', `${head}family:\n  family_name: x\n`, ['5:1 family is not a key here']],
    [
      'an unknown key of a member',
      `${head}members:\n  - { email: a@b.test, roel: Owner }\n`,
      [/^6:\d+ members\[0\]\.role /, '6:24 members[0].roel is not a key here, did you mean role?'],
    ],
    ['a key twice', `${head}name: One\nname: Two\n`, ['6:1 Map keys must be unique']],
    [
      'a tab as indentation',
      `${head}company:\n\ttax_id: "1"\n`,
      [/^6:1 Tabs are not allowed as indentation/],
    ],
    ['a bracket that is not closed', `${head}members: [\n`, [/^\d+:\d+ .*flow/i]],
    ['a quote that is not closed', `${head}name: "Acme\n`, [/^\d+:\d+ .*quote/i]],
    ['no api version', 'kind: Org\nslug: acme\ntype: company\n', [/^1:1 api_version /]],
    ['a wrong api version', head.replace('v1', 'v2'), [/^1:1 api_version .*dartwing\/v1/]],
    ['no kind', head.replace('kind: Org\n', ''), ['1:1 kind kind is required']],
    [
      'an unknown kind',
      head.replace('Org', 'Organisation'),
      ['2:1 kind kind "Organisation" is not one that apply knows (Org)'],
    ],
    ['a kind that is a list', head.replace('Org', '[Org]'), ['2:1 kind kind has to be a text']],
    ['no type', head.replace('type: company\n', ''), ['1:1 type type is required']],
    [
      'an unknown type',
      head.replace('company', 'school'),
      [/^4:1 type "school" is not an organization type\. Allowed: family, company/],
    ],
    ['no slug', head.replace('slug: acme\n', ''), [/^1:1 slug /]],
    ['a slug in capitals', head.replace('acme', 'Acme'), ['3:1 slug "Acme" cannot be a slug']],
    ['a slug that is a number', head.replace('acme', '42'), [/^3:1 slug .*string/]],
    ['a blank name', `${head}name: "  "\n`, ['5:1 name must not be blank']],
    ['a name with NUL', `${head}name: "a\\0b"\n`, ['5:1 name holds a character that cannot be stored']],
    [
      'a name with half a character',
      `${head}name: "a\\ud800b"\n`,
      ['5:1 name holds a character that cannot be stored'],
    ],
    ['an unknown tier', `${head}tier: gold\n`, [/^5:1 tier .*free.*pro.*enterprise/]],
    ['a wrong region', `${head}region: mars-1\n`, [/^5:1 region is not a region such as us-east-1/]],
    ['a blank logo', `${head}logo: " "\n`, [/^5:1 logo /]],
    ['a truth in words', `${head}mfa_required: yes\n`, [/^5:1 mfa_required .*boolean/]],
    [
      'a limit that is too long',
      `${head}session_timeout_minutes: 601\n`,
      [/^5:1 session_timeout_minutes .*600/],
    ],
    [
      'an infinite percentage',
      `${head}company:\n  members_partners:\n    - { person: a@b.test, ownership_percent: .inf }\n`,
      [/^7:\d+ company\.members_partners\[0\]\.ownership_percent /],
    ],
    [
      'a percentage that is no number',
      `${head}company:\n  members_partners:\n    - { person: a@b.test, ownership_percent: .nan }\n`,
      [/^7:\d+ company\.members_partners\[0\]\.ownership_percent /],
    ],
    [
      'an end before its start',
      `${head}company:\n  officers:\n    - { person: a@b.test, title: CEO, start_date: "2026-02-01", end_date: "2026-01-01" }\n`,
      [/^7:\d+ company\.officers\[0\]\.end_date end_date is before start_date/],
    ],
    [
      'a day that does not exist',
      `${head}company:\n  formation_date: 2026-02-30\n`,
      [/^6:3 company\.formation_date /],
    ],
    ['a member without role', `${head}members:\n  - { email: a@b.test }\n`, [/^6:\d+ members\[0\]\.role /]],
    ['members as a mapping', `${head}members: { a@b.test: Owner }\n`, [/^5:1 members .*array/]],
    [
      'a member who is no address',
      `${head}members:\n  - { email: ana, role: Owner }\n`,
      ['6:7 members[0].email "ana" is not an e-mail address'],
    ],
    [
      'a member twice',
      `${head}members:\n  - { email: a@b.test, role: Owner }\n  - { role: Manager, email: A@B.test }\n`,
      ['7:22 members[1].email "a@b.test" is listed twice'],
    ],
    ['a list for a document', '- a\n- b\n', ['1:1 a document is a mapping with api_version, kind and slug']],
    ['a text for a document', 'hello\n', ['1:1 a document is a mapping with api_version, kind and slug']],
    ['a number as a key', `${head}1: x\n`, ['5:1 a key has to be a text']],
    ['null as a key', `${head}~: x\n`, ['5:1 a key has to be a text']],
    ['a mapping as a key', `${head}? { a: 1 }\n: x\n`, ['5:3 a key has to be a text']],
    ['a number as a key within', `${head}company:\n  7: x\n`, ['6:3 a key has to be a text']],
    ['__proto__', `${head}__proto__: { name: x }\n`, ['5:1 __proto__ is not a key here']],
    [
      '__proto__ within',
      `${head}company:\n  __proto__: { tax_id: x }\n`,
      ['6:3 company.__proto__ is not a key here'],
    ],
    ['constructor', `${head}constructor: x\n`, ['5:1 constructor is not a key here']],
    ['an anchor nobody set', `${head}name: *gone\n`, [/^1:1 Unresolved alias.*gone/]],
    ['a tag nobody knows', `${head}name: !secret x\n`, [/^5:7 Unresolved tag: !secret/]],
    [
      'many mistakes at once',
      `${head}nmae: x\ntier: gold\nmembers: 3\n`,
      [/^6:1 tier/, /^7:1 members/, /^5:1 nmae/],
    ],
  ])('%s', (_, text, expected) => {
    const found = mistakes(text);
    expect(found).toHaveLength(expected.length);
    for (const [index, words] of expected.entries()) {
      if (typeof words === 'string') expect(found[index]).toBe(words);
      else expect(found[index]).toMatch(words);
    }
  });

  it('a slug that two documents have, in one file or in two', () => {
    const second = head.replace('company', 'family');
    expect(mistakes(`${head}---\n${second}`)).toEqual([
      '8:1 slug "acme" is defined twice, first in org.yaml:3',
    ]);
    expect(mistakes(head, second)).toEqual(['3:1 slug "acme" is defined twice, first in org.yaml:3']);
  });

  it('every mistake of every file', () => {
    expect(mistakes(`${head}a: 1\n`, `${head}b: 2\n---\n${head}c: 3\n`)).toEqual([
      '5:1 a is not a key here',
      '5:1 b is not a key here',
      '11:1 c is not a key here',
    ]);
  });
});

describe('what would cost too much', () => {
  it('is refused: aliases that multiply', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (const [before, name] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg'])
      bomb.push(`${name}: &${name} [${Array(10).fill(`*${before}`).join(', ')}]`);
    expect(mistakes(`${head}${bomb.join('\n')}\n`)).toEqual([
      '1:1 Excessive alias count indicates a resource exhaustion attack',
    ]);
  });

  it('is refused: an alias of what holds it', () => {
    expect(mistakes(`${head}company: &me\n  tax_id: *me\n`).length).toBeGreaterThan(0);
  });

  it.each(['[', '{a: ', '- '])('is refused within seconds: nesting of %j', (opening) => {
    const started = performance.now();
    expect(
      mistakes(`${head}name: ${opening === '- ' ? '\n  ' : ''}${opening.repeat(50_000)}`).length,
    ).toBeGreaterThan(0);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('is refused: a file of more than a mebibyte', () => {
    expect(() => read(`${head}# ${'x'.repeat(1_048_576)}`)).toThrow(
      expect.objectContaining({
        code: 'APPLY_INVALID',
        fields: [{ path: '', message: 'is larger than 1048576 bytes', file: 'org.yaml' }],
      }) as Error,
    );
  });

  it('is refused: more than 1,000 documents', () => {
    const many = Array.from({ length: 1_001 }, (_, n) => head.replace('acme', `org-${n}`)).join('---\n');
    expect(() => read(many)).toThrow(
      expect.objectContaining({
        code: 'APPLY_INVALID',
        fields: [{ path: '', message: 'more than 1000 documents' }],
      }) as Error,
    );
  });

  it.each(['', '\n', '# nothing\n', '---\n---\n', '\uFEFF'])('is no document: %j', (text) => {
    expect(mistakes(text)).toEqual(['BAD_FILE: Cannot use org.yaml: it holds no document']);
  });
});

describe('what is accepted', () => {
  it('JSON, YAML with a byte order mark, and Windows line ends', () => {
    const wanted = [{ api_version: 'dartwing/v1', kind: 'Org', slug: 'acme', type: 'company', concrete: {} }];
    expect(
      read(JSON.stringify({ api_version: 'dartwing/v1', kind: 'Org', slug: 'acme', type: 'company' })),
    ).toEqual(wanted);
    expect(read(`\uFEFF${head}`)).toEqual(wanted);
    expect(read(head.replaceAll('\n', '\r\n'))).toEqual(wanted);
  });

  it('aliases within reason', () => {
    const text = `${head}company:\n  registered_address: &home Main Street 1\n  physical_address: *home\n`;
    expect(read(text)[0]!.concrete).toEqual({
      registered_address: 'Main Street 1',
      physical_address: 'Main Street 1',
    });
  });

  it('what show prints and nobody may set, and leaves it out', () => {
    const text = `${head}id: ORG-2026-00001\nversion: 7\ncreated_at: x\nmodified_at: y\nstatus: { state: active }\ncompany: { name: CO-00001 }\n`;
    expect(Object.keys(read(text)[0]!).sort()).toEqual(['api_version', 'concrete', 'kind', 'slug', 'type']);
    expect(read(text)[0]!.concrete).toEqual({});
  });

  it('club for an association of type Club', () => {
    expect(read(head.replace('company', 'club'))).toMatchObject([
      { type: 'association', concrete: { association_type: 'Club' } },
    ]);
  });

  it('many documents, in the order of their slugs', () => {
    const text = ['zeta', 'alpha', 'mu'].map((slug) => head.replace('acme', slug)).join('---\n');
    expect(read(text).map(({ slug }) => slug)).toEqual(['alpha', 'mu', 'zeta']);
  });

  it('members as they are kept', () => {
    expect(read(`${head}members: [{ email: " Ana@Acme.Test ", role: Owner }]\n`)[0]!.members).toEqual([
      { email: 'ana@acme.test', role: 'Owner' },
    ]);
  });
});
