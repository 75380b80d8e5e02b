import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EC2Client } from '@aws-sdk/client-ec2';
import { allInstances, describeInstance, ofStack } from '../../../lib/operate/instance';
import { ec2Client } from '../../src/aws/client';
import type { Endpoint } from '../../src/aws/endpoint';
import type { Lab } from '../../src/lab';
import { labInstance } from '../../src/lab-instance';
import { macOf } from '../../src/network/addresses';

/** Answers as a host with forwards does: each answer names the target, and this host as who asked it. */
const SERVE = `
import http.server, json, sys, threading
own, file = sys.argv[1:]
class Forward(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        by = open(file).read() if self.server.server_port == 8000 else "10.0.9.10"
        body = json.dumps({"host": by, "client": {"address": own}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
for port in (80, 81, 8000, 10256):
    threading.Thread(target=http.server.ThreadingHTTPServer(("0.0.0.0", port), Forward).serve_forever).start()
`;

/** A host without a machine: a network namespace that answers. */
interface Host {
  readonly privateIp: string;
  readonly link: string;
  server: AbortController | undefined;
}

/** Gives a fleet's hosts a place in a lab's network, without booting a machine: as many as the EC2 API says. */
export class FleetNetwork {
  readonly #hosts = new Map<string, Host>();
  readonly #client: EC2Client;
  readonly #ending = new AbortController();
  readonly #following: Promise<void>;
  /** Where the changing forward of new hosts leads. */
  target = '';
  #number = 0;

  constructor(
    readonly lab: Lab,
    endpoint: Endpoint,
    private readonly stack: string,
  ) {
    this.#client = ec2Client(endpoint);
    this.#following = this.#follow();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#following;
    for (const { server } of this.#hosts.values()) server?.abort();
    this.#client.destroy();
  }

  /** From now on a host's changing forward leads to the present target. */
  change(instanceId: string): void {
    writeFileSync(this.#file(instanceId), this.target);
  }

  isOn(instanceId: string): boolean {
    return this.#hosts.get(instanceId)?.server !== undefined;
  }

  /** Cuts its power, and its cable with it. */
  async off(instanceId: string): Promise<void> {
    const host = this.#hosts.get(instanceId);
    if (host === undefined) throw new Error(`there is no host ${instanceId}`);
    host.server?.abort();
    host.server = undefined;
    await this.lab.namespaces.ip('vpc', [`link set ${host.link} down`]);
  }

  async on(instanceId: string): Promise<void> {
    const host = this.#hosts.get(instanceId);
    if (host === undefined) throw new Error(`there is no host ${instanceId}`);
    await this.lab.namespaces.ip('vpc', [`link set ${host.link} up`]);
    const ending = new AbortController();
    host.server = ending;
    const command = ['python3', '-c', SERVE, host.privateIp, this.#file(instanceId)];
    void this.lab.namespaces.run(host.link, command, { signal: ending.signal }).catch(() => undefined);
  }

  async #follow(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const all = (await allInstances(this.#client)).filter((one) => ofStack(one, this.stack));
      const running = all.filter(({ State }) => State?.Name === 'running');
      for (const [id, { link }] of this.#hosts) {
        if (running.some(({ InstanceId }) => InstanceId === id)) continue;
        await this.off(id);
        this.#hosts.delete(id);
        await this.lab.namespaces.ip('vpc', [`link delete ${link}`]);
        await this.lab.terminate(id);
      }
      for (const instance of running)
        if (!this.#hosts.has(instance.InstanceId ?? ''))
          await this.#join(labInstance(await describeInstance(this.#client, instance)));
      await sleep(300);
    }
  }

  async #join(instance: ReturnType<typeof labInstance>): Promise<void> {
    const { instanceId, privateIp } = instance;
    const { namespaces } = this.lab;
    const link = `fleet${this.#number++}`;
    // Its machine stays off.
    await this.lab.launch(instance);
    await namespaces.add(link);
    await namespaces.join('vpc', link, link, 'eth0');
    await namespaces.ip('vpc', [`link set ${link} master vpc`]);
    await namespaces.run('vpc', ['bridge', 'link', 'set', 'dev', link, 'isolated', 'on']);
    await namespaces.ip(link, [
      `link set eth0 address ${macOf(privateIp)}`,
      `address add ${privateIp}/24 dev eth0`,
      'link set eth0 up',
      `route add default via ${privateIp.replace(/\d+$/, '1')}`,
    ]);
    this.#hosts.set(instanceId, { privateIp, link, server: undefined });
    this.change(instanceId);
    await this.on(instanceId);
  }

  #file(instanceId: string): string {
    return join(this.lab.folder, `${instanceId}-target`);
  }
}
