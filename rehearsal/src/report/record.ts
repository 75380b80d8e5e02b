import type { SecurityGroupRules } from '../../../lib/operate/security-group';
import type { Check, Scan } from '../checks';

/** The record of a rehearsal: what `--json` prints, and everything in the HTML report except the contents of files. */
export interface RehearsalReport {
  /** Every check passed, nothing was left behind, and the run was not interrupted. */
  readonly passed: boolean;
  /** When it began, as an ISO 8601 date. */
  readonly began: string;
  readonly seconds: number;
  /** Logs, rules, console output. */
  readonly folder: string;
  /** The single-file report for a browser. Undefined if the run ended before it had a folder. */
  readonly html?: string;
  readonly checks: readonly (Check & { readonly run: string })[];
  readonly portway: PortwayRecord;
  /** Undefined if the run ended before a machine could start. */
  readonly machine?: MachineRecord;
  /** What could not be cleaned up. Empty unless something went wrong. */
  readonly leftBehind: readonly string[];
  /** Why the run ended early, for example `SIGINT`. */
  readonly interrupted?: string;
  /** What kept the labs from being built at all. */
  readonly failure?: string;
  /** What was done before there was any lab. */
  readonly preparation: readonly StepRecord[];
  readonly runs: readonly RunRecord[];
}

/** The Portway that was rehearsed. */
export interface PortwayRecord {
  /** As in package.json. */
  readonly version: string;
  /** The checked out commit. Undefined if the folder is no checkout. */
  readonly commit?: string;
  /** Whether files differ from that commit. */
  readonly changed?: boolean;
}

/** What the gateways ran on. */
export interface MachineRecord {
  /** The system of the VMs, such as `debian-13`. */
  readonly os: string;
  /** The emulator's version. */
  readonly qemu: string;
  /** `kvm`: the machine's own processor. `tcg`: software emulation, several times slower. */
  readonly acceleration: 'kvm' | 'tcg';
}

/** One gateway's part of a rehearsal. */
export interface RunRecord {
  /** Also names the run's folder. */
  readonly name: string;
  readonly cases: readonly CaseRecord[];
  readonly steps: readonly StepRecord[];
  /** The gateway as the EC2 API described it; undefined if the deploy did not get that far, and of a fleet. */
  readonly gateway?: GatewayRecord;
  /** Whether it is about a fleet, whose lab has no picture. Default: false. */
  readonly isFleet?: boolean;
  /** IPv4 addresses of the lab's hosts that the stack's forwards name: their targets, and clients that only they admit. */
  readonly hosts: readonly string[];
  /** What the lab did because of the EC2 API. */
  readonly events: readonly EventRecord[];
  readonly scans: readonly Scan[];
  /** Files with rules and logs, in the rehearsal's folder under the run's name, in reading order. */
  readonly files: readonly string[];
}

/** The result of a case. `not run`: a check with its name says why. */
export interface CaseRecord {
  readonly name: string;
  readonly about: string;
  readonly result: 'passed' | 'failed' | 'cut short' | 'not run';
}

export interface StepRecord {
  readonly title: string;
  /** Seconds after the rehearsal began. Undefined: it was never started. */
  readonly begin?: number;
  /** How long it took. Undefined: it was not started, or did not end. */
  readonly seconds?: number;
  readonly result: 'passed' | 'failed' | 'skipped' | 'cut short';
}

export interface EventRecord {
  /** Seconds after the rehearsal began. */
  readonly at: number;
  readonly instanceId: string;
  /** `launched`, `stopped`, `address`, ... */
  readonly what: string;
  readonly detail?: string;
}

export interface GatewayRecord {
  readonly instanceId: string;
  readonly instanceType: string;
  readonly privateIp: string;
  /** The Elastic IP. */
  readonly publicIp: string;
  readonly userDataBytes: number;
  readonly securityGroups: readonly SecurityGroupRules[];
}
