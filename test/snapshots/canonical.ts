import { join } from 'node:path';
import { Forward } from '../../lib/forward/forward';
import { Sources } from '../../lib/forward/known-sources';
import { Tls } from '../../lib/forward/tls';
import type { PortwayStackProps } from '../../lib/portway-stack-props';
import { teamNetwork } from './team-network';

/** A key that nobody can use: its private half was discarded. */
export const PUBLIC_KEY =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGm2bE0Y5bA8yPjS6dVnq1bZ4vYw3xT0mXnqv3Ew9abc admin@example.com';

const common = { adminCidr: '203.0.113.7/32', sshPublicKey: PUBLIC_KEY } as const;
const team = teamNetwork();

/** Stacks whose templates and rules reviewers compare, and that every template check runs on. */
export const CANONICAL: Readonly<Record<string, PortwayStackProps>> = {
  // The stacks of bin/app.ts, one per engine.
  iptables: {
    ...common,
    engine: 'iptables',
    forwards: { web: Forward.tcp({ listen: 80, to: 8080 }), secure: Forward.tcp({ listen: 443, to: 8443 }) },
  },
  nginx: {
    ...common,
    engine: 'nginx',
    forwards: {
      web: Forward.http({ listen: 80, to: 8080 }),
      secure: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
    },
  },
  // The same with changes that restart the host.
  'restart-iptables': {
    ...common,
    engine: 'iptables',
    onChange: 'restart',
    forwards: { web: Forward.tcp({ listen: 80, to: 8080 }), secure: Forward.tcp({ listen: 443, to: 8443 }) },
  },
  'restart-nginx': {
    ...common,
    engine: 'nginx',
    onChange: 'restart',
    forwards: {
      web: Forward.http({ listen: 80, to: 8080 }),
      secure: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
    },
  },
  // Nobody reaches port 22: people log in through Session Manager.
  'nginx-tls': {
    sshPublicKey: PUBLIC_KEY,
    ssh: 'session-manager',
    onChange: 'replace',
    os: 'ubuntu-24.04',
    architecture: 'x86_64',
    flowLogs: true,
    forwards: {
      web: Forward.http({ listen: 80, redirectTo: 'https' }),
      secure: Forward.https({ listen: 443, to: ['10.0.1.10:8080', '10.0.1.11:8080'], tls: Tls.selfSigned() }),
      inside: Forward.https({
        listen: 9443,
        to: 9090,
        tls: Tls.selfSigned(),
        allowFrom: ['198.51.100.0/24', '2001:db8::/32'],
      }),
    },
  },
  'nginx-letsencrypt': {
    ...common,
    forwards: {
      web: Forward.http({ listen: 80, redirectTo: 'https' }),
      secure: Forward.https({
        listen: 443,
        to: 8080,
        tls: Tls.letsEncrypt({ email: 'admin@example.com', domains: ['www.example.com', 'example.com'] }),
      }),
    },
  },
  // Names that do not lead here, on a port that the CA does not reach.
  'letsencrypt-dns': {
    ...common,
    forwards: {
      inside: Forward.https({
        listen: 8443,
        to: 9090,
        allowFrom: ['198.51.100.0/24'],
        tls: Tls.letsEncrypt({
          email: 'admin@example.com',
          domains: ['inside.example.com', '*.inside.example.com'],
          dns: { zone: 'Z0123456789ABCDEFGHIJ' },
        }),
      }),
    },
  },
  // A stack like README's, with a trusted certificate and a game's UDP.
  'letsencrypt-udp': {
    ...common,
    forwards: {
      web: Forward.http({ listen: 80, redirectTo: 'https' }),
      secure: Forward.https({
        listen: 443,
        to: 8080,
        tls: Tls.letsEncrypt({ email: 'admin@example.com', domains: ['www.example.com'] }),
      }),
      game: Forward.udp({ listen: 27015, to: '10.0.1.20:27015', engine: 'iptables', allowFrom: ['198.51.100.0/24'] }),
    },
  },
  // Behind one address: applications that end TLS themselves, and one that does not; and HTTP/3.
  'nginx-tls-passthrough': {
    ...common,
    forwards: {
      web: Forward.http({ listen: 80, redirectTo: 'https' }),
      pass: Forward.tls({
        listen: 443,
        hosts: {
          'shop.example.com': { to: ['10.0.1.20:443', '10.0.1.21:443'], balance: 'source' },
          '*.apps.example.com': { to: '10.0.1.30:8443' },
        },
        denyFrom: ['192.0.2.0/25'],
      }),
      secure: Forward.https({ listen: 443, to: '10.0.1.10:8080', tls: Tls.selfSigned(), hsts: true }),
      api: Forward.https({
        listen: 8443,
        to: '10.0.1.10:8081',
        tls: Tls.selfSigned(),
        http3: true,
        hsts: { maxAgeDays: 730, includeSubDomains: true },
      }),
    },
  },
  // Protection of targets, behind a load balancer.
  'nginx-shared': {
    ...common,
    forwards: {
      web: Forward.http({
        listen: 80,
        to: [{ to: '10.0.1.10:8080', weight: 2 }, '10.0.1.11:8080', { to: '10.0.1.12:8080', backup: true }],
        balance: 'least-connections',
        failover: { failTimeout: 30, resend: 'safe' },
        cache: { sizeMb: 500, query: ['page'] },
        routes: {
          '/cart/*': { to: ['10.0.1.10:8081', '10.0.1.11:8081'], balance: 'cookie', cache: false },
          '/static/*': { to: 8080, cache: { sizeMb: 1000, validFor: 3600, ignoreCookies: true } },
        },
      }),
      database: Forward.tcp({
        listen: 5432,
        to: ['10.0.1.10:5432', '10.0.1.11:5432'],
        balance: 'source',
        allowFrom: ['198.51.100.0/24'],
      }),
    },
  },
  'nginx-protected': {
    ...common,
    instanceType: 't4g.small',
    protect: { failedLogins: { paths: ['/api/login'] }, newConnectionsPerSecond: 100, never: ['198.51.100.0/24'] },
    forwards: {
      web: Forward.http({ listen: 80, redirectTo: 'https', limits: { requestsPerSecond: 20 } }),
      secure: Forward.https({
        listen: 443,
        to: 8080,
        tls: Tls.selfSigned(),
        trustedProxies: ['10.0.0.0/16'],
        denyFrom: ['192.0.2.0/25', '2001:db8:bad::/48'],
        limits: { requestsPerSecond: 50, openConnections: 100 },
        maxBodyMiB: 10,
        headers: { 'X-Frame-Options': 'DENY' },
        logs: { redact: true },
        errors: { title: 'Back soon', message: 'We are at work on it.' },
        maintenance: true,
        routes: {
          '/api/*': {
            to: 8081,
            methods: ['GET', 'POST'],
            limits: { requestsPerSecond: 5 },
            timeouts: { response: 300 },
          },
          '/health': { to: 8080, logs: { level: 'none' } },
        },
      }),
      mail: Forward.tcp({
        listen: 25,
        to: '10.0.1.25:25',
        proxyProtocol: { accept: { from: ['10.0.0.0/16'] }, send: true },
        denyFrom: ['192.0.2.0/25'],
        limits: { openConnections: 10 },
        idleTimeout: 300,
      }),
      dns: Forward.udp({ listen: 53, to: '10.0.1.53:53', allowFrom: ['198.51.100.0/24'], responses: 1 }),
    },
  },
  // For an account without a bucket, where it is too large for live changes.
  'other-hosts': {
    flowOffload: true,
    ...common,
    onChange: 'restart',
    forwards: {
      web: Forward.http({ listen: 80, to: 'app.internal:8080' }),
      database: Forward.tcp({
        listen: 5432,
        to: ['10.0.1.10:5432', '10.0.1.11:5432'],
        engine: 'iptables',
        allowFrom: ['198.51.100.0/24'],
      }),
      camera: Forward.udp({ listen: '6000-6100', to: '10.0.1.30:7000-7100', engine: 'iptables' }),
    },
  },
  // Health checks, and a first-boot script.
  health: {
    ...common,
    engine: 'iptables',
    firstBootScript: join(__dirname, 'first-boot.sh'),
    forwards: {
      shop: Forward.tcp({
        listen: 443,
        to: [{ to: '10.0.1.20:443', weight: 3 }, '10.0.1.21:443'],
        balance: 'source',
        healthCheck: { port: 8081 },
      }),
    },
  },
  // Most kernel features, in a dual-stack VPC; also without a bucket.
  'dual-stack': {
    ...common,
    onChange: 'restart',
    engine: 'iptables',
    ipv6: true,
    ping: true,
    blocked: ['192.0.2.0/25', '2001:db8:bad::/48'],
    availabilityZoneIndex: 1,
    forwards: {
      web: Forward.tcp({ listen: 80, to: 8080, limits: { newConnectionsPerSecond: 20, openConnections: 50 } }),
      shop: Forward.tcp({
        listen: 443,
        to: [{ to: '10.0.1.20:443', weight: 3 }, '10.0.1.21:443', '[2001:db8:1::20]:443', '[2001:db8:1::21]:443'],
        balance: 'source',
        denyFrom: ['198.51.100.128/25'],
      }),
      game: Forward.udp({
        listen: '27015-27020',
        to: '10.0.1.30:28015-28020',
        family: 'ipv4',
        allowFrom: ['198.51.100.0/24', '203.0.113.128/25'],
      }),
      vpn: Forward.protocol({ protocol: 'esp', to: '10.0.1.40', family: 'ipv4' }),
    },
  },
  // Lists in the kernel and in nginx, a site behind proxies alone, and a prefix list.
  lists: {
    ...common,
    engine: 'iptables',
    lists: { office: ['198.51.100.0/24', '2001:db8:1::/48'], edge: ['192.0.2.0/25'], bad: ['203.0.113.128/25'] },
    blocked: ['bad'],
    forwards: {
      site: Forward.http({ listen: 80, to: 8080, engine: 'nginx', trustedProxies: ['edge'], proxiesOnly: true }),
      team: Forward.http({
        listen: 81,
        to: 8081,
        engine: 'nginx',
        allowFrom: ['office', '192.0.2.129/32'],
        denyFrom: ['bad'],
      }),
      db: Forward.tcp({ listen: 5432, to: 5433, allowFrom: ['office'] }),
      own: Forward.tcp({
        listen: 8443,
        to: 8444,
        allowFrom: [Sources.prefixList('pl-0a1b2c3d', { weight: 20 })],
      }),
    },
  },
  // Beside what a team has already (subnet, group, address, zone, role), with a dashboard.
  existing: {
    ...common,
    ...team.shared,
    engine: 'iptables',
    monitoring: { dashboard: true },
    forwards: { web: Forward.tcp({ listen: 80, to: 8080 }), secure: Forward.tcp({ listen: 443, to: 8443 }) },
  },
  // Port 22 for an EC2 Instance Connect Endpoint alone.
  'login-endpoint': {
    sshPublicKey: PUBLIC_KEY,
    ssh: 'endpoint',
    forwards: { web: Forward.http({ listen: 80, to: 8080 }) },
  },
  // Metrics for a Prometheus server of a private network and for CloudWatch, flow logs, alarms and a dashboard.
  monitored: {
    ...common,
    flowLogs: true,
    monitoring: {
      prometheus: { from: ['10.0.5.0/24'] },
      cloudWatch: { level: 'forwards', retentionDays: 7 },
      ...{ alarms: { email: 'ops@example.com' }, dashboard: true },
    },
    forwards: {
      web: Forward.http({ listen: 80, to: 8080 }),
      database: Forward.tcp({ listen: 5433, to: '10.0.1.10:5432' }),
    },
  },
  // Egress for a private subnet of an existing VPC, where a target can therefore see clients' addresses.
  egress: {
    flowOffload: true,
    ...common,
    vpc: team.vpc,
    egress: { from: ['10.0.0.0/16'], subnets: [team.subnet], alarmTopic: team.alarmTopic },
    ping: false,
    forwards: {
      web: Forward.http({ listen: 80, to: '10.0.1.20:8080' }),
      mail: Forward.tcp({ listen: 25, to: '10.0.1.25:25', engine: 'iptables', preserveClientAddress: true }),
    },
  },
};

/**
 * Stacks whose content is too large for live changes in a template without a bucket: many rules of the security group, many options
 * of nginx, or much besides the forwards.
 */
const LARGE = [
  ...['nginx-tls', 'letsencrypt-udp', 'nginx-tls-passthrough', 'nginx-shared', 'nginx-protected'],
  ...['letsencrypt-dns', 'other-hosts', 'dual-stack', 'egress', 'monitored', 'lists'],
];

/** Whether a canonical stack needs a bucket for its template if its changes are to be live. */
export function isLarge(name: string): boolean {
  return LARGE.includes(name);
}

/** Whether a canonical stack, as it is, needs a bucket for its template. */
export function needsBucket(name: string): boolean {
  return isLarge(name) && (CANONICAL[name]?.onChange ?? 'live') === 'live';
}
