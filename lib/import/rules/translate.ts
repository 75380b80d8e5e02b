import { ImportError, type ImportedForward } from '../imported';
import type { Ledger } from '../ledger';
import type { Translated } from '../nginx/translate';
import { kernelForwards } from './forwards';
import { gatewayProps, tellRest } from './rest';
import type { Ruleset } from './rule';

/** The forwards of rules of the kernel. @throws ImportError */
export function translateRules(file: string, rules: Ruleset, ledger: Ledger): Translated {
  if (rules.all.length === 0) throw new ImportError({ file }, 'has no rule');
  const forwards = kernelForwards(rules, ledger);
  const gateway = gatewayProps(rules, forwards, ledger);
  tellRest(rules, ledger);
  const families = [...forwards.values()].map(familyOf);
  if (!families.includes('ipv6')) return { forwards, gateway: { engine: 'iptables', ...gateway } };
  // On a gateway with IPv6 a forward listens on both versions, and needs targets of both.
  const ofOne = [...forwards].map(([name, forward], i) => {
    const family = families[i] ?? rules.family;
    return [name, family === undefined ? forward : { ...forward, props: { ...forward.props, family } }] as const;
  });
  return { forwards: new Map(ofOne), gateway: { engine: 'iptables', ipv6: true, ...gateway } };
}

/** The IP version of a forward's targets; undefined if they are on the gateway itself. */
function familyOf({ props }: ImportedForward): 'ipv4' | 'ipv6' | undefined {
  const text = JSON.stringify(props.to) ?? '';
  if (/"\[|"[\da-f]*:[\da-f]*:/i.test(text)) return 'ipv6';
  return /"\d+\.\d+\.\d+\.\d+/.test(text) ? 'ipv4' : undefined;
}
