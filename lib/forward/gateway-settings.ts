import type { GatewayOptionProps } from '../kernel/features';
import { readGatewayOptions } from '../kernel/options';
import type { GatewayValues } from '../kernel/values';
import type { SshWay } from './admin';
import type { Cidr } from './cidr';
import { type Lists, NO_LISTS } from './lists';
import { Problems } from './problems';

/**
 * What the host does besides its forwards, whatever their engines.
 * @category In the kernel
 */
export interface GatewaySettingsProps extends GatewayOptionProps {}

/** The checked settings. */
export interface GatewaySettings extends GatewayValues {}

/**
 * The settings from the props.
 * @param admin the network that must never be locked out
 * @param ssh how people log in
 */
export function readGatewaySettings(
  props: GatewaySettingsProps,
  admin: Cidr | undefined,
  problems: Problems,
  lists: Lists = NO_LISTS,
  ssh: SshWay = 'direct',
): GatewaySettings {
  return readGatewayOptions(props, { admin, ssh, ipv6: props.ipv6 === true, lists }, problems);
}

/** A gateway that only has forwards. */
export const NO_SETTINGS: GatewaySettings = readGatewaySettings({}, undefined, new Problems());
