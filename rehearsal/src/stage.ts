import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import { ask } from './ask';
import { CdkError, type CdkRun, cdk } from './aws/cdk';
import { type Deployed, readDeployed } from './aws/deployed';
import type { Endpoint } from './aws/endpoint';
import type { DeployResult, Hold, Stage, Watch } from './case';
import type { Checks } from './checks';
import type { Cleanup } from './cleanup';
import { expectationsOf, openPorts, type Question, visitorOf } from './expectations';
import type { Balancer } from './fleet/balancer';
import { fleetStage } from './fleet/stage';
import type { Instances } from './instances';
import type { Lab } from './lab';
import { machineDied } from './machine-died';
import { INTERNET } from './network/addresses';
import type { SshAnswer } from './network/probe';
import { type Assembly, assemble, type Context, type StackSource } from './stack-source';
import { nameOf, type Targets } from './targets';
import type { Vm } from './vm/qemu';
import { hold, watch } from './watch';

/** The account to log in with on Debian's image. */
const USER = 'admin';
/** The longest time from boot until the application answers, in seconds: emulated CPUs on a busy machine are slow. */
export const BOOT_LIMIT = 420;

export interface SharedStageOptions {
  readonly source: StackSource;
  /** Context values of every synth, as for `-c`. */
  readonly context: Context;
  readonly folder: string;
  readonly cleanup: Cleanup;
  readonly endpoint: Endpoint;
  /** File of the admin's private key. */
  readonly key: string;
}

/** The lab, once it is built. */
export interface Surroundings {
  readonly lab: Lab;
  readonly instances: Instances;
  readonly targets: Targets;
  /** Of a fleet alone. */
  readonly balancer?: Balancer | undefined;
}

/** One gateway's stage, which its cases share. */
export class SharedStage {
  readonly #o: SharedStageOptions;
  /** What was synthesized last, and what is deployed: that of the last successful deploy. */
  #next: Assembly | undefined;
  #deployed: Assembly | undefined;
  #lab: Surroundings | undefined;
  #address = '';
  #hasKey = false;
  #diffs = 0;
  #deploying: CdkRun | undefined;

  constructor(options: SharedStageOptions) {
    this.#o = options;
  }

  get source(): StackSource {
    return this.#o.source;
  }

  /** What is deployed, also after a rollback. Before the first deploy: what will be deployed. */
  get assembly(): Assembly {
    const assembly = this.#deployed ?? this.#next;
    if (assembly === undefined) throw new Error('nothing is synthesized yet');
    return assembly;
  }

  get instances(): Instances {
    return this.#inLab().instances;
  }

  get lab(): Lab {
    return this.#inLab().lab;
  }

  get targets(): Targets {
    return this.#inLab().targets;
  }

  get balancer(): Balancer | undefined {
    return this.#inLab().balancer;
  }

  get endpoint(): Endpoint {
    return this.#o.endpoint;
  }

  get folder(): string {
    return this.#o.folder;
  }

  get key(): string {
    return this.#o.key;
  }

  get user(): string {
    return USER;
  }

  get address(): string {
    return this.#address;
  }

  /** From now on there are machines. */
  enter(surroundings: Surroundings): void {
    this.#lab = surroundings;
  }

  /** A case's own view. */
  as(phase: string, checks: Checks): Stage {
    const shared = this;
    return {
      checks,
      phase,
      endpoint: this.endpoint,
      lab: this.lab,
      instances: this.instances,
      targets: this.targets,
      folder: this.folder,
      address: this.#address,
      versions: this.source.versions,
      get plan() {
        return shared.assembly.plan;
      },
      get noLogin() {
        return shared.noLogin;
      },
      get fleet() {
        const { balancer, endpoint, assembly } = shared;
        if (balancer === undefined) throw new Error('a gateway is rehearsed, which is no fleet');
        return fleetStage(balancer, { endpoint, stack: assembly.stackName }, (id, command, seconds) =>
          shared.sshTo(id, command, seconds),
        );
      },
      gateway: () => this.gateway(),
      vm: (instanceId) => this.vm(instanceId),
      ssh: (command, seconds) => this.ssh(command, seconds),
      deploy: (version, context) => this.deploy(version, context),
      diff: (version) => this.diff(version),
      answered: (limit) => this.answered(limit),
      watch: (url, rate) => this.watch(url, rate),
      hold: (port, address) => this.hold(port, address),
    };
  }

