import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

export interface Opened {
  /** The name that the client connected to. */
  readonly name: string;
  /** The path and the query of its request. */
  readonly url: URL;
}

export interface TunnelServiceOptions {
  readonly key: string;
  readonly cert: string;
  /** What a tunnel leads to: a command with its words. Undefined: the request is refused. */
  readonly leadsTo: (opened: Opened) => readonly string[] | undefined;
}

/** RFC 6455, section 1.3. */
const WEBSOCKET = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const BINARY = 2;
const CLOSE = 8;
const NORMAL = Buffer.from([0x03, 0xe8]);

/**
 * A stand-in for EC2 Instance Connect Endpoints: WebSockets over TLS, whose binary frames carry the bytes of a connection. It is an
 * HTTP proxy too, so that clients reach it under AWS's names.
 */
export class TunnelService {
  readonly opened: Opened[] = [];
  private readonly children: ChildProcess[] = [];
  private constructor(private readonly proxy: Server) {}

  static async start({ key, cert, leadsTo }: TunnelServiceOptions): Promise<TunnelService> {
    const tls = createTlsServer({ key, cert });
    const proxy = createServer();
    const service = new TunnelService(proxy);
    proxy.on('connect', (_: IncomingMessage, socket: Duplex) => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      tls.emit('connection', socket);
    });
    tls.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      const name = request.headers.host ?? '';
      const opened = { name, url: new URL(request.url ?? '', `https://${name}`) };
      service.opened.push(opened);
      const command = leadsTo(opened);
      if (command === undefined) socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
      else service.children.push(carry(request, socket, command));
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    return service;
  }

  get proxyUrl(): string {
    return `http://127.0.0.1:${(this.proxy.address() as AddressInfo).port}`;
  }

  stop(): void {
    for (const child of this.children) child.kill();
    this.proxy.close();
    this.proxy.closeAllConnections();
  }
}

function carry(request: IncomingMessage, socket: Duplex, [program = '', ...words]: readonly string[]): ChildProcess {
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${WEBSOCKET}`).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => undefined);
  child.stdout.on('data', (data: Buffer) => socket.write(frame(BINARY, data)));
  child.on('close', () => socket.end(frame(CLOSE, NORMAL)));
  let rest = Buffer.alloc(0);
  socket.on('data', (data: Buffer) => {
    rest = Buffer.concat([rest, data]);
    for (let next = readFrame(rest); next !== undefined; next = readFrame(rest)) {
      rest = rest.subarray(next.size);
      if (next.opcode === CLOSE) child.stdin.end();
      else child.stdin.write(next.payload);
    }
  });
  socket.on('error', () => child.stdin.end());
  socket.on('close', () => child.stdin.end());
  return child;
}

/** A frame of a server: one message, not masked. RFC 6455, section 5.2. */
function frame(opcode: number, payload: Buffer): Buffer {
  const size = payload.length;
  const head = Buffer.alloc(size < 126 ? 2 : size < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  if (head.length === 2) head[1] = size;
  else if (head.length === 4) {
    head[1] = 126;
    head.writeUInt16BE(size, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(size), 2);
  }
  return Buffer.concat([head, payload]);
}

/** The first frame of a client, whose payload is masked. Undefined: it is not all there yet. */
function readFrame(data: Buffer): { opcode: number; payload: Buffer; size: number } | undefined {
  if (data.length < 2) return undefined;
  const [first = 0, second = 0] = data;
  const short = second & 0x7f;
  const start = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (data.length < start + 4) return undefined;
  const length = short === 126 ? data.readUInt16BE(2) : short === 127 ? Number(data.readBigUInt64BE(2)) : short;
  const size = start + 4 + length;
  if (data.length < size) return undefined;
  const mask = data.subarray(start, start + 4);
  const payload = Buffer.from(data.subarray(start + 4, size));
  for (let i = 0; i < length; i++) payload[i] = (payload[i] as number) ^ (mask[i & 3] as number);
  return { opcode: first & 0x0f, payload, size };
}
