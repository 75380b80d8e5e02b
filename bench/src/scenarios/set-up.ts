import { ADDRESS, until } from '../../../test/host/support/host';
import type { Carrying } from '../carriers/contenders';
import type { Job } from '../carriers/job';
import { APPLICATION_PORT, type Lane } from '../lab/lane';

export const WEB: Job = { protocol: 'tcp', listen: 80, port: APPLICATION_PORT };
export const SECURE_WEB: Job = { ...WEB, listen: 443 };

/** Where a contender's clients connect for a job. */
export function endpoint(lane: Lane, contender: Carrying, job: Job): { host: string; port: number } {
  return contender.direct ? { host: lane.target, port: job.port } : { host: ADDRESS.gateway.v4, port: job.listen };
}

/**
 * Makes a contender carry jobs; the last one leads to the application.
 * @returns where clients ask for it
 * @throws Error if the listener was open before, or does not lead to the application now
 */
export async function carryWeb(
  lane: Lane,
  contender: Carrying,
  jobs: readonly Job[] = [contender.tls ? SECURE_WEB : WEB],
): Promise<string> {
  const job = jobs.at(-1) ?? WEB;
  const { host, port } = endpoint(lane, contender, job);
  const url = `http${contender.tls ? 's' : ''}://${host}:${port}/`;
  if (!contender.direct && (await lane.answers(url)))
    throw new Error(`${url} answers before ${contender.name} is there`);
  await contender.carrier(lane, jobs);
  await until(`${contender.name} leads ${url} to the application`, () => lane.answers(url));
  return url;
}
