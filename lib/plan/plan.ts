import type { SshWay } from '../forward/admin';
import type { Engine, ForwardKind } from '../forward/forward';
import type { PortRange } from '../forward/ports';
import type { Host } from '../forward/target';
import type { TrafficRule } from '../forward/traffic';
import type { TrustedProxies } from '../forward/trusted-proxies';
import type { HttpProtocol } from '../http/protocol';
import type { ResolvedHealthCheck } from '../kernel/health-check';
import type { ResolvedLimits } from '../kernel/limits/limits';
import type { PlannedAnnotation } from './annotations';
import type { PlannedFleet } from './fleet';
import type { PlannedFetchedList, PlannedList, PlannedListNames } from './lists';
import type { PlannedTraffic } from './traffic';

/**
 * What a deploy would set up, as typed data: for `portway plan` (which prints it) and for other programs. It survives JSON.
 */
export interface Plan {
  /** The logical id of the address's association in the template, of a fleet of its balancer. It stays as long as the gateway does. */
  readonly association: string;
  readonly forwards: readonly PlannedForward[];
  readonly gateway: PlannedGateway;
  /** What its constructs say at synth. `portway plan` adds it, since the CDK tells it last. Omitted: nothing. */
  readonly annotations?: readonly PlannedAnnotation[];
  /** Several hosts behind a balancer. Omitted: a single gateway. */
  readonly fleet?: PlannedFleet;
  /** What the traffic costs that `--traffic` stated. Omitted: none was. */
  readonly traffic?: PlannedTraffic;
  /** The host's rendered files: rules and nginx.conf. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** The rules of the security group. */
  readonly inbound: readonly PlannedRule[];
  readonly outbound: readonly PlannedRule[];
  readonly userData: {
    /** Bytes, including the reserve for the signal's URL. */
    readonly size: number;
    readonly limit: number;
    readonly reserve: number;
    /** Names of the parameters that the host reads its files from. */
    readonly parameters: readonly string[];
    /** SHA-256 of the host's files. */
    readonly content: string;
    /** Whether user-data names that content, so that each change of it restarts or replaces the host. */
    readonly namesContent: boolean;
  };
}

export interface PlannedForward {
  readonly name: string;
  readonly kind: ForwardKind;
  /** Ports on the gateway. Omitted for kind `protocol`. */
  readonly listen?: PortRange;
  /** The number of the IP protocol. Only for kind `protocol`. */
  readonly protocol?: number;
  /** Empty for a forward that only redirects. */
  readonly to: readonly PlannedTarget[];
  /** For HTTP forwards with hosts, paths or gRPC: where requests go. */
  readonly sites?: readonly PlannedSite[];
  /** For TLS forwards: the targets of each host name. Without a name: of all others. */
  readonly hosts?: readonly PlannedTlsHost[];
  readonly redirectTo?: PlannedRedirect;
  readonly engine: Engine;
  /** Source networks, those of lists among them; empty means everyone. */
  readonly allowFrom: readonly string[];
  /** Source networks that are refused, whatever `allowFrom` says. */
  readonly denyFrom: readonly string[];
  /** The lists that these two name. Omitted: none. */
  readonly lists?: PlannedListNames;
  /** Omitted: every interface. */
  readonly interface?: string;
  /** IP versions that it listens on. */
  readonly families: readonly (4 | 6)[];
  /** Whether targets on other hosts see clients' addresses. */
  readonly preserveClientAddress: boolean;
  /** With several targets: how they share the load, and their weights in the order of `to`. */
  readonly sharing?: { readonly balance: string; readonly weights: readonly number[] };
  /** Proxies in front of the gateway that are trusted to name the client. */
  readonly trustedProxies?: {
    readonly by: TrustedProxies['by'];
    readonly from: readonly string[];
    /** Whether nobody else may connect. */
    readonly only?: true;
    /** Whether it is the fleet's own balancer. */
    readonly balancer?: true;
  };
  /** Whether targets are told the client's address by the PROXY protocol. */
  readonly sendsProxyProtocol?: true;
  /** Whether an HTTPS forward also listens on UDP. */
  readonly http3?: true;
  /** The certificate's source. Omitted: self-signed, or no TLS ends on the gateway. */
  readonly certificate?: PlannedCertificate;
  readonly healthCheck?: ResolvedHealthCheck;
  readonly limits?: ResolvedLimits;
}

