import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Confirm, readConfirm } from '../../../lib/forward/confirm';
import type { FleetReading } from '../../../lib/forward/fleet-reading';
import type { Forward } from '../../../lib/forward/forward';
import { type GatewaySettings, NO_SETTINGS } from '../../../lib/forward/gateway-settings';
import { Problems } from '../../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../../lib/forward/resolve';
import { firstBootFile } from '../../../lib/host/first-boot-script';
import { type HostContent, hostContent } from '../../../lib/host/host-content';
import type { HostFile } from '../../../lib/host/host-file';
import { OPERATING_SYSTEMS, type OperatingSystemId } from '../../../lib/host/operating-system';
import { carriedScript } from '../../support/carried';
import { ADDRESS, DEBIAN, Host, type HostOptions, type Result } from './host';

export const SIGNAL_PORT = 8000;
/** Where cloud-init writes user-data's part, and runs it. */
export const SCRIPT = '/var/lib/cloud/scripts/per-boot/portway.sh';

export interface Signal {
  readonly path: string;
  readonly status: number;
  readonly Status: string;
  readonly Reason: string;
  readonly UniqueId: string;
  readonly Data: { readonly content: string; readonly boot: string; readonly time: string };
  /** Bytes of the whole body. */
  readonly size: number;
}

export interface Deploy {
  readonly forwards: Readonly<Record<string, Forward>>;
  /** Default: IPv6, and nothing else. */
  readonly settings?: Partial<GatewaySettings>;
  /** The distribution to render for. Default: the hosts' Debian. */
  readonly os?: OperatingSystemId;
  /** Default: 1024. */
  readonly memoryMiB?: number;
  /** Hash of the content. Default: of the rendered files. */
  readonly content?: string;
  readonly firstBootScript?: string;
  /** Of live hosts. Default: none. */
  readonly drainSeconds?: number;
  /** Of live hosts. Default: nothing. */
  readonly confirm?: Confirm;
  /** Default: the host is in none. */
  readonly fleet?: FleetReading;
  /** Changes the host's content, for failures that synth would reject. */
  readonly alter?: (content: HostContent) => HostContent;
  readonly signalUrl?: string;
}

/** A test host that handles user-data like cloud-init, and a recorder behind the signal's URL. */
export class Gateway {
  private constructor(
    readonly host: Host,
    private readonly folder: string,
  ) {}

  static async start(options: HostOptions = {}): Promise<Gateway> {
    const gateway = new Gateway(await Host.start(options), await mkdtemp(join(tmpdir(), 'portway-signal-')));
    const recorder = ['python3', join(__dirname, 'signal.py'), `${SIGNAL_PORT}`, gateway.record];
    await gateway.host.serve('client', recorder);
    return gateway;
  }

  async stop(): Promise<void> {
    await this.host.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Boots the host with this content, which user-data carries here: most test hosts have no AWS to read it from. */
  async boot(deploy: Deploy): Promise<Result> {
    await this.host.write(SCRIPT, scriptOf(deploy), '0700');
    return this.reboot();
  }

  /** Runs what a reboot runs: the part that cloud-init wrote before. */
  reboot(): Promise<Result> {
    return this.host.run('gateway', [SCRIPT]);
  }

  /** Boots, and expects success. */
  async succeed(deploy: Deploy): Promise<void> {
    const result = await this.boot(deploy);
    if (result.code !== 0) throw new Error(`${result.stdout}${result.stderr}\n${await this.log()}`);
  }

  signals(): Promise<Signal[]> {
    return signalsIn(this.record);
  }

  log(): Promise<string> {
    return this.host.read('/var/log/portway/bootstrap.log');
  }

  private get record(): string {
    return join(this.folder, 'signals');
  }
}

/** What signal.py recorded in a file. */
export async function signalsIn(record: string): Promise<Signal[]> {
  const text = await readFile(record, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const { path, status, body } = JSON.parse(line);
      const signal = JSON.parse(body);
      return { path, status, ...signal, Data: JSON.parse(signal.Data), size: Buffer.byteLength(body) };
    });
}

export const SIGNAL_URL = `http://${ADDRESS.client.v4}:${SIGNAL_PORT}/arn%3Aaws%3Acloudformation/demo?X-Amz-Expires=86399&X-Amz-SignedHeaders=host`;

/** The content of a host after a deploy; with `live` also the programs for changes while it runs. */
export function contentOf(deploy: Deploy, live = false): HostContent {
  const firstBootScript: HostFile | undefined =
    deploy.firstBootScript === undefined ? undefined : firstBootFile(deploy.firstBootScript);
  const forwards = resolveForwardsOrThrow({ forwards: deploy.forwards }, deploy.fleet);
  const rendered = hostContent({
    forwards,
    settings: { ...NO_SETTINGS, ipv6: true, ...deploy.settings },
    os: OPERATING_SYSTEMS[deploy.os ?? DEBIAN],
    live,
    confirmed: readConfirm(deploy.confirm, forwards, new Problems()),
    ...(deploy.drainSeconds === undefined ? {} : { drainSeconds: deploy.drainSeconds }),
    inFleet: deploy.fleet !== undefined,
    ...(deploy.memoryMiB === undefined ? {} : { memoryMiB: deploy.memoryMiB }),
    ...(firstBootScript === undefined ? {} : { firstBootScript }),
  });
  return deploy.alter?.(rendered) ?? rendered;
}

/** The shell part of user-data, as cloud-init extracts it. */
export function scriptOf(deploy: Deploy): string {
  const { content = 'c1', signalUrl = SIGNAL_URL } = deploy;
  return carriedScript(contentOf(deploy), { content, signalUrl });
}

/** The shell part of a MIME text, as cloud-init extracts it. */
export function partOf(mime: string): string {
  const boundary = /boundary="([^"]+)"/.exec(mime)?.[1];
  const part = mime.split(`\n--${boundary}`)[1] ?? '';
  return part.slice(part.indexOf('\n\n') + 2);
}
