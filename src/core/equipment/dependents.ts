/** What other rooms must not do while equipment depends on it; subscribers of their events. */
import { type DomainEvents, recordAct, type Scope } from '../access/index.js';
import { DartwingError } from '../errors.js';
import { countEquipment, insertCustody, reassignEquipment } from './queries.js';

/** Subscribes to `organization.dissolving` and `organization.purging`. @throws ORGANIZATION_HAS_DEPENDENTS */
export async function refuseEnd(
  scope: Scope,
  { organization }: DomainEvents['organization.dissolving' | 'organization.purging'],
): Promise<void> {
  const count = await countEquipment(scope.tx, organization.id);
  if (count === 0) return;
  throw new DartwingError('ORGANIZATION_HAS_DEPENDENTS', {
    slug: organization.slug,
    dependents: `${count} piece(s) of equipment`,
  });
}

/** Subscribes to `member.leaving`. @throws MEMBER_HAS_EQUIPMENT */
export async function refuseLeaving(
  scope: Scope,
  { organization, person, email }: DomainEvents['member.leaving'],
): Promise<void> {
  const count = await countEquipment(scope.tx, organization.id, person);
  if (count === 0) return;
  throw new DartwingError('MEMBER_HAS_EQUIPMENT', { person: email, organization: organization.slug, count });
}

/** Subscribes to `person.merging`: the winner has what the loser had, and the custody trail says how. */
export async function moveEquipment(
  scope: Scope,
  { winner, loser, moved }: DomainEvents['person.merging'],
): Promise<void> {
  const at = scope.clock.now();
  const pieces = await reassignEquipment(scope.tx, loser, winner, at);
  for (const { organization, id } of pieces) {
    await insertCustody(scope.tx, {
      organization,
      equipment: id,
      from_person: loser,
      to_person: winner,
      at,
      by: scope.principal.id,
      reason: 'persons merged',
    });
    await recordAct(
      scope,
      organization,
      'equipment.assign',
      { doctype: 'Equipment', name: id },
      { old: { assigned_to: loser }, new: { assigned_to: winner } },
    );
  }
  moved.equipment = (moved.equipment ?? 0) + pieces.length;
}
