import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { containsCidr } from 'cidr-tools';
import type { Cleanup } from './cleanup';
import type { VmImage } from './image/image';
import { INTERNET, macOf, subnetOf, VPC } from './network/addresses';
import type { BalancerPlacement } from './network/balancer-rules';
import { type Placement, routerRules, type SecurityRules } from './network/firewall';
import { type Ipv6Map, ipv6Map } from './network/ipv6';
import { Namespaces } from './network/namespaces';
import { Probe } from './network/probe';
import { addTap, layIpv6, layNetwork, routeBackends } from './network/topology';
import type { Backend } from './services/backend';
import { type InstanceDescription, imdsDocument } from './services/instance';
import { Services } from './services/services';
import { Vm } from './vm/qemu';

export interface LabOptions {
  /** Folder for logs, disks and the services' data. Created if missing. */
  folder: string;
  cleanup: Cleanup;
  /** The lab's unique name on this machine: letters, digits and hyphens, at most 31. */
  id: string;
  image: VmImage;
  /** Unix socket of the signal endpoint, reachable as cloudformation-waitcondition.rehearsal.internal. */
  signalSocket?: string | undefined;
  /** Unix socket of AWS's services, reachable by their own names. Default: they do not answer. */
  apiSocket?: string | undefined;
  /** Over how many zones the instances are. Default: 1. Backends are in a lab with one zone only. */
  zones?: number | undefined;
  /** Additional names for the VPC's resolver. */
  names?: Record<string, string> | undefined;
  /** Whether its machines count their instructions. Default: false. */
  counted?: boolean | undefined;
}

/** An instance as the EC2 API describes it: what the lab needs to run it. */
export interface LabInstance extends InstanceDescription {
  /** Served as user-data, byte for byte. */
  userData: Uint8Array;
  rules: SecurityRules;
  /** False: the instance may send and receive packets for other addresses. Default: true. */
  sourceDestCheck?: boolean | undefined;
  /** Virtual CPUs. Default: 1. */
  cpus?: number | undefined;
  memoryMib?: number | undefined;
}

/** A balancer with its security groups' rules. */
export interface LabBalancer extends BalancerPlacement {
  readonly rules: SecurityRules;
}

interface Entry {
  instance: LabInstance;
  placement: Placement;
}

/**
 * A rehearsal's own small internet: parties, a VPC with its router, and the instances behind it. Everything it starts or
 * creates is on the cleanup stack.
 */
export class Lab {
  readonly folder: string;
  readonly probe: Probe;
  readonly namespaces: Namespaces;
  readonly #options: LabOptions;
  readonly #services: Services;
  readonly #entries = new Map<string, Entry>();
  #ipv6: Ipv6Map | undefined;
  #launched = 0;
  #imdsAnswers = true;
  #balancer: LabBalancer | undefined;

  private constructor(options: LabOptions, namespaces: Namespaces, services: Services) {
    this.folder = options.folder;
    this.#options = options;
    this.namespaces = namespaces;
    this.#services = services;
    this.probe = new Probe(namespaces, options.folder);
  }

  static async start(options: LabOptions): Promise<Lab> {
    await mkdir(options.folder, { recursive: true });
    const { id, cleanup, zones } = options;
    const namespaces = await Namespaces.create(id, cleanup);
    await layNetwork(namespaces, zones);
    const lab = new Lab(options, namespaces, await Services.start({ ...options, namespaces }));
    await lab.#applyRules();
    return lab;
  }

