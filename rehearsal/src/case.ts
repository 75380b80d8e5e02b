import type { Plan } from '../../lib/plan/plan';
import type { PortwayStackProps } from '../../lib/portway-stack';
import type { Deployed } from './aws/deployed';
import type { Endpoint } from './aws/endpoint';
import type { Checks } from './checks';
import type { Instances } from './instances';
import type { Lab } from './lab';
import type { SshAnswer } from './network/probe';
import type { Note } from './report/steps';
import type { Targets } from './targets';
import type { Vm } from './vm/qemu';

/** Something that a team fears, shown before it happens: one folder in rehearsal/cases. */
export interface RehearsalCase {
  /** One line for `portway rehearse --list`: what happens, and what must be so afterwards. */
  readonly about: string;
  /**
   * Contents of the case's own stack, by name. The first one is deployed before the steps begin; a step deploys the others.
   * Default: the case is for any stack, and takes the one that is being rehearsed.
   */
  readonly versions?: Readonly<Record<string, Version>>;
  /** In this order, each after the ones before it. The gateway is up when the first begins, and must be up again after the last. */
  readonly steps: readonly CaseStep[];
  /**
   * The case leaves the gateway in another state than it found it in (another version, another disk): on the same gateway it can
   * be followed only by one that takes any. Default: false, and the case comes before those that do.
   */
  readonly leavesChanged?: boolean;
  /**
   * The case takes the gateway in any state that forwards: its steps deploy contents that no other case deploys, or destroy what is
   * there. Default: false, and it begins with the first version on its first disk.
   */
  readonly takesAny?: boolean;
}

/** Props of a PortwayStack; the admin, the login key and the synthesizer are the rehearsal's. */
export type Version = Omit<PortwayStackProps, 'adminCidr' | 'sshPublicKey' | 'synthesizer'>;

export interface CaseStep {
  readonly title: string;
  /** What goes wrong is thrown and ends the case, or is a failed check and does not. */
  run(stage: Stage, note: Note): Promise<void>;
}

/** How a deploy by the real CDK CLI ended. */
export interface DeployResult {
  readonly ok: boolean;
  /** Seconds from the CLI's start to its end. */
  readonly seconds: number;
  /** What a user saw: the CLI's essential lines, for a failed deploy the failed resources with their whole reason. */
  readonly lines: readonly string[];
}

/** What a case has at hand. The lab does by itself what the endpoint's EC2 API says: starts, stops, replaces, addresses. */
export interface Stage {
  /** This case's checks go here; the phase is the case's name. */
  readonly checks: Checks;
  readonly phase: string;
  readonly endpoint: Endpoint;
  readonly lab: Lab;
  /** Further hosts of the lab, made on demand. */
  readonly targets: Targets;
  /** What the lab did because the EC2 API said so, with times. */
  readonly instances: Instances;
  /** What synth promised for the version that is deployed. */
  readonly plan: Plan;
  /** The run's own folder. */
  readonly folder: string;
  /** The fixed address. */
  readonly address: string;
  /** Why the rehearsal's admin cannot log in to this stack's gateway. Undefined: he can. */
  readonly noLogin: string | undefined;
  /** The gateway as the EC2 API describes it now. */
  gateway(): Promise<Deployed>;
  /** The machine of the present gateway, or of another instance. */
  vm(instanceId?: string): Vm;
  /** Runs a command on the gateway as its administrator, from the admin's network. Default: 30 seconds at most. */
  ssh(command: string, seconds?: number): Promise<SshAnswer>;
  /** Deploys a version with the real CLI, and waits until it has ended. Context values are as for `-c`. */
  deploy(version: string, context?: Readonly<Record<string, string>>): Promise<DeployResult>;
  /** What `cdk diff` prints for a version against what is deployed. */
  diff(version: string): Promise<string>;
  /** Waits until a stranger gets an answer on port 80. @returns the seconds it took @throws Error after `limit` seconds */
  answered(limit?: number): Promise<number>;
  /**
   * Asks again and again over a while, as a stranger, and tells what came back: for downtime and lost requests.
   * @param rate requests a second. Default: 20, which is work for an emulated processor; less is enough for downtime in seconds
   */
  watch(url?: string, rate?: number): Watch;
}

/** Requests at a steady pace, from a process of their own. */
export interface Watch {
  /** Ends it. */
  stop(): Promise<WatchResult>;
}

export interface WatchResult {
  readonly requests: number;
  /** Requests that got no answer, or one of 500 and above. */
  readonly lost: number;
  /** The longest time without a good answer, in seconds. */
  readonly downtime: number;
  /** Statuses and errors with how often they came. */
  readonly seen: Readonly<Record<string, number>>;
}
