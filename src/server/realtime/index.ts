/** Sockets for realtime: see src/core/realtime for what travels, and sockets.ts for how clients get it. */
export { attachSockets, type SocketFacts, type SocketOptions, type Sockets } from './sockets.js';