  /**
   * Adds an instance: its metadata, DHCP lease, route, and a machine that is still off. Until an Elastic IP is associated it has
   * a public address of its own, as in a subnet that assigns one at launch.
   */
  async launch(instance: LabInstance): Promise<Vm> {
    const { instanceId, privateIp, ipv6, instanceType, hopLimit, rules, sourceDestCheck } = instance;
    if (this.#entries.has(instanceId)) throw new Error(`the instance ${instanceId} is in the lab already`);
    const subnets = Array.from({ length: this.#options.zones ?? 1 }, (_, zone) => subnetOf(zone).cidr);
    if (!containsCidr(subnets, privateIp)) {
      throw new Error(
        `the lab's subnet is ${subnets.join(', ')}, but ${instanceId} has the private address ${privateIp}`,
      );
    }
    await this.#layIpv6(instance);
    const number = this.#launched++;
    const tap = `tap${number}`;
    this.#entries.set(instanceId, {
      instance,
      placement: { privateIp, ipv6: ipv6?.address, sourceDestCheck, publicIp: launchAddress(number), hopLimit, rules },
    });
    await addTap(this.namespaces, tap);
    await this.#publish(instanceId);
    await this.#setLeases();
    if (this.#ipv6) await this.#services.advertise(this.#ipv6);
    await this.#applyRules();
    return new Vm({
      name: instanceId,
      image: this.#options.image,
      folder: this.folder,
      cleanup: this.#options.cleanup,
      enter: this.namespaces.enter('vpc'),
      tap,
      mac: macOf(privateIp),
      instanceId,
      instanceType,
      cpus: instance.cpus,
      memoryMib: instance.memoryMib,
      counted: this.#options.counted,
    });
  }

  /** Removes an instance whose machine is off for good. Its address can be reused. */
  async terminate(instanceId: string): Promise<void> {
    const { privateIp } = this.#entry(instanceId).placement;
    this.#entries.delete(instanceId);
    const base = this.#metadataOf(privateIp);
    await Promise.all([rm(`${base}.json`), rm(`${base}.user-data`)]);
    await this.#setLeases();
    await this.#applyRules();
  }

  /** Replaces the user-data of the metadata service. The instance sees it at its next boot. */
  async setUserData(instanceId: string, userData: Uint8Array): Promise<void> {
    this.#entry(instanceId).instance.userData = userData;
    await this.#publish(instanceId);
  }

  /** Changes the tags that the metadata service shows, while the instance runs. */
  async setMetadataTags(instanceId: string, tags: LabInstance['metadataTags']): Promise<void> {
    this.#entry(instanceId).instance.metadataTags = tags;
    await this.#publish(instanceId);
  }

  /** Changes the instance type that the metadata service reports. */
  async setInstanceType(instanceId: string, instanceType: string): Promise<void> {
    this.#entry(instanceId).instance.instanceType = instanceType;
    await this.#publish(instanceId);
  }

  /** Replaces an instance's security group rules. As on EC2, open connections stay open. */
  async setSecurityRules(instanceId: string, rules: SecurityRules): Promise<void> {
    this.#entry(instanceId).placement.rules = rules;
    await this.#applyRules();
  }

  /** Switches EC2's source/destination check of an instance. */
  async setSourceDestCheck(instanceId: string, check: boolean): Promise<void> {
    this.#entry(instanceId).placement.sourceDestCheck = check;
    await this.#applyRules();
  }

  /**
   * Associates an Elastic IP, which replaces the instance's public address. Its connections over the old address break, as on
   * EC2.
   */
  async associateAddress(instanceId: string, address: string): Promise<void> {
    const entry = this.#entry(instanceId);
    for (const [id, { placement }] of this.#entries) {
      if (id === instanceId || placement.publicIp !== address) continue;
      // An instance that loses the address gets a new one at once, as EC2 does for one that had an address from launch.
      placement.publicIp = launchAddress(this.#launched++);
      await this.#publish(id);
    }
    entry.placement.publicIp = address;
    await this.#publish(instanceId);
    await this.#applyRules();
    await this.namespaces.run('vpc', ['conntrack', '--flush']);
  }

  /** Disassociates the Elastic IP. The instance gets a public address of its own again. */
  async disassociateAddress(address: string): Promise<void> {
    for (const [id, { placement }] of this.#entries) {
      if (placement.publicIp !== address) continue;
      placement.publicIp = launchAddress(this.#launched++);
      await this.#publish(id);
    }
    await this.#applyRules();
    await this.namespaces.run('vpc', ['conntrack', '--flush']);
  }

  /**
   * Routes the backends' traffic to the internet through this instance, as a route table with it as target would. Covers each
   * IP version that the instance has.
   */
  async routeBackendsThrough(instanceId: string): Promise<void> {
    const { privateIp, ipv6 } = this.#entry(instanceId).instance;
    await routeBackends(this.namespaces, privateIp, VPC.cidr);
    if (ipv6) await routeBackends(this.namespaces, ipv6.address, ipv6.vpc);
  }

  /** Sets what stands for a fleet's balancer, and which hosts get its new connections. Open ones stay where they are. */
  async setBalancer(balancer: LabBalancer): Promise<void> {
    this.#balancer = balancer;
    await this.#applyRules();
  }

  /**
   * Forgets the connections by way of the balancer to a host: a balancer ends those to a host that has become unhealthy. The next
   * packet meets another host, which resets it.
   */
  async endConnections(privateIp: string): Promise<void> {
    // It fails when there are none.
    const command = ['conntrack', '--delete', '--mark', '1', '--reply-src', privateIp];
    await this.namespaces.run('vpc', command).catch(() => undefined);
  }

  /** How many TCP connections by way of the balancer to a host are open. */
  async openConnections(privateIp: string): Promise<number> {
    const command = ['conntrack', '--dump', '--proto', 'tcp', '--state', 'ESTABLISHED', '--mark', '1'];
    const { stdout } = await this.namespaces.run('vpc', [...command, '--reply-src', privateIp]);
    return stdout.split('\n').filter((line) => line.includes('ESTABLISHED')).length;
  }

  /** The VPC's IPv6 side; undefined until an instance with an IPv6 address is launched. */
  get ipv6(): Ipv6Map | undefined {
    return this.#ipv6;
  }

  /** An instance's address on the internet: an Elastic IP, or the one that it got at launch. */
  publicIpOf(instanceId: string): string {
    return this.#entry(instanceId).placement.publicIp;
  }

  /** One of the hosts behind the gateway. Its application can be stopped and started. */
  backend(address: string): Backend {
    const backend = this.#services.backends.find((one) => one.address === address);
    if (!backend) throw new Error(`there is no backend ${address} in the lab`);
    return backend;
  }

  /** Silences the metadata service, or lets it answer again. */
  async setImds(answers: boolean): Promise<void> {
    this.#imdsAnswers = answers;
    await this.#applyRules();
  }

  /** The first instance with IPv6 makes the VPC dual-stack. */
  async #layIpv6({ ipv6 }: LabInstance): Promise<void> {
    if (!ipv6) return;
    if (!this.#ipv6) {
      this.#ipv6 = ipv6Map(ipv6);
      await layIpv6(this.namespaces, this.#ipv6);
    }
    if (!containsCidr(this.#ipv6.subnet, ipv6.address))
      throw new Error(`the lab's IPv6 subnet is ${this.#ipv6.subnet}, but an instance has ${ipv6.address}`);
  }

  #entry(instanceId: string): Entry {
    const entry = this.#entries.get(instanceId);
    if (!entry) throw new Error(`there is no instance ${instanceId} in the lab`);
    return entry;
  }

  async #publish(instanceId: string): Promise<void> {
    const { instance, placement } = this.#entry(instanceId);
    const base = this.#metadataOf(placement.privateIp);
    const document = imdsDocument(instance, placement.publicIp, this.#options.image.architecture);
    await writeFile(`${base}.user-data`, instance.userData);
    // Replaces the file as a whole, since the running instance may read it at any time.
    await writeFile(`${base}.new`, JSON.stringify(document, null, 2));
    await rename(`${base}.new`, `${base}.json`);
  }

  /** The metadata service's data for an address. */
  #metadataOf(privateIp: string): string {
    return join(this.#services.imdsFolder, privateIp);
  }

  async #setLeases(): Promise<void> {
    await this.#services.setLeases(
      [...this.#entries.values()].map(({ placement: { privateIp: address, ipv6 } }) => ({
        mac: macOf(address),
        address,
        ipv6,
        name: `ip-${address.replaceAll('.', '-')}`,
      })),
    );
  }

  async #applyRules(): Promise<void> {
    const placements = [...this.#entries.values()].map(({ placement }) => placement);
    const rules = routerRules(placements, this.#imdsAnswers, this.#balancer);
    await writeFile(join(this.folder, 'router.nft'), rules);
    await this.namespaces.run('vpc', ['nft', '-f', '-'], { stdin: { string: rules } });
    // The internet gets a route to each address in use. All others are unreachable.
    const routes = [...placements, ...(this.#balancer?.nodes ?? [])].map(
      ({ publicIp }) => `route replace ${publicIp}/32 via ${INTERNET.transit.vpc}`,
    );
    if (routes.length > 0) await this.namespaces.ip('internet', routes);
  }
}

/** The public address that the n-th instance gets at launch. */
function launchAddress(number: number): string {
  const [a, b, c, d] = INTERNET.firstPublic.split('.').map(Number);
  return `${a}.${b}.${c}.${(d ?? 0) + number}`;
}
