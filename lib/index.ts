/**
 * The construct library's public interface, and the types of what `portway … --json` prints: import from here, not from the
 * files behind it.
 */

export type { CdkStackProps } from './constructs/cdk-stack-props';
export type { GatewayDashboardProps } from './constructs/dashboard';
export type { DnsProps } from './constructs/dns';
export type { GatewayEgressProps } from './constructs/egress';
export type { ExistingEipProps } from './constructs/fixed-address';
export type { CapacityProps } from './constructs/fleet/capacity';
export type { Fleet } from './constructs/fleet/fleet';
export type { Gateway } from './constructs/gateway';
export type { LiveChangeProps } from './constructs/live-change';
export type { LoginKeyProps } from './constructs/login-key';
export type { AmiProps, MachineProps } from './constructs/machine';
export type { AlarmsProps, GatewayMonitoringProps } from './constructs/monitoring';
export type { Network } from './constructs/network';
export type { OnChange } from './constructs/on-change';
export { contextProps } from './context';
export type { HostedZoneSource, LetsEncryptDns } from './forward/acme-zone';
export type { Balance, HttpBalance, TransportBalance } from './forward/balance';
export type { Confirm, ConfirmProbe } from './forward/confirm';
export type { FailoverProps, HttpFailoverProps, Resend } from './forward/failover';
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
export type { PortRange, PortSpec } from './forward/ports';
export { failWithProblems, PortwayError } from './forward/problems';
export type { FailedLogins, ProtectProps } from './forward/protect';
export type { ForwardSet } from './forward/resolve';
export type { ResolvedForward } from './forward/resolved';
export type { CommonForwardProps } from './forward/sources';
export { type LetsEncryptProps, type SecretSource, Tls } from './forward/tls';
export type { StreamBalance, TlsHostProps } from './forward/tls-hosts';
export type { ProxyProtocolProps, ProxyProtocolSource } from './forward/trusted-proxies';
export type { Architecture, OperatingSystemId } from './host/operating-system';
export type { BlockedSource, BlockedSources } from './host/outputs/blocked';
export type { Explained, ExplainedPacket, ExplainedStep } from './host/outputs/explain';
export type { HostHistory, ProvedContent } from './host/outputs/history';
export type { ForwardRates, ForwardStatus, HostStatus, TargetStatus } from './host/outputs/status';
export type { DroppedPackets, HostTop, SourceActivity } from './host/outputs/top';
export type { CacheProps } from './http/cache-props';
export type { ErrorPageProps } from './http/errors';
export type { HstsProps } from './http/hsts';
export type { HttpLimits } from './http/limits';
export type { HttpLogs, LogLevel } from './http/logs';
export type { HttpProtocol } from './http/protocol';
export type { HttpHostProps, HttpPathProps } from './http/route-props';
export type { Streaming } from './http/streams';
export type { HttpTimeouts } from './http/timeouts';
export type { Imported, ImportedForward, Remark } from './import/imported';
export type { EgressProps } from './kernel/egress';
export type { HealthCheckProps } from './kernel/health-check';
export type { ForwardLimits } from './kernel/limits/limits';
export type { MetadataUsers } from './kernel/metadata-users';
export type { MonitoringProps, PrometheusProps } from './kernel/monitoring';
export type { VerifiedFleet, VerifiedHost } from './operate/fleet/verified';
export type { HostWords } from './operate/host-words';
export type { Difference as HostsDifference, HostsStatus } from './operate/hosts/status';
export type { HostsTop, SourceOfHosts } from './operate/hosts/top';
export type { HostLog, StackLogs } from './operate/logs-command';
export type { Verified } from './operate/verified';
export type { PlannedAnnotation } from './plan/annotations';
export type { Change } from './plan/change/change';
export type { Comparison } from './plan/change/comparison';
export type { PlannedFetchedList, PlannedList, PlannedListNames } from './plan/lists';
export type {
  Plan,
  PlannedCertificate,
  PlannedCost,
  PlannedForward,
  PlannedGateway,
  PlannedRedirect,
  PlannedRule,
  PlannedSite,
  PlannedTarget,
  PlannedTlsHost,
} from './plan/plan';
export { PortGateway } from './port-gateway';
export type { PortGatewayProps } from './port-gateway-props';
export { PortwayFleet } from './portway-fleet';
export type { PortwayFleetProps } from './portway-fleet-props';
export { PortwayStack } from './portway-stack';
export type { PortwayStackProps } from './portway-stack-props';
