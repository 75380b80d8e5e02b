import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readFound } from '../../lib/operate/found';
import { readPromised } from '../../lib/operate/promised';
import { differences } from '../../lib/operate/verify';
import { BOOTSTRAP } from './aws/cdk';
import { ec2Client } from './aws/client';
import { contentOf, type Deployed, readDeployed } from './aws/deployed';
import { type Endpoint, startEndpoint, useEndpoint } from './aws/endpoint';
import { inventory } from './aws/inventory';
import type { DeployResult, Stage } from './case';
import type { Checks } from './checks';
import type { Cleanup } from './cleanup';
import { collectEvidence } from './evidence';
import { expectationsOf } from './expectations';
import { Balancer } from './fleet/balancer';
import { balancing, expectHealthy } from './fleet/first-boot';
import type { VmImage } from './image/image';
import { Instances } from './instances';
import { Lab } from './lab';
import { loginKey } from './login-key';
import type { EventRecord, GatewayRecord } from './report/record';
import type { Note } from './report/steps';
import type { Context, StackSource } from './stack-source';
import { BOOT_LIMIT, SharedStage } from './stage';
import { Targets } from './targets';

export interface GatewayRunOptions {
  readonly source: StackSource;
  /** Context values of every synth, as for `-c`. */
  readonly context: Context;
  /** The run's own folder: logs, disks, sockets. */
  readonly folder: string;
  /** Names the lab on this machine. */
  readonly id: string;
  readonly image: VmImage;
  readonly cleanup: Cleanup;
  readonly checks: Checks;
  /** An AWS endpoint of the user's. Default: the project's own is started. */
  readonly endpointUrl?: string | undefined;
  /** Whether its machines count their instructions. Default: false. */
  readonly counted?: boolean | undefined;
}

/** A step of a rehearsal. */
export interface Step {
  readonly title: string;
  run(note: Note): Promise<void>;
}

/** The life of one gateway or fleet around its cases: deployed by the real CLI and booted before them, destroyed after them. */
export class GatewayRun {
  readonly #o: GatewayRunOptions;
  #endpoint!: Endpoint;
  #before: string[] = [];
  #stage: SharedStage | undefined;
  #deploying: Promise<DeployResult> | undefined;
  #deployed: Deployed | undefined;
  #launched = 0;
  #targets: Targets | undefined;

  constructor(options: GatewayRunOptions) {
    this.#o = options;
  }

