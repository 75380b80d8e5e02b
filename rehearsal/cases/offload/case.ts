import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import spawn from 'nano-spawn';
import { Forward } from '../../../lib/forward/forward';
import type { RehearsalCase, Stage, Version } from '../../src/case';
import { INTERNET } from '../../src/network/addresses';
import { ONE, OTHER, SHOP, whoAnswers } from '../live-contents';
import { output, put, status } from '../on-host';
import { contents } from './contents';

/** The port of nginx. */
const SITE = 81;

const version = (shop: Forward): Version => ({
  onChange: 'live',
  flowOffload: true,
  forwards: {
    web: Forward.tcp({ listen: 80, to: `${ONE}:8080`, engine: 'iptables' }),
    shop,
    // nginx beside: the kernel carries nothing of it.
    site: Forward.http({ listen: SITE, to: `${ONE}:8080` }),
  },
});
const shop = (target: string, more: { denyFrom?: string[] } = {}) =>
  Forward.tcp({ listen: SHOP, to: `${target}:8080`, engine: 'iptables', ...more });

const VERSIONS = {
  first: version(shop(ONE)),
  'another target': version(shop(OTHER)),
  'not for strangers': version(shop(OTHER, { denyFrom: [`${INTERNET.stranger.address}/32`] })),
} as const satisfies Record<string, Version>;

/** Where the test's files are on the gateway. */
const FOLDER = '/run/offload';
/** Some two minutes on an emulated processor. */
const LIMIT = 500;

/** The rules of all contents as a packed tar: each content is a folder, with the paths of a host in it. */
async function packedContents(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portway-offload-'));
  try {
    for (const [name, files] of contents())
      for (const { path, text } of files.filter((file) => file.path.startsWith('/etc/portway/'))) {
        const own = join(folder, 'contents', name, path);
        await mkdir(dirname(own), { recursive: true });
        await writeFile(own, text);
      }
    const archive = join(folder, 'contents.tgz');
    await spawn('tar', ['-C', folder, '-czf', archive, 'contents']);
    return (await spawn('base64', ['-w0', archive])).stdout;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What behaviour.py prints of each thing that must hold. */
interface Finding {
  readonly what: string;
  readonly holds: boolean;
  readonly seen: string;
}

async function behave(stage: Stage): Promise<void> {
  const packed = await packedContents();
  await output(stage, `sudo mkdir -p ${FOLDER} && base64 -d <<<${packed} | sudo tar -xz -C ${FOLDER}`);
  await put(stage, join(__dirname, 'behaviour.py'), `${FOLDER}/behaviour.py`);
  const text = await output(stage, `sudo python3 ${FOLDER}/behaviour.py ${FOLDER}/contents 2>&1`, LIMIT);
  const lines = text.split('\n').filter((line) => line.startsWith('{'));
  for (const { what, holds, seen } of lines.map((line): Finding => JSON.parse(line)))
    stage.checks.expect(stage.phase, what, holds, seen);
  const ended = lines.at(-1)?.includes('all has run') ?? false;
  stage.checks.expect(stage.phase, 'all behaviour was looked at', ended, text.slice(-500));
}

/** Tracked connections to a port, as `conntrack -L` prints them. */
const tracked = (stage: Stage, port: number) =>
  output(stage, `sudo conntrack -L -p tcp --orig-port-dst ${port} 2>/dev/null || :`);

async function ownFlows(stage: Stage): Promise<void> {
  const { checks, phase } = stage;
  const held = stage.hold(SHOP);
  await sleep(3000);
  const seen = await tracked(stage, SHOP);
  checks.expect(phase, "a stranger's connection is carried past the rules", seen.includes('[OFFLOAD]'), seen);
  const site = await whoAnswers(stage, SITE, 10);
  const ofNginx = await tracked(stage, SITE);
  checks.expect(phase, 'nginx forwards beside it', site === ONE, site);
  checks.expect(phase, "nginx's connections are not carried past the rules", !ofNginx.includes('[OFFLOAD]'), ofNginx);
  const count = await output(stage, 'sudo portway flows count');
  checks.expect(phase, '`portway flows count` counts it', Number(count) > 0, count);
  const { well, text } = await status(stage);
  checks.expect(phase, '`portway status` finds all as it was deployed, and lacks no device', well, text);
  checks.expect(phase, '`portway status` counts it', /^[1-9]\d* flows are carried past/m.test(text), text);
  checks.expect(phase, '`portway status` has no warning of the flow table', !/flow table|no flow/.test(text), text);
  const table = 'sudo nft list flowtable inet portway_flows fast';
  await output(stage, 'sudo ip link add later type bridge');
  const waited = await output(
    stage,
    `for i in $(seq 30); do ${table} | grep -q later && break; sleep 1; done; ${table}`,
    90,
  );
  checks.expect(phase, 'a device that is added later is in the flow table', waited.includes('later'), waited);
  await output(stage, 'sudo ip link del later');
  const { broken, exchanges } = await held.stop();
  checks.expect(phase, 'the connection stays open meanwhile', broken === null, `${broken}, ${exchanges} exchanges`);
}

async function changed(stage: Stage): Promise<void> {
  const { checks, phase } = stage;
  const held = stage.hold(SHOP);
  const other = stage.hold(80);
  await sleep(3000);
  const moved = await stage.deploy('another target');
  checks.expect(phase, 'another target: the deploy went well', moved.ok, moved.lines.join('\n'));
  const who = await whoAnswers(stage, SHOP, 10);
  checks.expect(phase, 'another target: new connections reach it', who === OTHER, who);
  await sleep(2000);
  const former = await tracked(stage, SHOP);
  checks.expect(phase, 'a connection to the former target stays', /ESTABLISHED|OFFLOAD/.test(former), former);
  // By the rules: the flow table takes what leads to a present target.
  checks.expect(phase, 'and is no longer carried', !former.includes('[OFFLOAD]'), former);
  const unchanged = await tracked(stage, 80);
  checks.expect(phase, 'that of another forward is carried again', unchanged.includes('[OFFLOAD]'), unchanged);
  const again = stage.hold(SHOP);
  await sleep(3000);
  const present = await tracked(stage, SHOP);
  checks.expect(phase, 'a connection to the present target is carried', present.includes('[OFFLOAD]'), present);
  const closed = await stage.deploy('not for strangers');
  checks.expect(phase, 'not for strangers: the deploy went well', closed.ok, closed.lines.join('\n'));
  await sleep(5000);
  for (const [title, hold] of [
    ["`denyFrom` ends a stranger's connection to the former target", held],
    ['and the one that is carried', again],
  ] as const) {
    const { broken, exchanges } = await hold.stop();
    checks.expect(phase, title, broken !== null, `${exchanges} exchanges`);
  }
  const kept = await other.stop();
  checks.expect(phase, 'but not that of another forward', kept.broken === null, `${kept.broken}`);
}

const offload: RehearsalCase = {
  about:
    "established flows go past the rules, on this host's kernel: what changes, ends, shrinks or is forbidden holds for them too",
  versions: VERSIONS,
  steps: [
    { title: 'every kind of flow, in namespaces of the gateway', run: behave },
    { title: "the gateway's own flows", run: ownFlows },
    { title: 'live changes', run: changed },
    {
      title: 'back to the first',
      run: async (stage) => {
        const { ok, lines } = await stage.deploy('first');
        stage.checks.expect(stage.phase, 'back to the first', ok, lines.join('\n'));
      },
    },
  ],
};

export default offload;
