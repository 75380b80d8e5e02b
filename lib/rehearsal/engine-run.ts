import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../forward/forward';
import { BOOTSTRAP, type CdkRun, cdk } from './aws/cdk';
import { type Deployed, readDeployed } from './aws/deployed';
import { type Endpoint, startEndpoint, useEndpoint } from './aws/endpoint';
import { inventory } from './aws/inventory';
import type { Checks } from './checks';
import type { Cleanup } from './cleanup';
import { collectEvidence } from './evidence';
import type { VmImage } from './image/image';
import { Lab } from './lab';
import { labInstance } from './lab-instance';
import { loginKey } from './login-key';
import { INTERNET } from './network/addresses';
import type { GatewayRecord } from './report/record';
import type { Note } from './report/steps';
import { scansLine } from './report/text';
import { checkAdmin, checkPublic, type Traffic, untilAnswered } from './traffic-checks';
import type { Vm } from './vm/qemu';

/** The stack that bin/app.ts ships, and the account that Debian's image logs in. */
const STACK = 'Portway';
const USER = 'admin';
/** Longest time for a boot until the application answers, in seconds: emulated CPUs on a busy machine are slow. */
const BOOT_LIMIT = 420;

export interface EngineRunOptions {
  readonly engine: Engine;
  /** This engine's own folder: logs, disks, sockets. */
  readonly folder: string;
  /** Names the lab on this machine. */
  readonly id: string;
  readonly image: VmImage;
  readonly cleanup: Cleanup;
  readonly checks: Checks;
  /** An AWS endpoint of the user's. Default: the project's own is started. */
  readonly endpointUrl?: string | undefined;
}

/** A step of the rehearsal. */
export interface Step {
  readonly title: string;
  run(note: Note): Promise<void>;
}

/** The life of the shipped stack with one engine: deployed by the real CLI, booted, used, rebooted, and destroyed. */
export class EngineRun {
  readonly #o: EngineRunOptions;
  #endpoint!: Endpoint;
  #before: string[] = [];
  #deploy!: CdkRun;
  #deployed!: Deployed;
  #key = '';
  #lab!: Lab;
  #vm!: Vm;
  #bootId = '';

  constructor(options: EngineRunOptions) {
    this.#o = options;
  }