  async gateway(): Promise<Deployed> {
    const { endpoint, folder } = this.#o;
    const outputsFile = join(folder, 'outputs.json');
    const deployed = await readDeployed(endpoint, this.assembly.stackName, { outputsFile });
    this.#address = deployed.publicIp;
    this.#hasKey = sameKey(deployed.publicKey, await this.#publicKey());
    return deployed;
  }

  /** Why the admin cannot log in. Undefined: the admin can. */
  get noLogin(): string | undefined {
    const { plan } = this.assembly;
    const { address } = INTERNET.admin;
    if (!openPorts(plan, expectationsOf(plan), address, true).may.includes(22))
      return `adminCidr of the stack does not hold ${address}, which the rehearsal gives as -c adminCidr`;
    return this.#hasKey ? undefined : 'the instance has not the key that the rehearsal gives as -c sshPublicKey';
  }

  vm(instanceId?: string): Vm {
    return this.instances.vm(instanceId);
  }

  /** The host's key is remembered by instance: a replaced instance has another key, the same instance never has. */
  ssh(command: string, seconds?: number): Promise<SshAnswer> {
    return this.sshTo(this.vm().name, command, seconds);
  }

  /** Its own address: of a gateway the fixed one; the fixed ones of a fleet lead to no shell. */
  sshTo(instanceId: string, command: string, seconds = 30): Promise<SshAnswer> {
    const address = this.balancer === undefined ? this.#address : this.lab.publicIpOf(instanceId);
    return this.lab.probe.ssh('admin', address, this.#o.key, command, { user: USER, seconds, host: instanceId });
  }

  /** Synthesizes a version. Its next deploy uses the result. */
  async synth(version: string, context: Context = {}): Promise<void> {
    this.#next = await this.#assemble(version, context, 'cdk.out');
  }

  async deploy(version: string, context: Context = {}): Promise<DeployResult> {
    await this.synth(version, context);
    return this.deploySynthesized();
  }

  /** Deploys what was synthesized last with the real CLI, and waits for its end. */
  async deploySynthesized(): Promise<DeployResult> {
    const { source, folder } = this.#o;
    const next = this.#next ?? this.assembly;
    // The targets exist before the gateway does, as a team's would.
    const { questions } = expectationsOf(next.plan);
    await this.targets.serve(questions.flatMap(({ places }) => places));
    const begin = Date.now();
    const run = this.cdk([
      ...['deploy', source.stack, '--method=direct', '--require-approval', 'never', '--app', next.folder],
      ...['--outputs-file', join(folder, 'outputs.json')],
    ]);
    this.#deploying = run;
    const watching = new AbortController();
    try {
      await Promise.race([run.finished, this.instances.failed, machineDied(this.instances, watching.signal)]);
      this.#deployed = next;
      const seconds = since(begin);
      await this.instances.settled();
      await this.gateway();
      await this.#serveOnGateway();
      return { ok: true, seconds, lines: [] };
    } catch (error) {
      if (!(error instanceof CdkError)) {
        await this.abandon();
        throw error;
      }
      await this.instances.settled();
      return { ok: false, seconds: since(begin), lines: error.lines };
    } finally {
      watching.abort();
    }
  }

  /** Ends a deploy that is still running, since it would lock the stack. */
  async abandon(): Promise<void> {
    await this.#deploying?.kill();
  }

  async diff(version: string): Promise<string> {
    const { folder, source } = this.#o;
    const { folder: app } = await this.#assemble(version, {}, 'diff.out');
    const log = join(folder, `diff-${++this.#diffs}.log`);
    // The CLI prints both the diff and its progress to standard error. The log has both.
    await this.cdk(['diff', source.stack, '--method=template', '--app', app], log).finished;
    return readFile(log, 'utf8');
  }

  /** Starts what the forwards lead to on the gateway itself, unless it is in its image. */
  async #serveOnGateway(): Promise<void> {
    if (this.noLogin !== undefined) return;
    const { questions } = expectationsOf(this.assembly.plan);
    const places = questions.flatMap((question) => question.places);
    await pRetry(() => this.targets.serveOnGateway(places, this.vm().name, (command) => this.ssh(command, 60)), {
      retries: 20,
      minTimeout: 2000,
      factor: 1,
    });
  }

