/** Rights that doctypes declare, for roles whose template says nothing of them. */
import type { DoctypeRights } from '../access/index.js';
import type { Registry } from './registry.js';

/** Rights by doctype for the two kinds of members. */
export function doctypeRights(registry: Registry): DoctypeRights[] {
  return registry
    .all()
    .flatMap(({ name, definition: { permissions } }) =>
      Object.keys(permissions).length === 0 ? [] : [{ doctype: name, ...permissions }],
    );
}
