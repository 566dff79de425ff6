import type { VerbRun } from '../spec.js';

export const run: VerbRun = async (context, { args }) => {
  const dartwing = await context.open({ selfTest: 'version' });
  const meta = await dartwing.documents.doctypes.show(String(args.doctype));
  const width = Math.max(...meta.fields.map(({ name }) => name.length));
  const fields = meta.fields.map(({ name, type, required, options }) => {
    const kind = Array.isArray(options)
      ? `${type}: ${options.join(', ')}`
      : options
        ? `${type} → ${options}`
        : type;
    return `  ${name.padEnd(width)}  ${kind}${required ? ', required' : ''}`;
  });
  const head = `${meta.doctype}, version ${meta.version} of ${meta.module}${meta.read_only ? ', only read' : ''}`;
  return {
    document: { ...meta },
    table: { columns: [], sentence: [head, meta.description, ...fields].join('\n') },
  };
};
