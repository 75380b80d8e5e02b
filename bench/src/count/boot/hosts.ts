import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../../../lib/forward/forward';
import { Tls } from '../../../../lib/forward/tls';
import { Checks } from '../../../../rehearsal/src/checks';
import type { Cleanup } from '../../../../rehearsal/src/cleanup';
import { GatewayRun } from '../../../../rehearsal/src/gateway-run';
import type { VmImage } from '../../../../rehearsal/src/image/image';
import type { Instances } from '../../../../rehearsal/src/instances';
import { Lab } from '../../../../rehearsal/src/lab';
import { versionsSource } from '../../../../rehearsal/src/stack-source';
import type { Vm } from '../../../../rehearsal/src/vm/qemu';
import { type Mark, watchBoot } from './watch';

/** Where a boot happens. */
export interface Place {
  readonly image: VmImage;
  /** Names the lab on this machine. */
  readonly id: string;
  readonly folder: string;
  readonly cleanup: Cleanup;
  readonly counted: boolean;
}

/** A host whose first boot is counted. */
export interface BootHost {
  readonly name: string;
  readonly title: string;
  readonly ours?: true;
  /** The moment that counts. */
  readonly at: 'answer' | 'finished';
  boot(place: Place): Promise<readonly Mark[]>;
}

/** A counted boot takes one to four minutes on two quiet cores, and ten times that on busy ones. */
const LIMIT_MS = 3_000_000;

const INSTANCE = 'i-0123456789abcdef0';
const open = (port: number) => ({ protocol: 'tcp', fromPort: port, toPort: port, cidrs: ['0.0.0.0/0'] });

/** An instance of the image with a user-data of somebody's own, in a lab without AWS's services. */
function plain(userData: string, port: number, until?: 'finished'): BootHost['boot'] {
  return async ({ image, id, folder, cleanup, counted }) => {
    const lab = await Lab.start({ folder, cleanup, id, image, counted });
    const vm = await lab.launch({
      instanceId: INSTANCE,
      instanceType: 't4g.micro',
      privateIp: '10.0.0.10',
      httpTokens: 'required',
      hopLimit: 1,
      userData: Buffer.from(userData),
      rules: { ingress: [open(port)], egress: [open(80), open(443)] },
    });
    await vm.start();
    const watching = { vm, lab, instance: INSTANCE, port, counted, limit: LIMIT_MS };
    return watchBoot(until === undefined ? watching : { ...watching, until });
  };
}

/** What a guide says: install, configure, start. Port 80 leads to the application on 8080. */
function byHand(packages: string, ...lines: readonly string[]): BootHost['boot'] {
  const script = [
    '#!/bin/bash',
    'set -e',
    'export DEBIAN_FRONTEND=noninteractive',
    `echo 'by hand: install ${packages}'`,
    'apt-get -qy update >/var/log/by-hand.log',
    `apt-get -qy --no-install-recommends install ${packages} >>/var/log/by-hand.log`,
    "echo 'by hand: set up it'",
    ...lines,
    '',
  ];
  return plain(script.join('\n'), 80);
}

/** The shipped stack's forwards on an engine, deployed by the CDK's CLI, from power-on until one of them answers. */
function portway(engine: 'iptables' | 'nginx'): BootHost['boot'] {
  const forwards =
    engine === 'iptables'
      ? { web: Forward.tcp({ listen: 80, to: 8080 }), secure: Forward.tcp({ listen: 443, to: 8443 }) }
      : {
          web: Forward.http({ listen: 80, to: 8080 }),
          secure: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
        };
  return async ({ image, id, folder, cleanup, counted }) => {
    await mkdir(folder, { recursive: true });
    const began = Date.now();
    const checks = new Checks(() => (Date.now() - began) / 1000);
    const { Duration } = await import('aws-cdk-lib');
    const source = versionsSource({ first: { forwards, signalTimeout: Duration.millis(LIMIT_MS) } });
    const run = new GatewayRun({ source, context: { engine }, folder, id, image, cleanup, checks, counted });
    const [start, deploy, report] = run.firstSteps;
    await start?.run(() => undefined);
    await deploy?.run(() => undefined);
    const { lab, instances } = run.stageOf('boot');
    const watched = launched(instances).then((vm) =>
      watchBoot({ vm, lab, instance: vm.name, port: 80, counted, limit: LIMIT_MS }),
    );
    // A deploy that fails ends the watch. One that goes on after the answer is ended by the clean-up.
    const reported = (report?.run(() => undefined) ?? Promise.resolve()).then(() => watched);
    watched.catch(() => undefined);
    reported.catch(() => undefined);
    return Promise.race([watched, reported]);
  };
}

/** The machine that the deploy's instance runs on, as soon as its power is on. @throws Error if the lab cannot start it */
async function launched(instances: Instances): Promise<Vm> {
  while (!instances.events.some(({ what }) => what === 'launched')) {
    await Promise.race([sleep(20), instances.failed]);
  }
  return instances.vm();
}

const NGINX_BY_HAND = 'server { listen 80 default_server; location / { proxy_pass http://127.0.0.1:8080; } }';

/** The first one is the image without any work. */
export const HOSTS: readonly BootHost[] = [
  {
    name: 'empty',
    title: "the image alone, until cloud-init's end",
    at: 'finished',
    boot: plain('', 8080, 'finished'),
  },
  {
    name: 'iptables',
    title: 'iptables by hand in user-data',
    at: 'answer',
    boot: byHand(
      'iptables',
      'sysctl -qw net.ipv4.ip_forward=1',
      'iptables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080',
    ),
  },
  {
    name: 'portway-iptables',
    title: 'Portway, iptables',
    ours: true,
    at: 'answer',
    boot: portway('iptables'),
  },
  {
    name: 'nginx',
    title: 'nginx by hand in user-data',
    at: 'answer',
    boot: byHand('nginx', `echo '${NGINX_BY_HAND}' >/etc/nginx/sites-available/default`, 'systemctl reload nginx'),
  },
  {
    name: 'portway-nginx',
    title: 'Portway, nginx',
    ours: true,
    at: 'answer',
    boot: portway('nginx'),
  },
];
