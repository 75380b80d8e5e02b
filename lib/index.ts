/**
 * The construct library's public interface, and the types of what `portway … --json` prints: import from here, not from the
 * files behind it.
 */

export type { CdkStackProps } from './constructs/cdk-stack-props';
export type { DnsProps } from './constructs/dns';
export type { GatewayEgressProps } from './constructs/egress';
export type { ExistingEipProps } from './constructs/fixed-address';
export type { Gateway } from './constructs/gateway';
export type { LiveChangeProps } from './constructs/live-change';
export type { LoginKeyProps } from './constructs/login-key';
export type { AmiProps, MachineProps } from './constructs/machine';
export type { Network } from './constructs/network';
export type { OnChange } from './constructs/on-change';
export { contextProps } from './context';
export type { Confirm, ConfirmProbe } from './forward/confirm';
export {
  type Engine,
  Forward,
  type ForwardKind,
  type HttpForwardProps,
  type HttpsForwardProps,
  type ProtocolForwardProps,
  type TlsForwardProps,
  type TransportForwardProps,
} from './forward/forward';
export type { GatewaySettingsProps } from './forward/gateway-settings';
export {
  type CloudFrontSources,
  type CountrySources,
  type PrefixListSources,
  Sources,
  type UrlSources,
} from './forward/known-sources';
export type { ListsProps, SourceSpec } from './forward/lists';
export { failWithProblems, PortwayError } from './forward/problems';
export type { ForwardSet } from './forward/resolve';
export type { ResolvedForward } from './forward/resolved';
export type { CommonForwardProps } from './forward/sources';
export { type LetsEncryptProps, Tls } from './forward/tls';
export type { Imported, ImportedForward, Remark } from './import/imported';
export type { StackLogs } from './operate/logs-command';
export type { Verified } from './operate/verified';
export type { Comparison } from './plan/change/comparison';
export type { Plan } from './plan/plan';
export { PortGateway } from './port-gateway';
export type { PortGatewayProps } from './port-gateway-props';
export { PortwayStack } from './portway-stack';
export type { PortwayStackProps } from './portway-stack-props';
