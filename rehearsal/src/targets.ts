import { join } from 'node:path';
import type { Cleanup } from './cleanup';
import type { Place } from './expectations';
import type { VmImage } from './image/image';
import { INTERNET, VPC } from './network/addresses';
import { addHost } from './network/host';
import type { Namespaces } from './network/namespaces';
import type { SshAnswer } from './network/probe';
import type { Party } from './network/topology';
import { startDaemon } from './services/daemon';
import { listening } from './services/listening';
import { PYTHON } from './services/python';

export interface TargetsOptions {
  readonly namespaces: Namespaces;
  readonly cleanup: Cleanup;
  /** Where their logs go. */
  readonly folder: string;
  readonly image: VmImage;
  /** Hosts that the lab has from the start, with the application. Default: the backends. */
  readonly backends?: readonly string[] | undefined;
}

/** The hosts behind and in front of the gateway, at the addresses that a stack's forwards name. Created on demand. */
export class Targets {
  readonly #o: TargetsOptions;
  readonly #parties = new Map<string, Promise<Party>>();
  readonly #served = new Set<string>();
  readonly #taken = new Set<string>();
  /** IPv4 addresses of the hosts that the forwards needed, in that order, apart from stranger and admin. */
  readonly used = new Set<string>();

  constructor(options: TargetsOptions) {
    this.#o = options;
    for (const party of ['stranger', 'admin'] as const)
      this.#parties.set(INTERNET[party].address, Promise.resolve(party));
    for (const address of options.backends ?? VPC.backends) {
      this.#parties.set(address, Promise.resolve(`backend-${address.split('.')[3]}` as Party));
      // The application runs on these from the start.
      this.#served.add(nameOf({ address, port: 8080, speaks: 'http' }));
      this.#served.add(nameOf({ address, port: 8443, speaks: 'https' }));
    }
  }

  /** The party at an IPv4 address, created if there is none. */
  party(address: string): Promise<Party> {
    this.#use(address);
    const there = this.#parties.get(address);
    if (there) return there;
    const made = addHost(this.#o.namespaces, this.#parties.size, address);
    this.#parties.set(address, made);
    return made;
  }

  /** Starts the application on all hosts except the gateway, unless it already runs there. */
  async serve(places: readonly Place[]): Promise<void> {
    const { namespaces, cleanup, folder, image } = this.#o;
    for (const place of places) {
      const { address, port, speaks } = place;
      if (address === undefined) continue;
      this.#use(address);
      if (this.#served.has(nameOf(place))) continue;
      this.#served.add(nameOf(place));
      const party = await this.party(address);
      const options = ['--listen', `${speaks}-${port}`, '--name', address, '--certificate', image.certificate];
      const command = [...namespaces.enter(party), PYTHON, image.application, ...options] as [string, ...string[]];
      startDaemon(`application on ${nameOf(place)}`, command, cleanup, { log: join(folder, `${party}.log`) });
      await listening(namespaces, party, [`*:${port}`], folder);
    }
  }

  /**
   * The same on the gateway itself, for later boots too. Ports on which a program of the team already listens are left
   * alone.
   * @param instanceId identifies the disk: a replacement starts with an empty one
   * @param ssh runs a command on the gateway
   * @throws Error if nobody can log in to the gateway
   */
  async serveOnGateway(
    places: readonly Place[],
    instanceId: string,
    ssh: (command: string) => Promise<SshAnswer>,
  ): Promise<void> {
    const key = (place: Place) => `${instanceId} ${nameOf(place)}`;
    const missing = places.filter(
      (place) => place.address === undefined && !inImage(place) && !this.#served.has(key(place)),
    );
    if (missing.length === 0) return;
    const commands = missing.map(({ port, speaks }) => {
      const flag = speaks === 'udp' ? '-Hlun' : '-Hltn';
      const start = `sudo systemctl enable --quiet --now application@${speaks}-${port}.service`;
      return `if ss ${flag} 'sport = :${port}' | grep -q .; then echo ${speaks}-${port}; else ${start}; fi`;
    });
    const { ok, stdout, error } = await ssh(commands.join('; '));
    if (!ok) throw new Error(`the application cannot be started on the gateway: ${error}`);
    const taken = stdout.split('\n');
    for (const place of missing) {
      this.#served.add(key(place));
      if (taken.includes(`${place.speaks}-${place.port}`)) this.#taken.add(nameOf(place));
    }
  }

  #use(address: string): void {
    const alwaysThere: readonly string[] = [INTERNET.stranger.address, INTERNET.admin.address];
    if (!alwaysThere.includes(address)) this.used.add(address);
  }

  /** Whether a program of the team answers there. If so, any answer counts. */
  isTaken(place: Place): boolean {
    return this.#taken.has(nameOf(place));
  }
}

/** The application that the image starts at boot. */
function inImage({ port, speaks }: Place): boolean {
  return (port === 8080 && speaks === 'http') || (port === 8443 && speaks === 'https');
}

/** A place as text, as `portway plan` prints it. */
export function nameOf({ address, port, speaks }: Place): string {
  return `${address === undefined ? 'the gateway' : address}:${port}${speaks === 'udp' ? ' (UDP)' : ''}`;
}
