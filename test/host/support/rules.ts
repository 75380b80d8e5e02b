import type { Forward } from '../../../lib/forward/forward';
import { resolveForwardsOrThrow } from '../../../lib/forward/resolve';
import { renderIptables } from '../../../lib/iptables/render';
import { asset } from './assets';
import { Host, type Result } from './host';

const SCRIPT = '/usr/local/lib/portway/iptables.sh';
const FOLDER = '/etc/portway';
/** Where the rules of the last proved content lie. */
export const PROVED = '/var/lib/portway/good/etc/portway';

export type Rules = { readonly v4: string; readonly v6: string };

/** The rules as synth renders them. */
export function rulesOf(forwards: Readonly<Record<string, Forward>>): Rules {
  return renderIptables(resolveForwardsOrThrow({ forwards, engine: 'iptables' }));
}

/** A test host with iptables.sh and nothing else of Portway. */
export class RulesHost {
  private constructor(readonly host: Host) {}

  static async start(): Promise<RulesHost> {
    const host = await Host.start();
    await host.write(SCRIPT, asset('iptables.sh'), '0755');
    return new RulesHost(host);
  }

  stop(): Promise<void> {
    return this.host.stop();
  }

  async write(rules: Rules, folder = FOLDER): Promise<void> {
    await this.host.write(`${folder}/iptables.rules`, rules.v4);
    await this.host.write(`${folder}/ip6tables.rules`, rules.v6);
  }

  script(...words: string[]): Promise<Result> {
    return this.host.run('gateway', [SCRIPT, ...words]);
  }

  /** Writes rules and applies them. @throws Error with what the script said when it fails */
  async apply(rules: Rules): Promise<void> {
    await this.write(rules);
    const result = await this.script('apply');
    if (result.code !== 0) throw new Error(result.stderr);
  }

  /** All rules of the kernel, of both families, without counters and dates. */
  async live(): Promise<string> {
    const all = await this.host.sh('gateway', 'iptables-nft-save; echo; ip6tables-nft-save');
    return all.replace(/^#.*\n/gm, '').replace(/\[\d+:\d+\]/g, '[0:0]');
  }

  /** The rules of one chain, in order. */
  async chain(table: string, chain: string, family: 'iptables' | 'ip6tables' = 'iptables'): Promise<string[]> {
    const { stdout } = await this.host.run('gateway', [`${family}-nft`, '-t', table, '-S', chain]);
    return stdout.split('\n').filter((line) => line.startsWith('-A'));
  }
}
