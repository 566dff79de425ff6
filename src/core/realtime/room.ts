/** The room as callers see it: events that programs publish, and the nodes of this process. */
import type { CallOptions } from '../access/index.js';
import type { JobEvent } from '../jobs/index.js';
import { ofJob } from './followers.js';
import { openGathering } from './gathering.js';
import { type NodeEars, type NodeParts, openNode, type RealtimeNode } from './node.js';
import { type Publication, publish } from './publish.js';
import { deleteStale } from './queries.js';

export interface Realtime {
  /**
   * Sends an event, or some in their order, to sockets of an organization (id or slug).
   * @throws PERMISSION_DENIED, VALIDATION_ERROR, ORGANIZATION_NOT_FOUND
   */
  publish(
    organization: string,
    publication: Publication | readonly Publication[],
    call?: CallOptions,
  ): Promise<void>;
  /** Serves sockets from this process. Closed with dartwing, or before. */
  node(ears: NodeEars): RealtimeNode;
  /** Deletes what waits although nobody listens; returns how much. */
  sweep(): Promise<number>;
}

export interface RealtimeRoom extends Realtime {
  /** A transaction of this process has committed. */
  kick(): void;
  /** Something happened to a job, in this process. */
  tellOfJob(event: JobEvent): void;
  close(): Promise<void>;
}

export function realtimeRoom(parts: NodeParts): RealtimeRoom {
  const { session, database, clock, log } = parts;
  const nodes = new Set<ReturnType<typeof openNode>>();
  const kick = () => {
    for (const node of nodes) node.kick();
  };
  const gathering = openGathering(
    (work) => database.asMachinery(work),
    kick,
    (error) => log.warn({ err: error }, 'realtime'),
    clock.monotonicMs,
  );
  return {
    publish: async (organization, publication, call) => {
      const id = await parts.idOf(organization);
      await session.runIn(id, call, (scope) => publish(scope, publication));
      kick();
    },
    node: (ears) => {
      const node = openNode(parts, ears);
      nodes.add(node);
      const close = async () => {
        if (nodes.delete(node)) await node.close();
      };
      return Object.freeze({ ...node, close });
    },
    sweep: () => database.asMachinery(deleteStale),
    kick,
    tellOfJob: (event) => gathering.add(() => ofJob(event, clock.now())),
    close: async () => {
      await gathering.close();
      for (const node of nodes) await node.close();
      nodes.clear();
    },
  };
}
