import type { Clients } from './clients';
import { consoleOf } from './console';
import type { VerifiedFleet } from './fleet/verified';
import { type Found, readFound } from './found';
import { type SeenFromHere, seenFromHere } from './from-here/from-here';
import { agesNotes, type HostAges, hostAges } from './host-ages';
import { type HostProof, readProof } from './host-proof';
import { type HostState, hostState } from './host-state';
import { type HostTells, hostTells } from './host-tells';
import { parameterDifferences, readParameters } from './parameters';
import type { Promised } from './promised';
import { differences } from './verify';

/** What `portway verify --json` prints for each gateway, by its path. */
export interface Verified {
  /** The Elastic IP. Omitted: there is none, or it is a fleet. */
  readonly address?: string;
  /** Omitted: the address leads to no instance, or it is a fleet. */
  readonly instanceId?: string;
  /** When the host, or enough hosts of a fleet, reported to CloudFormation that it runs the app's content, in ISO 8601. Omitted: not yet. */
  readonly reported?: string;
  /** A fleet's addresses and hosts. Omitted: it is a single gateway. */
  readonly fleet?: VerifiedFleet;
  /** The content that it runs by its own word on its console. Omitted: the console has no such line any more. */
  readonly runs?: { readonly content: string; readonly since: string };
  /** How old the kernel and nginx are that run, by its own word on its console. Omitted: the console does not say. */
  readonly ages?: HostAges;
  /** A line for each difference. Empty: all is as the app says. */
  readonly differences: readonly string[];
  /** What is worth knowing and no difference. */
  readonly notes: readonly string[];
}

/**
 * Compares a deployed gateway with its template, by what AWS, the host's console and a look from here tell. Changes nothing.
 *
 * @param probe whether to connect to the gateway, as a stranger does
 */
export async function verify(promised: Promised, { formation, ec2, ssm }: Clients, probe = true): Promise<Verified> {
  const [found, values, proof] = await Promise.all([
    readFound(promised, ec2),
    readParameters(promised, ssm),
    readProof(promised, formation),
  ]);
  const { address, gateway } = found;
  const console = gateway === undefined ? '' : await consoleOf(ec2, gateway.instanceId);
  const state = hostState(console);
  const ages = hostAges(console);
  const tells = ofHost(promised, found, proof, state);
  const seen = probe ? await fromHere(promised, found) : { differences: [] };
  return {
    ...(address === undefined ? {} : { address }),
    ...(gateway === undefined ? {} : { instanceId: gateway.instanceId }),
    ...ownWords(proof, state),
    ...(ages === undefined ? {} : { ages }),
    differences: [
      ...differences(promised, found),
      ...parameterDifferences(promised.parameters, values),
      ...tells.differences,
      ...seen.differences,
    ],
    notes: [...tells.notes, ...agesNotes(ages), ...(seen.blind === undefined ? [] : [seen.blind])],
  };
}

/** A gateway that is not there, or a host that is told other content, is a difference already. */
function ofHost(promised: Promised, { gateway }: Found, proof: HostProof | undefined, state: HostState): HostTells {
  if (gateway === undefined) return { differences: [], notes: [] };
  const isTold = promised.content === gateway.content && (promised.content !== undefined || proof !== undefined);
  return hostTells({ content: promised.files, isTold }, proof, state);
}

function ownWords(proof: HostProof | undefined, { runs }: HostState): Pick<Verified, 'reported' | 'runs'> {
  return {
    ...(proof?.status.endsWith('_COMPLETE') ? { reported: proof.time.toISOString() } : {}),
    ...(runs === undefined ? {} : { runs: { content: runs.content, since: runs.since.toISOString() } }),
  };
}

/** A gateway that is not there is told already. */
async function fromHere(promised: Promised, { address, gateway }: Found): Promise<SeenFromHere> {
  if (address === undefined || gateway === undefined) return { differences: [] };
  return seenFromHere(promised, { v4: address, v6: gateway.ipv6 });
}
