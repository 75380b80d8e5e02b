import { Forward } from '../../lib/forward/forward';
import type { HostStatus } from '../../lib/host/outputs/status';
import { readPrinted } from '../support/json-schema';
import { Gateway } from './support/gateway';
import { ADDRESS, describeHost, type Host } from './support/host';

jest.setTimeout(60_000);

const engine = 'iptables';

/** What docker writes for published ports with `userland-proxy: false`, and kube-proxy for a NodePort. */
const IPTABLES = `*nat
:DOCKER - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-EXT-ABCDEFGHIJKLMNOP - [0:0]
:KUBE-SVC-ABCDEFGHIJKLMNOP - [0:0]
:KUBE-SEP-ABCDEFGHIJKLMNOP - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination ${ADDRESS.backend.v4}:9000
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8070 -j DNAT --to-destination ${ADDRESS.backend.v4}:9000
-A DOCKER ! -i docker0 -p udp -m udp --dport 8090 -j DNAT --to-destination ${ADDRESS.backend.v4}:9000
-A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "default/dns cluster IP" -m tcp --dport 8090 -j KUBE-SVC-ABCDEFGHIJKLMNOP
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-EXT-ABCDEFGHIJKLMNOP
-A KUBE-EXT-ABCDEFGHIJKLMNOP -j KUBE-SVC-ABCDEFGHIJKLMNOP
-A KUBE-SVC-ABCDEFGHIJKLMNOP -j KUBE-SEP-ABCDEFGHIJKLMNOP
-A KUBE-SEP-ABCDEFGHIJKLMNOP -p tcp -m tcp -j DNAT --to-destination ${ADDRESS.backend.v4}:9000
COMMIT
`;

/** The same by kube-proxy and docker in their nftables modes. */
const NFTABLES = `
table ip kube-proxy {
  map service-nodeports {
    type inet_proto . inet_service : verdict
    elements = { tcp . 30090 : goto external-ABCDEFGH }
  }
  chain external-ABCDEFGH { meta l4proto tcp dnat to ${ADDRESS.backend.v4}:9000; }
  chain nodeports { type nat hook prerouting priority -90; meta l4proto . th dport vmap @service-nodeports; }
}
table ip docker-bridges {
  chain nat-prerouting-and-output { type nat hook prerouting priority -90; tcp dport 30091 counter dnat to ${ADDRESS.backend.v4}:9000; }
}
`;

describeHost('targets that are only a rule of other software', () => {
  let gateway: Gateway;
  let host: Host;
  beforeAll(async () => {
    gateway = await Gateway.start();
    host = gateway.host;
    await host.sh('gateway', 'iptables-nft-restore --noflush', IPTABLES);
    await host.sh('gateway', 'nft -f -', NFTABLES);
    await host.sh('gateway', 'sysctl -qw net.ipv4.ip_forward=1');
    await host.sh('backend', `ip route add default via ${ADDRESS.inside.v4}`);
    await host.app('backend', 'tcp', 9000, 'container');
    // The docker daemon holds the port; its proxy would answer.
    await host.sh(
      'gateway',
      'ln -s "$(command -v python3)" /run/dockerd; ln -s "$(command -v python3)" /run/docker-proxy',
    );
    await host.serve('gateway', ['/run/dockerd', host.support('gateway', 'app.py'), 'tcp', '8080', 'dockerd']);
    await host.serve('gateway', ['/run/docker-proxy', host.support('gateway', 'app.py'), 'tcp', '8070', 'proxy']);
    await gateway.succeed({
      forwards: {
        published: Forward.tcp({ listen: 80, to: 8080, engine }),
        node: Forward.tcp({ listen: 81, to: 30080, engine }),
        proxied: Forward.tcp({ listen: 82, to: 8070, engine }),
        later: Forward.tcp({ listen: 83, to: 8090, engine }),
        native: Forward.tcp({ listen: 86, to: 30090, engine }),
        bridge: Forward.tcp({ listen: 87, to: 30091, engine }),
        away: Forward.tcp({ listen: 84, to: '10.0.1.20:8080', engine }),
        http: Forward.http({ listen: 85, to: 8080 }),
      },
    });
  });
  afterAll(() => gateway?.stop());

  const EXPECTED = [
    expect.stringMatching(/^published: port 8080 is only a rule of docker, /),
    expect.stringMatching(/^node: port 30080 is only a rule of Kubernetes, /),
    expect.stringMatching(/^native: port 30090 is only a rule of Kubernetes, /),
    expect.stringMatching(/^bridge: port 30091 is only a rule of docker, /),
  ];

  test('the rules work on their own, but forwarded connections do not meet them', async () => {
    expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 8070)).name).toBe('container');
    expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 30080)).name).toBe('container');
    expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 81)).name).toMatch(/none/);
    expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 80)).name).toBe('dockerd');
    expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 82)).name).toBe('proxy');
  });

  test('portway status warns only of these targets', async () => {
    const { stdout } = await host.run('gateway', ['/usr/local/bin/portway', 'status', '--json']);
    expect(readPrinted<HostStatus>('status', stdout).warnings).toEqual(EXPECTED);
  });

  test('the deploy succeeds, and its log has the warnings', async () => {
    expect((await gateway.signals()).map((s) => s.Status)).toEqual(['SUCCESS']);
    const said = [...(await gateway.log()).matchAll(/^portway \S+ WARNING: (.*)$/gm)].map(([, text]) => text);
    expect(said).toEqual(EXPECTED);
  });

  test('no warning is left once the application listens itself', async () => {
    await host.app('gateway', 'tcp', 30080, 'application');
    const { stdout } = await host.run('gateway', ['/usr/local/bin/portway', 'status', '--json']);
    expect(readPrinted<HostStatus>('status', stdout).warnings).toEqual(EXPECTED.filter((_, i) => i !== 1));
  });
});
