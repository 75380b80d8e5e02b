import type { HttpContext, Options } from './context';
import type { Directive } from './directives';
import type { Scope } from './scope';

/** Limits per client, by `limit_req` and `limit_conn`. `zone` tells which places share a count. */
export function readLimits(scope: Scope, { ledger, http }: HttpContext): Options {
  const limits: Record<string, unknown> = {};
  const zones: string[] = [];
  const [rate, ...moreRates] = scope.all('limit_req').filter((one) => !/^limit_req (off|on)$/.test(one.text));
  const [open, ...moreOpen] = scope.all('limit_conn');
  for (const one of [...moreRates, ...moreOpen]) ledger.remark('lost', one, 'a place has one limit of each kind');
  const statuses = [scope.last('limit_req_status'), scope.last('limit_conn_status')];
  for (const one of statuses) {
    if (one?.args[0] === '429') ledger.take(one);
    else if (one !== undefined) ledger.remark('differs', one, 'requests over a limit get 429');
  }
  if (rate !== undefined) {
    const zone = rate.args.find((arg) => arg.startsWith('zone='))?.slice(5);
    const definition = zoneOf(http, 'limit_req_zone', zone);
    const perSecond = rateOf(definition);
    if (definition === undefined || perSecond === undefined) {
      ledger.remark('unprotected', rate, 'limits count clients by their address');
    } else {
      ledger.take(rate, definition);
      const burst = Number(rate.args.find((arg) => arg.startsWith('burst='))?.slice(6) ?? 0);
      const whole = Math.max(1, Math.round(perSecond));
      if (whole !== perSecond) {
        const more = whole > perSecond ? `, which lets ${factor(whole / perSecond)} as many through` : '';
        ledger.remark('differs', definition, `requestsPerSecond is a whole number: ${whole}${more}`);
      }
      if (whole > 10_000) ledger.remark('differs', definition, 'requestsPerSecond is at most 10000');
      if (burst > 0 && !rate.args.includes('nodelay')) ledger.remark('differs', rate, 'a burst is not slowed down');
      // nginx lets one more request through at once than it says.
      Object.assign(limits, { requestsPerSecond: Math.min(whole, 10_000), burst: Math.min(burst + 1, 10_000) });
      zones.push(zone ?? '');
    }
  }
  if (open !== undefined) {
    const [zone = '', number] = open.args;
    const definition = zoneOf(http, 'limit_conn_zone', zone);
    const most = Number(number);
    if (definition === undefined || !byAddress(definition) || !(most > 0)) {
      ledger.remark('unprotected', open, 'limits count clients by their address');
    } else {
      ledger.take(open, definition);
      limits.openConnections = Math.min(most, 65_535);
      zones.push(zone);
    }
  }
  return zones.length === 0 ? {} : { limits: { ...limits, [ZONE]: zones.join(' ') } };
}

/** Which zones a limit counts in: places share a count only where these are the same. It is no prop. */
export const ZONE = Symbol('zone');

export function zoneOf(http: Scope, name: string, zone: string | undefined): Directive | undefined {
  return http.here(name).find(({ args }) => args.some((arg) => arg.startsWith(`zone=${zone}:`)));
}

export function byAddress({ args }: Directive): boolean {
  return /^\$\{?(binary_remote_addr|remote_addr)\}?$/.test(args[0] ?? '');
}

/** Such as `12 times`. */
function factor(ratio: number): string {
  return `${Number(ratio.toFixed(1))} times`;
}

function rateOf(definition: Directive | undefined): number | undefined {
  if (definition === undefined || !byAddress(definition)) return undefined;
  const match = /^rate=(\d+)r\/([sm])$/.exec(definition.args.find((arg) => arg.startsWith('rate=')) ?? '');
  if (match === null) return undefined;
  const number = Number(match[1]) / (match[2] === 'm' ? 60 : 1);
  return number > 0 ? number : undefined;
}