  /** In this order; each needs the ones before it. */
  get steps(): readonly Step[] {
    return [
      { title: 'start the AWS endpoint and bootstrap it', run: () => this.#start() },
      { title: 'cdk deploy, until the instance is there', run: () => this.#startDeploy() },
      { title: 'first boot, until the host reports', run: (note) => this.#firstBoot(note) },
      { title: 'look at it from outside and inside', run: (note) => this.#look('first boot', note) },
      { title: 'reboot, and look again', run: (note) => this.#bootAgain('reboot', () => this.#vm.reboot(), note) },
      {
        title: 'power off, start, and look again',
        run: (note) => this.#bootAgain('power-off and start', () => this.#powerCycle(), note),
      },
    ];
  }

  /** After the steps, in any case: what the host can tell, and what destroy leaves. */
  get lastSteps(): readonly Step[] {
    return [
      { title: 'collect logs and rules', run: () => this.#collect() },
      { title: 'cdk destroy', run: () => this.#destroy() },
    ];
  }

  /** The gateway, as far as it got. */
  get gateway(): GatewayRecord | undefined {
    if (this.#deployed === undefined) return undefined;
    const { instanceId, instanceType, privateIp, publicIp, userData, securityGroups } = this.#deployed;
    return { instanceId, instanceType, privateIp, publicIp, userDataBytes: userData.length, securityGroups };
  }

  /** How to use the lab by hand while it is kept up. */
  get howToUse(): string {
    if (this.#lab === undefined || this.#deployed === undefined) return `${this.#o.engine}: the lab was not built`;
    const as = (party: string) => this.#lab.namespaces.enter(party).join(' ');
    const address = this.#deployed.publicIp;
    return [
      `${this.#o.engine}:`,
      `  as stranger: sudo ${as('stranger')} curl -k https://${address}/`,
      `  as admin:    sudo ${as('admin')} ssh -i ${this.#key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null ${USER}@${address}`,
    ].join('\n');
  }

  async #start(): Promise<void> {
    const { folder, cleanup, endpointUrl } = this.#o;
    await mkdir(folder, { recursive: true });
    this.#endpoint = endpointUrl === undefined ? await startEndpoint({ folder }) : useEndpoint(endpointUrl, folder);
    cleanup.add(`AWS endpoint of ${this.#o.id}`, () => this.#endpoint.stop());
    this.#key = await loginKey(folder);
    // Once: every further call takes the assembly as it is.
    await this.#cdk(['synth', STACK, '--quiet', ...(await this.#context())], false).finished;
    await this.#cdk([...BOOTSTRAP]).finished;
    this.#before = await inventory(this.#endpoint);
  }

  async #startDeploy(): Promise<void> {
    const { engine, folder } = this.#o;
    this.#deploy = this.#cdk([
      ...['deploy', STACK, '--method=direct', '--require-approval', 'never'],
      ...['--outputs-file', join(folder, 'outputs.json')],
    ]);
    // Ctrl-C before the host reported: the CLI would wait for a quarter of an hour.
    this.#o.cleanup.add(`cdk deploy of ${this.#o.id}`, () => this.#deploy.kill());
    const failure = new AbortController();
    this.#deploy.finished.catch((error: unknown) => failure.abort(error));
    this.#deployed = await readDeployed(this.#endpoint, STACK, { abort: failure.signal });
    this.#o.checks.passed(
      'deploy',
      `cdk deploy (${engine}) waits with an instance of ${this.#deployed.userData.length} bytes of user-data`,
      `${this.#deployed.instanceId} at ${this.#deployed.privateIp}`,
    );
  }

  async #firstBoot(note: Note): Promise<void> {
    const { folder, cleanup, id, image, checks } = this.#o;
    await writeFile(join(folder, 'user-data.txt'), this.#deployed.userData);
    this.#lab = await Lab.start({ folder, cleanup, id, image, signalSocket: this.#endpoint.signalSocket });
    this.#vm = await this.#lab.launch(labInstance(this.#deployed));
    const begin = Date.now();
    await this.#vm.start();
    // The CLI waits on the wait condition: only the host's own report lets it end well.
    await Promise.race([this.#deploy.finished, this.#machineDied()]);
    const seconds = Math.round((Date.now() - begin) / 1000);
    note(`${seconds} s`);
    this.#deployed = await readDeployed(this.#endpoint, STACK, { outputsFile: join(folder, 'outputs.json') });
    const { outputs, userData, associated, instanceId, publicIp } = this.#deployed;
    const content = /^PORTWAY_CONTENT='(\w+)'/m.exec(userData.toString())?.[1] ?? 'no content hash';
    if (this.#endpoint.signalSocket === undefined)
      checks.skipped(
        'first boot',
        'the host reported this very content',
        'the endpoint given takes the signals itself',
      );
    else
      checks.expect(
        'first boot',
        'the host reported this very content',
        (outputs.Report ?? '').includes(content),
        `Report: ${outputs.Report}; content: ${content}`,
      );
    checks.passed('first boot', 'cdk deploy ended after the host reported', `${seconds} s after power-on`);
    if (
      checks.expect('first boot', 'the Elastic IP points at the instance', associated, `${publicIp} is not associated`)
    ) {
      await this.#lab.associateAddress(instanceId, publicIp);
    }
    // Another endpoint may not have waited for the report: the machine may still be booting.
    const answered = await this.#answered('first boot', this.#endpoint.signalSocket === undefined ? BOOT_LIMIT : 120);
    checks.passed('first boot', 'the gateway forwards', `${answered} s after the address arrived`);
  }

  async #machineDied(): Promise<never> {
    await this.#vm.off();
    throw new Error(`the machine switched off before the host reported: see ${this.#vm.console}`);
  }

  /** Everybody looks while the host's script, which runs at every boot, is still at work: it must break nothing. */
  async #look(phase: string, note: Note): Promise<void> {
    const { checks } = this.#o;
    const { probe } = this.#lab;
    const before = this.#bootId;
    const [{ done, bootId }] = await Promise.all([
      this.#scriptDone(),
      checkPublic(probe, this.#traffic(), phase, checks),
    ]);
    note(scansLine(checks.scans, phase));
    await checkAdmin(probe, this.#traffic(), phase, checks);
    note(scansLine(checks.scans, phase));
    checks.expect(
      phase,
      "the host's script has run at this boot and found all in order",
      done,
      'its log has no "forwards are up" of this boot',
    );
    checks.expect(
      phase,
      'it is a boot of its own',
      bootId !== before && bootId !== '',
      `boot id ${before} before, ${bootId} after`,
    );
    this.#bootId = bootId;
  }

  async #bootAgain(phase: string, boot: () => Promise<boolean>, note: Note): Promise<void> {
    const { checks } = this.#o;
    const orderly = await boot();
    checks.expect(phase, 'the system shut down in order', orderly, 'the power had to be cut');
    const seconds = await this.#answered(phase, BOOT_LIMIT);
    note(`${seconds} s`);
    checks.passed(phase, 'the gateway forwards', `${seconds} s after the machine started again`);
    await this.#look(phase, note);
  }

  async #powerCycle(): Promise<boolean> {
    const orderly = await this.#vm.powerOff();
    await this.#vm.start();
    return orderly;
  }

  async #answered(phase: string, limit: number): Promise<number> {
    const seconds = await untilAnswered(this.#lab.probe, this.#deployed.publicIp, limit);
    if (seconds === undefined)
      throw new Error(`${phase}: no answer on port 80 within ${limit} s: see ${this.#vm.console}`);
    return seconds;
  }

  /** Waits on the host, in one login, for its script to end: the log outlives boots, so only what is newer than /proc/1 counts. */
  async #scriptDone(): Promise<{ done: boolean; bootId: string }> {
    const look =
      'sudo find /var/log/portway/bootstrap.log -newer /proc/1 | xargs -r sudo tail -n 1 | grep "forwards are up"';
    const command = `cat /proc/sys/kernel/random/boot_id; for i in $(seq 90); do ${look} && break; sleep 1; done`;
    const end = Date.now() + 180_000;
    for (;;) {
      const { ok, stdout } = await this.#ssh(command, 150);
      const [bootId = '', line = ''] = stdout.trim().split('\n');
      // The SSH server may come up later than the forwards.
      if (ok || Date.now() > end) return { done: line.includes('forwards are up'), bootId };
      await sleep(1000);
    }
  }

  async #collect(): Promise<void> {
    if (this.#lab === undefined || !this.#vm?.alive) return;
    await collectEvidence((command) => this.#ssh(command), this.#o.folder);
  }

  async #destroy(): Promise<void> {
    const { checks } = this.#o;
    if (this.#deploy === undefined) return;
    await this.#vm?.hardOff();
    // A deploy that still waits would hold the stack.
    await this.#deploy.kill();
    await this.#cdk(['destroy', STACK, '--force']).finished;
    const left = (await inventory(this.#endpoint)).filter((id) => !this.#before.includes(id));
    checks.expect(
      'destroy',
      'cdk destroy leaves nothing at the endpoint',
      left.length === 0,
      `left: ${left.join(', ')}`,
    );
  }

  async #context(): Promise<string[]> {
    const publicKey = (await readFile(`${this.#key}.pub`, 'utf8')).trim();
    const values = [`adminCidr=${INTERNET.admin.address}/32`, `engine=${this.#o.engine}`, `sshPublicKey=${publicKey}`];
    return values.flatMap((value) => ['-c', value]);
  }

  #cdk(args: string[], synthesized = true): CdkRun {
    const { folder } = this.#o;
    const app = synthesized ? { app: join(folder, 'cdk.out') } : {};
    return cdk(args, { endpoint: this.#endpoint, folder, log: join(folder, 'cdk.log'), ...app });
  }

  #ssh(command: string, seconds = 30) {
    const { address, key, user } = this.#traffic();
    return this.#lab.probe.ssh('admin', address, key, command, { user, seconds });
  }

  #traffic(): Traffic {
    return { engine: this.#o.engine, address: this.#deployed.publicIp, key: this.#key, user: USER };
  }
}
