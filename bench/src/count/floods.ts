import { type Carrying, CONTENDERS } from '../carriers/contenders';
import type { Carrier } from '../carriers/job';
import { nginxStockLimited } from '../carriers/peers';
import { portwayHttp, portwayProtected } from '../carriers/portway';
import { addAttacker, TO_ATTACK } from '../lab/attacker';
import type { Ground } from '../lab/ground';
import { WEB } from '../scenarios/set-up';
import type { Section } from './section';

/** More than the client asks that is served, and a hundredth of what a flood asks. */
const LIMITS = { limits: { requestsPerSecond: 250, burst: 250 } };
/** What a client that was served just now is refused for a second. */
const ONE = { limits: { requestsPerSecond: 1, burst: 1 } };
/** So many that refusals block nobody. */
const NOBODY = { refusedRequests: 100_000 };

const isBlocked = (set: string) => `nft list set inet portway_protect ${set} | grep -qF ${TO_ATTACK.from}`;

/**
 * Forgets which programs were started together. By default each session gets the same share of the processor, however low the priority
 * of what runs in it.
 */
function byPriority(carrier: Carrier): Carrier {
  return async (ground, jobs) => {
    await ground.sh('gateway', 'sysctl -eqw kernel.sched_autogroup_enabled=0');
    await carrier(ground, jobs);
  };
}

/**
 * A flood begins. Its program comes last: it runs when nobody else has anything to do, since a gateway does not suffer from its
 * clients' work.
 */
function flooded(carrier: Carrier, kind: 'kept' | 'new', untilBlocked: boolean): Carrier {
  return byPriority(async (ground, jobs) => {
    await carrier(ground, jobs);
    await addAttacker(ground);
    const flood = `chrt --idle 0 /run/job/load flood ${kind} ${TO_ATTACK.gateway} ${WEB.listen}`;
    await ground.sh('client', `setsid ${flood} </dev/null >/dev/null 2>&1 &`);
    if (untilBlocked) await ground.ready('gateway', 'the flood is blocked', isBlocked('blocked_v4'));
  });
}

const LIMITED = portwayHttp(LIMITS);
const PROTECTED = portwayProtected(LIMITS, {});

function ours(name: string, title: string, carrier: Carrier): Carrying {
  return { name, title, carrier, ours: true };
}

/** Drops what comes from the attacker, in whichever way. */
function dropping(drop: (ground: Ground) => Promise<unknown>): Carrier {
  return async (ground, jobs) => {
    await portwayHttp()(ground, jobs);
    await addAttacker(ground);
    await drop(ground);
  };
}

/** The earliest place in the kernel that is not the device's driver. */
const byTrafficControl = dropping(async (ground) => {
  await ground.sh('gateway', 'tc qdisc add dev ens5 clsact');
  await ground.sh('gateway', `tc filter add dev ens5 ingress protocol ip flower src_ip ${TO_ATTACK.from} action drop`);
});

const bySet = dropping((ground) => {
  const chain = 'type filter hook prerouting priority raw; ip saddr @blocked drop;';
  const set = `type ipv4_addr; flags timeout; elements = { ${TO_ATTACK.from} timeout 1d }`;
  return ground.sh('gateway', 'nft -f -', `table ip a { set blocked { ${set}; }\nchain b { ${chain} }\n}\n`);
});

/** The attacker is refused until it is blocked. */
const byProtect: Carrier = async (ground, jobs) => {
  await portwayProtected(ONE, {})(ground, jobs);
  await addAttacker(ground);
  const flood = `timeout 2 /run/job/load flood new ${TO_ATTACK.gateway} ${WEB.listen}`;
  await ground.sh('client', `setsid ${flood} </dev/null >/dev/null 2>&1 &`);
  await ground.ready('gateway', 'the attacker is blocked', isBlocked('blocked_v4'));
  await ground.sh('client', 'sleep 3');
};

/** Nobody is blocked, but a source may open ten connections in a second. */
const byRate: Carrier = async (ground, jobs) => {
  await portwayProtected({}, { newConnectionsPerSecond: 10 })(ground, jobs);
  await addAttacker(ground);
};

/** What the price of refusing is, and what is left of it when the kernel drops. */
export const FLOODS: readonly Section[] = [
  {
    name: 'flood',
    title: 'An HTTP request every 5 ms, while one address asks as fast as it can',
    applicationAt: 'backend',
    loads: ['steady', 'steady-worst'],
    peer: 'kept',
    // What varies by a half is not compared with the committed counts: the bounds hold for these.
    subjects: [
      { name: 'quiet', title: 'Portway, nginx, `limits`, no flood', carrier: byPriority(LIMITED) },
      { name: 'kept', title: 'a flood on kept connections, `limits` alone', carrier: flooded(LIMITED, 'kept', false) },
      { name: 'new', title: 'a flood of new connections, `limits` alone', carrier: flooded(LIMITED, 'new', false) },
      {
        name: 'kept-protected',
        title: 'a flood on kept connections, `limits` and `protect`',
        carrier: flooded(PROTECTED, 'kept', true),
      },
      {
        name: 'new-protected',
        title: 'a flood of new connections, `limits` and `protect`',
        carrier: flooded(PROTECTED, 'new', true),
      },
    ].map((contender) => ({ ...contender, jobs: [WEB] })),
  },
  {
    name: 'refused',
    title: 'A request that is refused with 429',
    applicationAt: 'backend',
    loads: ['refused-kept', 'refused-new'],
    peer: 'portway-nginx',
    subjects: [
      { ...CONTENDERS.nginxStock, title: 'nginx by hand, `limit_req`', carrier: nginxStockLimited },
      ours('portway-nginx', 'Portway, nginx, `limits`', portwayHttp(ONE)),
      ours('portway-protected', 'the same with `protect`, which is told', portwayProtected(ONE, NOBODY)),
    ].map((contender) => ({ ...contender, jobs: [WEB] })),
  },
  {
    name: 'dropped',
    title: "A connection's first packet that is dropped",
    applicationAt: 'backend',
    loads: ['dropped'],
    peer: 'nftables',
    subjects: [
      { name: 'tc', title: 'tc by hand, at the device', carrier: byTrafficControl },
      { name: 'nftables', title: 'nftables by hand, a set before connection tracking', carrier: bySet },
      ours('portway-blocked', 'Portway, `protect`, a source that is blocked', byProtect),
      ours('portway-rate', 'Portway, `protect`, one connection too many in a second', byRate),
    ].map((contender) => ({ ...contender, jobs: [WEB] })),
  },
];
