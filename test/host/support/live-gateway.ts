import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problems } from '../../../lib/forward/problems';
import { PACKAGE, readAsset } from '../../../lib/host/assets';
import { LOADERS, renderLoader } from '../../../lib/host/content/loader';
import {
  partPlace,
  pointerName,
  pointerText,
  type StoredContent,
  storedContent,
} from '../../../lib/host/content/stored-content';
import type { HostContent } from '../../../lib/host/host-content';
import { Aws } from './aws';
import { certificatesRoot } from './certificates-root';
import { contentOf, type Deploy, partOf, SCRIPT, SIGNAL_PORT, SIGNAL_URL, type Signal, signalsIn } from './gateway';
import { Host, type Result, until } from './host';

export const PAUSES = /^PAUSES = .*$/m;
const STACK = 'Portway';
/** The same machine for all contents of a test. */
export const POINTER = pointerName(STACK, '0123456789abcdef');

export const INSTANCE = 'i-0123456789abcdef0';

/** What CloudFormation was told of a deploy. */
export interface Outcome {
  readonly Status: string;
  /** What the event shows. */
  readonly UniqueId: string;
}

/** A content as it is in Parameter Store. */
export interface Deployed {
  readonly content: string;
  /** Logical id of the condition that waits for it. */
  readonly condition: string;
  /** Values by name, the pointer's among them. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** A test host with live changes: booted by the loader, with the AWS services that it asks, and a recorder behind the boot's URL. */
export class LiveGateway {
  private constructor(
    readonly host: Host,
    readonly aws: Aws,
    private readonly folder: string,
    private readonly hasTag: boolean,
  ) {}

  /**
   * `isImpatient`: the loader does not wait for what may come a little later. `hasTag`: whether the instance has a tag
   * with its content, and shows it. `signalUrl`: where a boot is reported.
   */
  static async start({ isImpatient = false, hasTag = true, signalUrl = SIGNAL_URL } = {}): Promise<LiveGateway> {
    const host = await Host.start({ root: await certificatesRoot() });
    const folder = await mkdtemp(join(tmpdir(), 'portway-signal-'));
    const gateway = new LiveGateway(host, await Aws.near(host), folder, hasTag);
    await host.serve('client', ['python3', join(__dirname, 'signal.py'), `${SIGNAL_PORT}`, gateway.record]);
    await gateway.aws.serve();
    const [loader, fetch] = LOADERS.map(readAsset) as [string, string];
    const scripts = { loader, fetch: isImpatient ? fetch.replace(PAUSES, 'PAUSES = (0, 1, 2, 1)') : fetch };
    await host.write(SCRIPT, partOf(renderLoader({ pointer: POINTER, signalUrl, scripts })), '0700');
    await host.write('/sys/devices/virtual/dmi/id/board_asset_tag', `${INSTANCE}\n`);
    return gateway;
  }

  async stop(): Promise<void> {
    await this.host.stop();
    await this.aws.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** What CloudFormation does before it creates the instance. */
  async prepare(deploy: Deploy): Promise<Deployed> {
    const deployed = deployedOf(deploy);
    await this.publish(deployed);
    return deployed;
  }

  /** Parts and pointer, then the tag; then the condition waits. */
  async publish({ parameters, content, condition }: Deployed): Promise<void> {
    await this.aws.keep('progress', 'others');
    await this.aws.keep('parameters', parameters);
    if (this.hasTag) await this.aws.keep('tag', content);
    await this.aws.keep('progress', condition);
  }

  /**
   * Goes back to the content that runs, as CloudFormation does after a failed change. Waits until the host has seen its tag
   * again: if the failed content came again before, it would be no change.
   */
  async goBack(deployed: Deployed): Promise<void> {
    await this.publish(deployed);
    const failed = '/var/lib/portway/live-failed';
    await until('the host forgot what failed', async () => (await this.host.read(failed)) === '', 30);
  }

  /** Runs what cloud-init runs at each boot. */
  boot(): Promise<Result> {
    return this.host.run('gateway', [SCRIPT]);
  }

  /** The first boot with a content, up to both reports. */
  async create(deploy: Deploy): Promise<Deployed> {
    const deployed = await this.prepare(deploy);
    const result = await this.boot();
    if (result.code !== 0) throw new Error(`${result.stdout}${result.stderr}\n${await this.log()}`);
    await this.outcome();
    return deployed;
  }

  /** Changes the content of the running host, and waits for what it says. */
  async change(deploy: Deploy): Promise<Outcome> {
    return this.update(deployedOf(deploy));
  }

  async update(deployed: Deployed, seconds = 60): Promise<Outcome> {
    const before = (await this.aws.signals()).length;
    await this.publish(deployed);
    return this.outcome(before, seconds);
  }

  /** The signal after so many, as soon as it is there. Then the condition waits no more. */
  async outcome(before = 0, seconds = 60): Promise<Outcome> {
    const signals = () => this.aws.signals();
    await until('CloudFormation got a signal', async () => (await signals()).length > before, seconds).catch(
      async (error) => {
        throw new Error(`${error}\n${await this.log()}\n${await this.host.read('/var/log/portway-live')}`);
      },
    );
    await this.aws.keep('progress');
    const { Status = '', UniqueId = '' } = (await signals()).at(-1) ?? {};
    return { Status, UniqueId };
  }

  /** What was reported to the boot's URL. */
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

/** Content for Parameter Store. */
export function deployedOf({ alter = (content) => content, ...deploy }: Deploy): Deployed {
  const problems = new Problems();
  const live = storedContent(alter(contentOf(deploy, true)), problems);
  problems.throwIfAny();
  const condition = `GatewayLive${live.content.slice(0, 16)}`;
  return { content: live.content, condition, parameters: parametersOf(live, condition) };
}

/** Changes the text of one file. @throws Error when nothing is changed */
export function edited(content: HostContent, path: string, from: string | RegExp, to: string): HostContent {
  const files = content.files.map((file) =>
    file.path === path ? { ...file, text: file.text.replace(from, to) } : file,
  );
  if (files.every((file, i) => file.text === content.files[i]?.text)) throw new Error(`${path} has no ${from}`);
  return { ...content, files };
}

/** A host that does not wait for parameters that may come a little later. */
export function impatient(content: HostContent): HostContent {
  const path = `${PACKAGE}/deployed.py`;
  return edited(content, path, PAUSES, 'PAUSES = (0, 1, 2)');
}

function parametersOf(live: StoredContent, condition: string): Readonly<Record<string, string>> {
  const parts = live.parts.map(({ name, value }) => [`${partPlace(STACK)}/${name}`, value] as const);
  const pointer = pointerText(live, { live: { stack: STACK, condition }, attempt: 0 });
  return Object.fromEntries([...parts, [POINTER, pointer]]);
}