  async answered(limit = BOOT_LIMIT): Promise<number> {
    const { plan } = this.assembly;
    const { questions } = expectationsOf(plan);
    // Port 80 if there is one: it answers first, and needs no TLS on an emulated processor.
    const forStranger = questions.filter(({ forward }) => visitorOf(plan, forward) === 'stranger');
    const first = forStranger.find(({ port }) => port === 80) ?? forStranger[0] ?? questions[0];
    if (first === undefined) throw new Error('the stack has no forward that the lab can try: see what is skipped');
    const begin = Date.now();
    await this.#answers(first, begin + limit * 1000);
    // The host has booted only when each of its own applications answers; some start later than others.
    const behind = ({ places, speech }: Question) =>
      speech === 'udp' ? [] : places.filter(({ address }) => address === undefined).map(nameOf);
    const up = new Set(behind(first));
    for (const question of this.noLogin === undefined ? forStranger : []) {
      if (behind(question).every((place) => up.has(place))) continue;
      await this.#answers(question, begin + limit * 1000);
      for (const place of behind(question)) up.add(place);
    }
    return Math.round((Date.now() - begin) / 1000);
  }

  /** Waits until a forward answers. @throws Error if it does not by a time in milliseconds */
  async #answers(question: Question, end: number): Promise<void> {
    const visitor = visitorOf(this.assembly.plan, question.forward) ?? 'stranger';
    const party = typeof visitor === 'string' ? visitor : await this.targets.party(visitor.address);
    const options = { probe: this.lab.probe, party, address: this.#address, seconds: 3 };
    for (;;) {
      const answer = await ask(question, options);
      if (answer.status > 0 && answer.status < 500) return;
      if (Date.now() > end)
        throw new Error(`no answer on port ${question.port} in time (${answer.text}): see ${this.vm().console}`);
      await sleep(500);
    }
  }

  watch(url = `http://${this.#address}/`, rate = 20): Watch {
    const { folder, cleanup } = this.#o;
    return watch({ namespaces: this.lab.namespaces, cleanup, folder, party: 'stranger', url, rate });
  }

  hold(port: number, address = this.#address): Hold {
    const { folder, cleanup } = this.#o;
    return hold({ namespaces: this.lab.namespaces, cleanup, folder, party: 'stranger', address, port });
  }

  /** Runs the real CLI until it ends or the rehearsal does. Its log is `cdk.log`, unless another one is given. */
  cdk(args: readonly string[], log = join(this.#o.folder, 'cdk.log')): CdkRun {
    const { cleanup, endpoint } = this.#o;
    if (cleanup.started) throw new Error(`the rehearsal is being ended, no cdk ${args[0]} is started`);
    const run = cdk(args, { endpoint, log });
    // Otherwise, after Ctrl-C a synth would go on alone, and a deploy would wait a quarter of an hour for its host.
    const ended = cleanup.add(`cdk ${args[0]} of ${this.#o.source.stack}`, () => run.kill());
    void run.finished.catch(() => undefined).finally(ended);
    return run;
  }

  async #assemble(version: string, context: Context, name: string): Promise<Assembly> {
    const { source, folder } = this.#o;
    const own = { adminCidr: `${INTERNET.admin.address}/32`, sshPublicKey: await this.#publicKey() };
    return assemble(source, {
      version,
      context: { ...own, ...this.#o.context, ...context },
      folder: join(folder, name),
      cdk: (args) => this.cdk(args),
    });
  }

  async #publicKey(): Promise<string> {
    return (await readFile(`${this.#o.key}.pub`, 'utf8')).trim();
  }

  #inLab() {
    if (this.#lab === undefined) throw new Error('the lab was not built');
    return this.#lab;
  }
}

/** Compares type and key; the comment does not matter. */
function sameKey(a: string | undefined, b: string): boolean {
  const words = (text = '') => text.split(' ').slice(0, 2).join(' ');
  return words(a) === words(b);
}

function since(begin: number): number {
  return Math.round((Date.now() - begin) / 100) / 10;
}
