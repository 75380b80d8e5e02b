import type { Plan } from '../../lib/plan/plan';
import type { PortwayFleetProps } from '../../lib/portway-fleet-props';
import type { PortwayStackProps } from '../../lib/portway-stack-props';
import type { Deployed } from './aws/deployed';
import type { Endpoint } from './aws/endpoint';
import type { Checks } from './checks';
import type { FleetStage } from './fleet/stage';
import type { Instances } from './instances';
import type { Lab } from './lab';
import type { SshAnswer } from './network/probe';
import type { Note } from './report/steps';
import type { Targets } from './targets';
import type { Vm } from './vm/qemu';

/** A change or failure that a team wants to see before it happens. Each has a folder in rehearsal/cases. */
export interface RehearsalCase {
  /** One line for `portway rehearse --list`: what happens, and what must hold afterwards. */
  readonly about: string;
  /**
   * Versions of the case's own stack, by name. The first is deployed before the steps begin; steps deploy the others.
   * Default: the case works with any stack and uses the one being rehearsed.
   */
  readonly versions?: Readonly<Record<string, Version>>;
  /** The same for a case about a fleet. Default: it is about one gateway. */
  readonly fleet?: Readonly<Record<string, FleetVersion>>;
  /** Run in this order. The gateway is up when the first begins, and must be up again after the last. */
  readonly steps: readonly CaseStep[];
  /**
   * Whether the case leaves the gateway changed (another version, another disk). On that gateway, only cases with `takesAny` can
   * follow. Default: false, and the case runs before those that change the gateway.
   */
  readonly leavesChanged?: boolean;
  /**
   * Whether the case can start from any gateway that forwards, because its steps deploy versions of their own or destroy the stack.
   * Default: false, and it starts from the first version on its first disk.
   */
  readonly takesAny?: boolean;
}

/** Props of a PortwayStack; the admin, the login key and the synthesizer are the rehearsal's. */
export interface Version extends Omit<PortwayStackProps, 'adminCidr' | 'sshPublicKey' | 'synthesizer'> {
  /**
   * A file with the template that an earlier Portway wrote for these props: it is deployed in place of today's. Its key pair
   * becomes that of the rehearsal.
   */
  readonly storedTemplate?: string;
}

/** Props of a PortwayFleet; the admin, the login key and the synthesizer are the rehearsal's. */
export interface FleetVersion
  extends Omit<PortwayFleetProps, 'adminCidr' | 'sshPublicKey' | 'synthesizer' | 'signalTimeout'> {
  /** The props' `signalTimeout`, which is the group's grace period too, in minutes. A number, since listing cases does not load the CDK. */
  readonly bootMinutes: number;
}

export interface CaseStep {
  readonly title: string;
  /** An exception ends the case; a failed check does not. */
  run(stage: Stage, note: Note): Promise<void>;
}

/** How a deploy by the real CDK CLI ended. */
export interface DeployResult {
  readonly ok: boolean;
  /** Seconds from the CLI's start to its end. */
  readonly seconds: number;
  /** The CLI's essential lines. For a failed deploy: the failed resources with their full reasons. */
  readonly lines: readonly string[];
}

/** What a case can use. The lab follows the endpoint's EC2 API on its own: it starts, stops and replaces machines and moves addresses. */
export interface Stage {
  /** Records this case's checks. Their phase is the case's name. */
  readonly checks: Checks;
  readonly phase: string;
  readonly endpoint: Endpoint;
  readonly lab: Lab;
  /** Further hosts of the lab, made on demand. */
  readonly targets: Targets;
  /** What the lab did to follow the EC2 API, with times. */
  readonly instances: Instances;
  /** What synth promised for the version that is deployed. */
  readonly plan: Plan;
  /** The versions that can be deployed. */
  readonly versions: readonly string[];
  /** The run's own folder. */
  readonly folder: string;
  /** The fixed address; of a fleet that of its first zone. */
  readonly address: string;
  /** A fleet's hosts and balancer. @throws Error when a gateway is rehearsed */
  readonly fleet: FleetStage;
  /** Why the rehearsal's admin cannot log in to this stack's gateway. Undefined: the admin can. */
  readonly noLogin: string | undefined;
  /** The gateway as the EC2 API describes it now. */
  gateway(): Promise<Deployed>;
  /** The machine of the present gateway, or of another instance. */
  vm(instanceId?: string): Vm;
  /** Runs a command on the gateway as `admin`, who may use `sudo`, from the admin's network. Default limit: 30 seconds. */
  ssh(command: string, seconds?: number): Promise<SshAnswer>;
  /** Deploys a version with the real CLI, and waits until it has ended. Context values are as for `-c`. */
  deploy(version: string, context?: Readonly<Record<string, string>>): Promise<DeployResult>;
  /** What `cdk diff` prints for a version compared with the deployed one. */
  diff(version: string): Promise<string>;
  /** Waits until a stranger gets an answer on port 80. @returns the seconds it took @throws Error after `limit` seconds */
  answered(limit?: number): Promise<number>;
  /**
   * Sends requests as a stranger at a steady rate, and reports what came back: measures downtime and lost requests.
   * @param rate requests a second. Default: 20, a noticeable load for an emulated processor. Fewer are enough to measure downtime in seconds
   */
  watch(url?: string, rate?: number): Watch;
  /**
   * Opens a TCP connection to a port of the gateway as a stranger, and asks over it twice a second: measures whether a change cuts it.
   * @param address Default: that of the gateway
   */
  hold(port: number, address?: string): Hold;
}

/** Requests at a steady rate, sent by a separate process. */
export interface Watch {
  /** Ends it. */
  stop(): Promise<WatchResult>;
}

/** A TCP connection that is held open, by a separate process. */
export interface Hold {
  /** Ends it. */
  stop(): Promise<HoldResult>;
}

export interface HoldResult {
  /** Requests that were answered over it. */
  readonly exchanges: number;
  /** What ended it before its time; null: it was open to the end. */
  readonly broken: string | null;
  /** The longest time that an answer took, in seconds. */
  readonly longest: number;
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
