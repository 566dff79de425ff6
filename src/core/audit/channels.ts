/** Channels of the trail. They carry no data: every role may listen. */

/** Writers in other processes wake the sequencer. */
export const stagedChannel = 'dartwing_audit';
/** The sequencer tells readers that trails grew. */
export const sequencedChannel = 'dartwing_audit_sequenced';
