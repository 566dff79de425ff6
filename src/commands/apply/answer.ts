/** How a plan looks. */
import type { Plan } from '../../core/index.js';
import type { Document } from '../spec.js';
import type { Io } from '../ui/io.js';

const signs = { create: '+', update: '~', delete: '-', none: '=' } as const;

/** Whether carrying the plan out would change anything. */
export function changesSomething({ summary }: Plan): boolean {
  return summary.create + summary.update + summary.delete > 0;
}

/** The plan as a document. */
export function planDocument(plan: Plan): Document {
  return { ...plan };
}

/** The plan for a person: a line for each action, one for each change of a field. */
export function planText(io: Io, plan: Plan): string {
  const { green, yellow, red, dim } = io.out.palette;
  const paint = { create: green, update: yellow, delete: red, none: dim };
  const lines = plan.actions.flatMap(({ op, ref, diff }) => [
    paint[op](`${signs[op]} ${ref}`),
    ...(op === 'none'
      ? []
      : diff.map(
          ({ path, from, to }) => `    ${path}: ${op === 'create' ? '' : `${shown(from)} → `}${shown(to)}`,
        )),
  ]);
  const { create, update, delete: removed, none } = plan.summary;
  return [...lines, `${create} to create, ${update} to update, ${removed} to delete, ${none} unchanged`].join(
    '\n',
  );
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}