/** Where traffic goes. */
export interface PlannedTarget {
  /** What `host` is. `local` is the gateway itself; `token` is an address known only at deploy time. */
  readonly kind: Host['kind'] | 'token';
  /** Omitted for kinds `local` and `token`. */
  readonly host?: string;
  /** Omitted for kind `protocol`, which has no ports. */
  readonly ports?: PortRange;
}

/** The targets of a TLS forward's host name. */
export interface PlannedTlsHost {
  /** Omitted: all other names. */
  readonly host?: string;
  readonly to: readonly PlannedTarget[];
}

/** A permanent redirect: to HTTPS on a port of the gateway, or to a URL. */
export type PlannedRedirect = { readonly httpsPort: number } | { readonly url: string };

export type PlannedCertificate =
  | {
      readonly source: 'acme';
      readonly server: string;
      readonly domains: readonly string[];
      /** Whether the CA checks records in Route 53, so that the domains may lead elsewhere. Omitted: it checks over HTTP. */
      readonly dns?: true;
    }
  | { readonly source: 'secret' };

/** A host name and its paths. */
export interface PlannedSite {
  /** Undefined: all other host names. */
  readonly host?: string;
  readonly routes: readonly {
    readonly path: string;
    /** Whether only this exact path matches. Omitted: `path` is a prefix. */
    readonly exact?: true;
    readonly to: readonly PlannedTarget[];
    readonly redirectTo?: PlannedRedirect;
    readonly protocol: HttpProtocol;
  }[];
}

/** The gateway's settings besides its forwards. */
export interface PlannedGateway {
  readonly ipv6: boolean;
  /** Networks whose packets are dropped. */
  readonly blocked: readonly string[];
  /** The lists that forwards, `blocked` or trusted proxies name, with their networks. Omitted: none. */
  readonly lists?: readonly PlannedList[];
  /** The names of those that `blocked` names. Omitted: none. */
  readonly blockedLists?: readonly string[];
  /** Lists of others that the host fetches and blocks. Omitted: none. */
  readonly fetchedLists?: readonly PlannedFetchedList[];
  /** How people log in. */
  readonly login: PlannedLogin;
  /** Private networks that go out through the gateway. */
  readonly egress: readonly string[];
  /** The address, if it is there already. Omitted: the stack makes one, or the address is known only at deploy. */
  readonly address?: string;
  /** Names in Route 53 that lead to it. */
  readonly names?: readonly string[];
  /** Alarms in CloudWatch, and what they cost a month by list prices. Omitted: none. */
  readonly alarms?: PlannedCost;
  /** A dashboard in CloudWatch, the same. */
  readonly dashboard?: PlannedCost;
  /** Metrics that the host sends to CloudWatch, with the log events that carry them, the same. */
  readonly metrics?: PlannedCost;
  /** When the host reboots if newer packages wait for it, such as `sun 04:00 UTC`. Omitted: never by itself. */
  readonly reboot?: string;
  /** Why the system installs no security updates. Omitted: it does as its images do. */
  readonly updatesOffBecause?: string;
  /** Omitted: the security group admits no pings, and the host keeps its distribution's setting. */
  readonly ping?: boolean;
}

export interface PlannedLogin {
  readonly way: SshWay;
  /** The account that cloud-init installs the key for. */
  readonly user: string;
  /** Whether there is a key. */
  readonly hasKey: boolean;
}

/** Resources of CloudWatch, and what they cost. */
export interface PlannedCost {
  readonly count: number;
  readonly dollarsAMonth: number;
  /** The date and the page of the prices. */
  readonly pricesOf: string;
  readonly source: string;
}

export interface PlannedRule {
  readonly protocol: TrafficRule['protocol'];
  /** Omitted: all ports. */
  readonly ports?: PortRange;
  /** A network in CIDR notation, the id of a prefix list, `known at deploy`, or `the login endpoint`. */
  readonly peer: string;
  /** The forwards that need it, or the gateway's own reason. */
  readonly for: readonly string[];
}
