import { describe, expect, test } from 'vitest';
import { approve } from '../../src/commands/approval.js';
import type { DangerousAct, GlobalFlags } from '../../src/commands/context.js';
import { createIo } from '../../src/commands/ui/io.js';

const io = createIo(process, { CI: '1' }, { output: 'table', quiet: true, verbose: false, input: false });

const severe: DangerousAct = { danger: 'severe', question: 'Delete org acme?', name: 'acme' };
const moderate: DangerousAct = { danger: 'moderate', question: 'Suspend org acme?', name: 'acme' };

function flags(more: Partial<GlobalFlags> = {}): GlobalFlags {
  return {
    output: 'table',
    quiet: false,
    verbose: false,
    debug: false,
    yes: false,
    input: true,
    dryRun: false,
    time: 'iso',
    ...more,
  };
}

describe('without a terminal', () => {
  test('a moderate act wants --yes', async () => {
    await expect(approve(io, flags(), moderate)).rejects.toMatchObject({
      code: 'CONFIRMATION_REQUIRED',
      fix: ['Add --yes'],
    });
    await expect(approve(io, flags({ yes: true }), moderate)).resolves.toBeUndefined();
  });

  test('a severe act wants the name, and --yes is not enough', async () => {
    const refusal = { code: 'CONFIRMATION_REQUIRED', fix: ['Add --confirm acme'] };
    await expect(approve(io, flags(), severe)).rejects.toMatchObject(refusal);
    await expect(approve(io, flags({ yes: true }), severe)).rejects.toMatchObject(refusal);
    await expect(approve(io, flags({ confirm: 'acme' }), severe)).resolves.toBeUndefined();
  });

  test.each(['Acme', 'acme ', 'acm', ''])(
    'the name is compared exactly: "%s" is refused',
    async (confirm) => {
      await expect(approve(io, flags({ confirm }), severe)).rejects.toMatchObject({
        code: 'CONFIRMATION_MISMATCH',
      });
      await expect(approve(io, flags({ confirm, yes: true }), moderate)).rejects.toMatchObject({
        code: 'CONFIRMATION_MISMATCH',
      });
    },
  );
});
