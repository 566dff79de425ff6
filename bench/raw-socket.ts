/** A client of Socket.IO that costs next to nothing: the protocol's frames over a bare connection, counted and not parsed. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawSocket {
  /** Events that arrived. */
  readonly events: number;
  send(packet: string): void;
  /** Resolves when a message that was sent with this number is answered. */
  acknowledged(number: number): Promise<void>;
  /** Resolves when so many events have arrived. */
  reached(count: number): Promise<void>;
  end(): void;
}

/** Connects and enters the main namespace. */
export async function rawSocket(url: string, headers: Readonly<Record<string, string>>): Promise<RawSocket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.setNoDelay(true);
  const lines = Object.entries({
    Host: `${hostname}:${port}`,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${lines.join('')}\r\n`);
  const state = { events: 0, wanted: 0, arrived: () => {} };
  const answers = new Map<string, () => void>();
  let isIn = (): void => {};
  const entered = new Promise<void>((resolve) => {
    isIn = resolve;
  });
  follow(socket, (packet) => {
    if (packet.startsWith('0')) write(socket, '40');
    else if (packet.startsWith('40')) isIn();
    else if (packet === '2') write(socket, '3');
    else if (packet.startsWith('43')) answers.get(packet.slice(2, packet.indexOf('[')))?.();
    else if (packet.startsWith('42')) {
      state.events += 1;
      if (state.events >= state.wanted) state.arrived();
    }
  });
  await entered;
  return {
    get events() {
      return state.events;
    },
    acknowledged: (number) => new Promise((resolve) => answers.set(`${number}`, resolve)),
    send: (packet) => write(socket, packet),
    reached: (count) =>
      new Promise((resolve) => {
        state.wanted = count;
        state.arrived = resolve;
        if (state.events >= count) resolve();
      }),
    end: () => socket.destroy(),
  };
}

/** Hands on the text of each frame; frames of a server carry no mask. */
function follow(socket: Socket, onPacket: (packet: string) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  let isOpen = false;
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (!isOpen) {
      const end = rest.indexOf('\r\n\r\n');
      if (end < 0) return;
      isOpen = true;
      rest = rest.subarray(end + 4);
    }
    for (;;) {
      if (rest.length < 2) return;
      const short = rest[1]! & 0x7f;
      const at = short === 126 ? 4 : 2;
      if (rest.length < at) return;
      const length = short === 126 ? rest.readUInt16BE(2) : short;
      if (rest.length < at + length) return;
      onPacket(rest.toString('latin1', at, at + length));
      rest = rest.subarray(at + length);
    }
  });
}

/** Sends a short text; frames of a client are masked, here by zeros. */
function write(socket: Socket, packet: string): void {
  const text = Buffer.from(packet);
  const head =
    text.length < 126 ? [0x81, 0x80 | text.length] : [0x81, 0xfe, text.length >> 8, text.length & 0xff];
  socket.write(Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), text]));
}
