import { type FleetClients, withFleetClients } from '../../../../lib/operate/fleet/clients';
import type { PromisedFleet } from '../../../../lib/operate/fleet/promised-fleet';
import { readResources, type StackResources } from '../../../../lib/operate/fleet/stack-resources';
import { verifyFleet } from '../../../../lib/operate/fleet/verified-fleet';
import { type Promised, readPromised } from '../../../../lib/operate/promised';
import type { Verified } from '../../../../lib/operate/verified';
import type { PortwayFleetProps } from '../../../../lib/portway-fleet-props';
import type { FleetLab } from '../../../../rehearsal/test/support/fleet-lab';
import { alterAnswers, line } from '../../told';

/** A kind of drift, and the line that tells it. */
export interface Drift {
  /** Does it. Returns how to undo it. */
  readonly by: (lab: FleetDriftLab) => Promise<() => Promise<unknown>>;
  readonly found: RegExp;
  /** How many seconds later it is found. */
  readonly later?: number;
}

export type Drifts = Readonly<Record<string, Drift>>;

/** A fleet that the real CLI deployed to the local endpoint. Its hosts are not booted; their consoles have what one says. */
export class FleetDriftLab {
  /** Changes what the clients of a look are told. */
  alterAnswer: (clients: FleetClients) => void = () => undefined;

  private constructor(
    private readonly lab: FleetLab,
    readonly promised: Promised & { readonly fleet: PromisedFleet },
    private readonly resources: StackResources,
    readonly ids: readonly string[],
  ) {}

  /** Deploys. The clients of AWS must be those of the endpoint by then. */
  static async start(lab: FleetLab, props: Partial<PortwayFleetProps>): Promise<FleetDriftLab> {
    const [one] = await readPromised(lab.synth(props), undefined);
    if (one?.fleet === undefined) throw new Error('the app must have a fleet');
    const resources = await withFleetClients(undefined, ({ formation }) => readResources(formation, 'Fleet'));
    const made = new FleetDriftLab(lab, { ...one, fleet: one.fleet }, resources, await lab.ids());
    for (const id of made.ids) await made.says(id, made.booted());
    return made;
  }

  readonly ask = <T>(use: (clients: FleetClients) => Promise<T>): Promise<T> => withFleetClients(undefined, use);
  readonly scaling = (action: string, words: Words) => this.lab.scaling(action, words);
  readonly elb = (action: string, words: Words) => this.lab.elb(action, words);
  readonly name = (id: string) => this.resources.name(id);
  readonly first = (parts: readonly { readonly id: string }[]) => this.name(parts[0]?.id ?? '');

  booted(): readonly string[] {
    return [line(0, `content ${this.promised.files}`), line(0, 'forwards are up')];
  }

  /** What a host's console shows. */
  says(id: string, lines: readonly string[]): Promise<unknown> {
    return this.lab.showConsole(id, [...lines, '']);
  }

  /** @param later seconds from now on the clock of the one who looks */
  look(later = 0): Promise<Verified> {
    return this.ask((clients) => {
      this.alterAnswer(clients);
      return verifyFleet(this.promised, clients, false, new Date(Date.now() + later * 1000));
    });
  }
}

export type Words = Readonly<Record<string, string>>;

/** Drift that the local endpoint has no action for: an answer of an API is changed on its way. */
export function answered<T>(
  of: keyof FleetClients,
  command: string,
  alter: (output: T, lab: FleetDriftLab) => void,
): Drift['by'] {
  return async (lab) => {
    lab.alterAnswer = (clients) =>
      alterAnswers<T>(clients[of] as FleetClients['ec2'], command, (output) => alter(output, lab));
    return async () => {
      lab.alterAnswer = () => undefined;
    };
  };
}
