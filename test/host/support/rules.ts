import type { Forward } from '../../../lib/forward/forward';
import { type GatewaySettings, NO_SETTINGS } from '../../../lib/forward/gateway-settings';
import { type ForwardSet, resolveForwardsOrThrow } from '../../../lib/forward/resolve';
import { renderIptables } from '../../../lib/kernel/render-iptables';
import { renderNftables } from '../../../lib/kernel/render-nftables';
import { writePackage } from './assets';
import { Host, type HostOptions, type Result } from './host';

const PROGRAM = '/usr/local/bin/portway';
const FOLDER = '/etc/portway';
/** Where the rules of the last proved content lie. */
export const PROVED = '/var/lib/portway/good/etc/portway';

/** The texts of the three parts; no nft table where it is left out. */
export type Rules = { readonly v4: string; readonly v6: string; readonly nft?: string };

/** The rules as synth renders them. */
export function rulesOf(
  forwards: Readonly<Record<string, Forward>>,
  settings: Partial<GatewaySettings> = {},
  lists?: ForwardSet['lists'],
): Rules {
  const all = { ...NO_SETTINGS, ...settings };
  const resolved = resolveForwardsOrThrow({ forwards, engine: 'iptables', ...(lists === undefined ? {} : { lists }) });
  const nft = renderNftables(resolved, all);
  return { ...renderIptables(resolved, all), ...(nft === undefined ? {} : { nft }) };
}

/** A test host with the program `portway` and nothing else. */
export class RulesHost {
  private constructor(readonly host: Host) {}

  static async start(options: HostOptions = {}): Promise<RulesHost> {
    const host = await Host.start(options);
    await writePackage(host);
    return new RulesHost(host);
  }

  stop(): Promise<void> {
    return this.host.stop();
  }

  async write(rules: Rules, folder = FOLDER): Promise<void> {
    await this.host.write(`${folder}/iptables.rules`, rules.v4);
    await this.host.write(`${folder}/ip6tables.rules`, rules.v6);
    await this.host.write(`${folder}/nftables.rules`, rules.nft ?? '');
  }

  script(...words: string[]): Promise<Result> {
    return this.host.run('gateway', [PROGRAM, 'rules', ...words]);
  }

  /** Writes rules and applies them. @throws Error with what the script said when it fails */
  async apply(rules: Rules): Promise<void> {
    await this.write(rules);
    const result = await this.script('apply');
    if (result.code !== 0) throw new Error(result.stderr);
  }

  /** All rules of the kernel, of both families, without counters and dates. */
  async live(): Promise<string> {
    const all = await this.host.sh(
      'gateway',
      'iptables-nft-save; echo; ip6tables-nft-save; nft -s list table inet portway 2>/dev/null || :',
    );
    return all.replace(/^#.*\n/gm, '').replace(/\[\d+:\d+\]/g, '[0:0]');
  }

  /** The rules of one chain, in order. */
  async chain(table: string, chain: string, family: 'iptables' | 'ip6tables' = 'iptables'): Promise<string[]> {
    const { stdout } = await this.host.run('gateway', [`${family}-nft`, '-t', table, '-S', chain]);
    return stdout.split('\n').filter((line) => line.startsWith('-A'));
  }
}
