/** Runs the sequencer for the life of a process. */
import { keepListening, type OpenListener } from '../db/index.js';
import { makeDoorbell } from '../doorbell.js';
import { limits } from '../limits.js';
import { auditBounds } from './bounds.js';
import { stagedChannel } from './channels.js';
import { type SequencingOptions, sequenceOnce } from './sequencer.js';

export interface SequencerOptions extends SequencingOptions {
  /** Opens a connection for LISTEN, so that other processes can ring too. Without it they are seen when polling. */
  readonly listen?: OpenListener;
  /** Told of every failure; the sequencer goes on after a pause. */
  readonly onFailure: (error: unknown) => void;
}

export interface Sequencer {
  /** There is something staged. Cheap, never throws; many rings become one round. */
  ring(): void;
  /** Ends after the round in progress. Staged entries stay for the next sequencer. */
  stop(): Promise<void>;
}

/** Starts sequencing: at each ring, and every `limits.auditPollMs` in case a ring was lost. */
export function startSequencer(options: SequencerOptions): Sequencer {
  const bell = makeDoorbell();
  const stopping = makeDoorbell();
  let stopped = false;
  const listening =
    options.listen &&
    keepListening({
      open: options.listen,
      channel: stagedChannel,
      pauseMs: auditBounds.listenBackoffMs,
      pauseMsMax: auditBounds.listenBackoffMsMax,
      onPayload: bell.ring,
      onConnected: bell.ring,
      onFailure: options.onFailure,
    });

  /** One round; tells how to go on. */
  async function round(): Promise<'more' | 'idle' | 'failed'> {
    try {
      const { entries, failed } = await sequenceOnce(options);
      for (const { error } of failed) options.onFailure(error);
      if (failed.length > 0) return 'failed';
      return entries > 0 ? 'more' : 'idle';
    } catch (error) {
      options.onFailure(error);
      return 'failed';
    }
  }

  async function run(): Promise<void> {
    while (!stopped) {
      const outcome = await round();
      if (stopped) return;
      if (outcome === 'idle') await bell.wait(limits.auditPollMs);
      // Not the bell: a busy writer would otherwise turn a broken database into a busy loop.
      if (outcome === 'failed') await stopping.wait(auditBounds.failurePauseMs);
    }
  }

  const running = run();
  return {
    ring: bell.ring,
    stop: async () => {
      stopped = true;
      bell.ring();
      stopping.ring();
      await Promise.all([running, listening?.close()]);
    },
  };
}
