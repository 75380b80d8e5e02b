import type { BlockedSources } from '../../lib/host/outputs/blocked';
import type { Explained } from '../../lib/host/outputs/explain';
import type { HostHistory } from '../../lib/host/outputs/history';
import type { HostStatus } from '../../lib/host/outputs/status';
import type { HostTop } from '../../lib/host/outputs/top';
import type { Imported } from '../../lib/import/imported';
import type { HostsStatus } from '../../lib/operate/hosts/status';
import type { HostsTop } from '../../lib/operate/hosts/top';
import type { StackLogs } from '../../lib/operate/logs-command';
import type { Finding } from '../../lib/operate/preflight/finding';
import type { Verified } from '../../lib/operate/verified';
import type { Comparison } from '../../lib/plan/change/comparison';
import type { Plan } from '../../lib/plan/plan';
import type { RehearsalReport } from '../../rehearsal/src/report/record';

/** What each command prints with `--json`. `npm run docs` writes a file of docs/schemas for each. */
export interface Outputs {
  /** What `portway plan --json` prints: the plan of each gateway, by its path. */
  readonly plan: Readonly<Record<string, Plan>>;
  /** What `portway plan --against … --json` prints, by the gateway's path. `null`: it is not deployed. */
  readonly against: Readonly<Record<string, Comparison | null>>;
  /** What `portway preflight --json` prints: what was found for each gateway, by its path. */
  readonly preflight: Readonly<Record<string, readonly Finding[]>>;
  /** What `portway verify --json` prints, by the gateway's path. */
  readonly verify: Readonly<Record<string, Verified>>;
  /** What `portway logs --json` prints, of one stack. */
  readonly logs: StackLogs;
  /** What `portway hosts status --json` prints. */
  readonly 'hosts-status': HostsStatus;
  /** What `portway hosts top --json` prints. */
  readonly 'hosts-top': HostsTop;
  /** What `portway import --json` prints. */
  readonly import: Imported;
  /** What `portway rehearse --json` prints. */
  readonly rehearse: RehearsalReport;
  /** What `portway rehearse --list --json` prints: what happens, by case. */
  readonly 'rehearse-list': Readonly<Record<string, string>>;
  /** What `portway status --json` prints on the host. */
  readonly status: HostStatus;
  /** What `portway top --json` prints on the host. */
  readonly top: HostTop;
  /** What `portway explain … --json` prints on the host. */
  readonly explain: Explained;
  /** What `portway blocked --json` prints on a host with `protect`. */
  readonly blocked: BlockedSources;
  /** What `portway history --json` prints on a live host. */
  readonly history: HostHistory;
}
