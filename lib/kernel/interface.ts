import type { ForwardOption } from './feature';

/** @category With engine iptables */
export interface InterfaceProps {
  /**
   * The network interface that clients come in on, such as `wg0`, or `wg+` for all that begin with `wg`. The
   * gateway's own connections are then not forwarded.
   * @default every interface
   * @refused what cannot be an interface's name (at most 15 characters); engine nginx
   */
  readonly interface?: string;
}

declare module './values' {
  interface KernelForwardValues extends InterfaceProps {}
}

/** `interface`: destinations and sources match it. */
export const onInterface: ForwardOption<InterfaceProps, InterfaceProps> = {
  on: 'forward',
  props: { interface: true },
  read(at, { interface: name }, problems) {
    if (name === undefined) return {};
    // A name that Linux accepts. A plus at the end matches any characters: see iptables(8), --in-interface.
    if (typeof name !== 'string' || !/^[a-z0-9_.-]{1,15}\+?$/i.test(name) || name.length > 15)
      problems.add(
        `${at}.interface`,
        'must be the name of a network interface such as wg0, or of several such as wg+, at most 15 characters',
        name,
      );
    return { interface: name };
  },
};

/** The match of an iptables rule; empty for every interface. */
export function matchInterface(name: string | undefined): string {
  return name === undefined ? '' : `-i ${name}`;
}
