import { type AuditProof, checkProof } from '../../auditor/check-proof.js';
import { readData } from '../data-file.js';
import { textsFlag } from '../flag-values.js';
import { findingsAnswer } from '../report.js';
import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args, flags }) => {
  const pinned = textsFlag(flags, 'verifier');
  const proof = ((await readData(context, String(args.file))) ?? {}) as AuditProof;
  const findings = checkProof(proof, pinned).map((what) => ({
    id: 'audit.proof',
    severity: 'fail' as const,
    what,
    fix: 'Ask for the proof again; if it still does not hold, the trail or its checkpoint was changed',
  }));
  const whose = pinned.length > 0 ? '' : `, if this is their verifier key: ${proof.verifier}`;
  const sentence = `Entry ${proof.seq} of ${proof.organization} stands in the trail that was signed${whose}`;
  const pass = findings.length === 0 ? 1 : 0;
  return findingsAnswer('audit.proof', { findings, pass }, findings.length > 0, sentence);
};
