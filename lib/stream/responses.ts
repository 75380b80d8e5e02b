import { readWhole } from '../forward/read-value';
import type { TransportOption } from './feature';

export interface ResponsesProps {
  /**
   * How many datagrams a target sends in reply to one from a client (0-1000). The client is then forgotten at once,
   * which saves memory for protocols of one request (DNS: 1; syslog: 0). UDP on nginx only.
   * @default unknown: a client is forgotten after `idleTimeout`
   * @refused TCP; iptables
   * @see https://nginx.org/en/docs/stream/ngx_stream_proxy_module.html#proxy_responses
   */
  readonly responses?: number;
}

declare module './values' {
  interface TransportValues extends ResponsesProps {}
}

export const responses: TransportOption<ResponsesProps, ResponsesProps> = {
  on: 'transport',
  props: { responses: true },
  read(at, props, problems, { transport }) {
    if (props.responses !== undefined && transport === 'tcp')
      problems.add(`${at}.responses`, 'must be left out: TCP knows where a connection ends', props.responses);
    const number = readWhole(`${at}.responses`, props.responses, { from: 0, to: 1000 }, problems);
    return number === undefined ? {} : { responses: number };
  },
  lines: (forward) =>
    forward.kind === 'udp' && forward.responses !== undefined ? [`proxy_responses ${forward.responses};`] : [],
};