  /** The steps before the cases, in this order; each needs the earlier ones. */
  get firstSteps(): readonly Step[] {
    return [
      { title: 'start the AWS endpoint and the lab', run: () => this.#start() },
      { title: 'cdk deploy, until the instance is there', run: () => this.#startDeploy() },
      { title: 'first boot, until the host reports', run: (note) => this.#firstBoot(note) },
    ];
  }

  /** The steps after the cases, in any case: what the host can report, and what destroy leaves. */
  get lastSteps(): readonly Step[] {
    return [
      { title: 'collect logs and rules', run: () => this.#collect() },
      { title: 'cdk destroy', run: () => this.#destroy() },
    ];
  }

  /** What a case can use, under its name. */
  stageOf(name: string): Stage {
    return this.#there().as(name, this.#o.checks);
  }

  /** Why no further case can run here after a failed one; undefined if one can. */
  async unusable(takesAny = false): Promise<string | undefined> {
    const stage = this.#stage;
    if (stage === undefined || this.#deployed === undefined) return 'the gateway was never up';
    if (this.changed !== undefined && !takesAny) return this.changed;
    return stage.answered(60).then(
      () => undefined,
      (error: unknown) => `the gateway is not up any more: ${error instanceof Error ? error.message : error}`,
    );
  }

  /** In what the gateway differs from before the cases; undefined: nothing is known to differ. */
  get changed(): string | undefined {
    const {
      assembly: { version },
      source,
    } = this.#there();
    return version === source.versions[0] ? undefined : `version ${version} is deployed, not ${source.versions[0]}`;
  }

  /** The gateway, as far as it was built. A fleet is none. */
  get gateway(): GatewayRecord | undefined {
    if (this.#deployed === undefined || this.isFleet) return undefined;
    const { instanceId, instanceType, privateIp, publicIp, userData, securityGroups } = this.#deployed;
    return { instanceId, instanceType, privateIp, publicIp, userDataBytes: userData.length, securityGroups };
  }

  /** Known once it is synthesized. */
  get isFleet(): boolean {
    return this.#stage?.assembly.plan.fleet !== undefined;
  }

  /** Addresses of the lab's hosts that the stack's forwards name. */
  get hosts(): readonly string[] {
    return [...(this.#targets?.used ?? [])];
  }

  /** What the lab did. @param begin start of the rehearsal, in milliseconds */
  events(begin: number): readonly EventRecord[] {
    return (this.#stage?.instances.events ?? []).map(({ time, instanceId, what, detail }) => ({
      at: Math.round((time.getTime() - begin) / 100) / 10,
      instanceId,
      what,
      ...(detail === undefined ? {} : { detail }),
    }));
  }

  /** How to use the lab by hand while it is kept up. */
  get howToUse(): string {
    const stage = this.#stage;
    if (stage === undefined || this.#deployed === undefined) return 'the lab was not built';
    const { key, user, address } = stage;
    const as = (party: string) => stage.lab.namespaces.enter(party).join(' ');
    return [
      `  as stranger: sudo ${as('stranger')} curl -k https://${address}/`,
      `  as admin:    sudo ${as('admin')} ssh -i ${key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null ${user}@${address}`,
    ].join('\n');
  }

  async #start(): Promise<void> {
    const { folder, cleanup, endpointUrl, source, context, id, image, counted } = this.#o;
    await mkdir(folder, { recursive: true });
    const endpoint = endpointUrl === undefined ? await startEndpoint({ folder }) : useEndpoint(endpointUrl, folder);
    this.#endpoint = endpoint;
    cleanup.add(`AWS endpoint of ${id}`, () => endpoint.stop());
    const stage = new SharedStage({ source, context, folder, cleanup, endpoint, key: await loginKey(folder) });
    await stage.synth(source.versions[0]);
    if (source.bootstrap) await stage.cdk([...BOOTSTRAP, '--app', stage.assembly.folder]).finished;
    const { plan, stackName: stack } = stage.assembly;
    this.#before = await this.#inventory(plan.fleet !== undefined);
    const { signalSocket, apiSocket } = endpoint;
    const zones = plan.fleet?.zones;
    const lab = await Lab.start({ folder, cleanup, id, image, signalSocket, apiSocket, zones, counted });
    const onEvent = ({ what }: { what: string }) => {
      if (what === 'launched') this.#launched ||= Date.now();
    };
    const backends = zones === undefined ? undefined : [];
    const targets = new Targets({ namespaces: lab.namespaces, cleanup, folder, image, backends });
    this.#targets = targets;
    const instances = Instances.follow({ endpoint, stack, lab, cleanup, onEvent });
    const balancer = zones && (await Balancer.follow({ endpoint, stack, zones, lab, cleanup }));
    stage.enter({ lab, targets, instances, ...(balancer ? { balancer } : {}) });
    this.#stage = stage;
  }

  async #startDeploy(): Promise<void> {
    const { checks, folder } = this.#o;
    const stage = this.#there();
    const failure = new AbortController();
    this.#deploying = stage.deploySynthesized();
    this.#deploying.then(
      ({ ok, lines }) => ok || failure.abort(new Error(`cdk deploy failed:\n${lines.join('\n')}`)),
      (error: unknown) => failure.abort(error),
    );
    this.#deployed = await readDeployed(this.#endpoint, stage.assembly.stackName, { abort: failure.signal });
    const { userData, instanceId, privateIp } = this.#deployed;
    await writeFile(join(folder, 'user-data.txt'), userData);
    checks.passed(
      'deploy',
      `cdk deploy waits with an instance of ${userData.length} bytes of user-data`,
      `${instanceId} at ${privateIp}`,
    );
  }

  async #firstBoot(note: Note): Promise<void> {
    const { checks } = this.#o;
    const stage = this.#there();
    // The CLI waits for the wait condition, so it succeeds only through the host's own report.
    const { ok, lines } = (await this.#deploying) as DeployResult;
    if (!ok) throw new Error(`cdk deploy failed:\n${lines.join('\n')}`);
    const seconds = Math.round((Date.now() - this.#launched) / 1000);
    note(`${seconds} s`);
    this.#deployed = await stage.gateway();
    if (!this.isFleet) await this.#reported(stage, this.#deployed, seconds);
    else checks.passed('deploy', 'cdk deploy ended after the hosts reported', `${seconds} s after power-on`);
    for (const { what, reason } of expectationsOf(stage.assembly.plan).untried) checks.skipped('deploy', what, reason);
    // Another endpoint may not have waited for the report, so the machine may still be booting.
    const answered = await stage.answered(this.#endpoint.signalSocket === undefined ? BOOT_LIMIT : 120);
    checks.passed('deploy', 'the gateway forwards', `${answered} s after the address arrived`);
    const { fleet } = stage.assembly.plan;
    if (stage.balancer !== undefined && fleet !== undefined) await expectHealthy(checks, stage.balancer, fleet.min);
  }

  /** Checks of a single gateway: it reported this content by the condition, and has the address. */
  async #reported(stage: SharedStage, deployed: Deployed, seconds: number): Promise<void> {
    const { checks } = this.#o;
    const { outputs, associated, publicIp } = deployed;
    const content = contentOf(deployed);
    const reported = 'the host reported this very content';
    if (this.#endpoint.signalSocket === undefined)
      checks.skipped('deploy', reported, 'the endpoint given takes the signals itself');
    else
      checks.expect(
        'deploy',
        reported,
        (outputs.Report ?? '').includes(content),
        `Report: ${outputs.Report}; content: ${content}`,
      );
    const waits = 'cdk deploy ended after the host reported';
    const own = this.#endpoint.signalSocket !== undefined;
    if (!own && (await stage.answered(5).catch(() => undefined)) === undefined)
      checks.skipped('deploy', waits, `this endpoint did not wait: it ended ${seconds} s after power-on`);
    else checks.passed('deploy', waits, `${seconds} s after power-on`);
    await this.#asPromised(stage);
    checks.expect('deploy', 'the Elastic IP points at the instance', associated, `${publicIp} is not associated`);
    if (stage.noLogin !== undefined)
      checks.skipped('deploy', 'applications are started on the gateway where its forwards lead', stage.noLogin);
  }

  /** What the endpoint has, by name. Lists of what only fleets have are asked for where there may be some. */
  async #inventory(isFleet: boolean): Promise<string[]> {
    return [...(await inventory(this.#endpoint)), ...(isFleet ? await balancing(this.#endpoint) : [])];
  }

  /**
   * Checks that the endpoint (above all a user's) has what the template says. Otherwise the lab would run something
   * else.
   */
  async #asPromised({ assembly, source, endpoint }: SharedStage): Promise<void> {
    const lines: string[] = [];
    const client = ec2Client(endpoint);
    try {
      for (const promised of await readPromised(assembly.folder, source.stack))
        lines.push(...differences(promised, await readFound(promised, client)));
    } finally {
      client.destroy();
    }
    const what = 'EC2 has what synth promised: instance, user-data, security group';
    this.#o.checks.expect('deploy', what, lines.length === 0, lines.join('\n'));
  }

  async #collect(): Promise<void> {
    const stage = this.#stage;
    if (stage === undefined || this.#deployed === undefined) return;
    this.#deployed = await stage.gateway();
    if (!stage.vm().alive || stage.noLogin !== undefined) return;
    await collectEvidence((command) => stage.ssh(command), this.#o.folder);
  }

  async #destroy(): Promise<void> {
    const { checks, source } = this.#o;
    const stage = this.#stage;
    if (stage === undefined || this.#deploying === undefined) return;
    await stage.abandon();
    await stage.cdk(['destroy', source.stack, '--force', '--app', stage.assembly.folder]).finished;
    await stage.instances.settled();
    const running = stage.instances.ids.filter((id) => stage.vm(id).alive);
    checks.expect('destroy', 'no machine runs any more', running.length === 0, `running: ${running.join(', ')}`);
    const all = await this.#inventory(stage.balancer !== undefined);
    const left = all.filter((id) => !this.#before.includes(id));
    checks.expect(
      'destroy',
      'cdk destroy leaves nothing at the endpoint',
      left.length === 0,
      `left: ${left.join(', ')}`,
    );
  }

  #there(): SharedStage {
    if (this.#stage === undefined) throw new Error('the lab was not built');
    return this.#stage;
  }
}
