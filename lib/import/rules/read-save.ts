import { ImportError, type Said } from '../imported';
import { readNetwork } from '../nginx/sources';
import type { Action, Match, Rule, Ruleset } from './rule';
import { wordsOf } from './words';

/** What says nothing about which packets are meant, or what becomes of them. */
const IDLE =
  /^(-m|--match|--comment|--log-.*|--reject-with|--limit-burst|--random.*|--persistent|--nflog-.*|-w|--wait|-c|--set-counters|-v|-n|--mode|--packet|--connlimit-mask|--connlimit-saddr|--to-source|--clamp-mss-to-pmtu|--set-mss|--set-x?mark|--syn)$/;

/** The output of iptables-save or ip6tables-save, or a script of iptables commands. @throws ImportError */
export function readSave(file: string, text: string): Ruleset {
  const chains = new Map<string, Rule[]>();
  const closed = new Set<string>();
  const all: Rule[] = [];
  let table = 'filter';
  for (const { line, said } of linesOf(text)) {
    const restored = /^\*(\w+)$/.exec(said);
    const policy = /^:(\S+) (ACCEPT|DROP|REJECT|-)/.exec(said);
    if (restored !== null) table = restored[1] ?? 'filter';
    else if (policy !== null && policy[2] !== 'ACCEPT' && policy[2] !== '-') closed.add(`${table} ${policy[1]}`);
    const words = wordsOf(said);
    const command = words.findIndex((word) => /^(\/\S*\/)?ip6?tables(-nft|-legacy)?$/.test(word));
    const rest = command >= 0 ? words.slice(command + 1) : words;
    if (command < 0 && !/^(\[\d+:\d+\] )?-[AI] /.test(said)) continue;
    const rule = ruleOf({ file, line, text: rest.join(' ') }, rest, command >= 0 ? 'filter' : table);
    if (rule.policy !== undefined) closed.add(rule.policy);
    if (rule.rule === undefined || rule.chain === undefined) continue;
    all.push(rule.rule);
    const list = chains.get(rule.chain) ?? [];
    if (rule.first) list.unshift(rule.rule);
    else list.push(rule.rule);
    chains.set(rule.chain, list);
  }
  if (all.length === 0) throw new ImportError({ file }, 'has no rule (-A)');
  return { chains, closed, all, ...(isOnlyIpv6(all) ? { family: 'ipv6' } : {}) };
}

/** Whether rules name addresses of IPv6, and none of IPv4: iptables-save lists one version. */
function isOnlyIpv6(all: readonly Rule[]): boolean {
  const named = all.flatMap(({ match, action }) => [
    ...(match.from ?? []),
    ...(match.notFrom ?? []),
    ...(match.to ?? []),
    ...(action.kind === 'dnat' ? action.addresses.filter((address) => address !== '') : []),
  ]);
  return named.length > 0 && named.every((address) => address.includes(':'));
}

/** Lines without comments, each with its number; a backslash at the end joins two. */
function* linesOf(text: string): Generator<{ readonly line: number; readonly said: string }> {
  let begun = '';
  let from = 1;
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    if (begun === '') from = i + 1;
    begun += raw.trim().replace(/\\$/, ' ');
    if (raw.trimEnd().endsWith('\\')) continue;
    const said = begun.trim();
    begun = '';
    if (said !== '' && !said.startsWith('#')) yield { line: from, said };
  }
}

interface Read {
  readonly chain?: string;
  readonly rule?: Rule;
  readonly first?: boolean;
  /** A chain that drops by default. */
  readonly policy?: string;
}

/** An option of a command, with its values. */
interface Given {
  readonly name: string;
  readonly value: string;
  readonly more: string;
  readonly not: boolean;
}

function optionsOf(words: readonly string[]): readonly Given[] {
  const options: { name: string; values: string[]; not: boolean }[] = [];
  for (const [i, word] of words.entries()) {
    if (word === '!') continue;
    if (word.startsWith('-')) options.push({ name: word, values: [], not: words[i - 1] === '!' });
    else options.at(-1)?.values.push(word);
  }
  return options.map(({ name, values: [value = '', more = ''], not }) => ({ name, value, more, not }));
}

type Open = { -readonly [K in keyof Match]: Match[K] } & { unknown: string[] };

function ruleOf(said: Said, words: readonly string[], givenTable: string): Read {
  const options = optionsOf(words);
  const option = (pattern: RegExp) => options.find(({ name }) => pattern.test(name));
  if (option(/^(-[NFDXZE]|--(new-chain|flush|delete|delete-chain|zero|rename-chain))$/) !== undefined) return {};
  const table = option(/^(-t|--table)$/)?.value ?? givenTable;
  const policy = option(/^(-P|--policy)$/);
  if (policy !== undefined) return policy.more === 'ACCEPT' ? {} : { policy: `${table} ${policy.value}` };
  const place = option(/^(-A|--append|-I|--insert)$/);
  if (place === undefined) return {};
  const jump = option(/^(-j|--jump|-g|--goto)$/);
  const match: Open = { unknown: [] };
  for (const one of options) {
    const known = IDLE.test(one.name) || PLACES.test(one.name) || addCondition(one, match);
    if (!known) match.unknown.push(`${one.not ? '! ' : ''}${one.name} ${one.value}`.trim());
  }
  const action =
    jump === undefined ? ({ kind: 'none' } as const) : actionOf(jump.value, /^(-g|--goto)$/.test(jump.name));
  const first = place.name === '-I' || place.name === '--insert';
  return {
    chain: `${table} ${place.value}`,
    first,
    rule: { ...said, match, action: withDestination(action, jump?.value, options) },
  };
}

/** Options that are no conditions. */
const PLACES = /^(-t|--table|-A|--append|-I|--insert|-j|--jump|-g|--goto|--to|--to-destination|--to-ports?)$/;

function withDestination(action: Action, target: string | undefined, options: readonly Given[]): Action {
  if (action.kind !== 'dnat') return action;
  const value = options.find(({ name }) => /^--to(-destination|-ports?)?$/.test(name))?.value ?? '';
  if (target === 'REDIRECT') return { ...action, ...(value === '' ? {} : { ports: value.replace(':', '-') }) };
  const to = destination(value);
  return to === undefined ? { kind: 'other', name: `--to-destination ${value}` } : { ...action, ...to };
}

/** @returns whether a forward can have such a condition */
function addCondition({ name, value, not }: Given, match: Open): boolean {
  switch (name) {
    case '-s':
    case '--source':
    case '--src':
      return addNetworks(value, not ? 'notFrom' : 'from', match);
    case '-i':
    case '--in-interface':
      match[not ? 'notInside' : 'inside'] = value;
      return true;
  }
  return !not && addPlainCondition(name, value, match);
}

function addPlainCondition(name: string, value: string, match: Open): boolean {
  switch (name) {
    case '-p':
    case '--protocol':
      if (value !== 'all') match.protocol = value.toLowerCase();
      return true;
    case '-d':
    case '--destination':
    case '--dst':
      return addNetworks(value, 'to', match);
    case '-o':
    case '--out-interface':
      match.outside = value;
      return true;
    case '--dport':
    case '--dports':
    case '--destination-port':
    case '--destination-ports':
      match.ports = value.split(',').map((port) => port.replace(':', '-'));
      return match.ports.every((port) => /^\d+(-\d+)?$/.test(port));
    case '--icmp-type':
    case '--icmpv6-type':
      match.ports = [value];
      return true;
    case '--ctstate':
    case '--state':
      match.states = value.split(',');
      return true;
    case '--probability':
    case '--every':
      match.share = name === '--every' ? 1 / Number(value) : Number(value);
      return match.share > 0 && match.share <= 1;
    case '--connlimit-above':
      match.connectionsAbove = Number(value);
      return match.connectionsAbove > 0;
    case '--dst-type':
      return value === 'LOCAL';
  }
  return false;
}

function actionOf(name: string, goes: boolean): Action {
  const kinds: Readonly<Record<string, Action['kind']>> = {
    MASQUERADE: 'masquerade',
    SNAT: 'masquerade',
    ACCEPT: 'accept',
    DROP: 'drop',
    REJECT: 'drop',
    RETURN: 'return',
  };
  const kind = kinds[name];
  if (kind !== undefined) return { kind } as Action;
  if (name === 'DNAT' || name === 'REDIRECT') return { kind: 'dnat', addresses: [''] };
  if (
    /^(LOG|NFLOG|ULOG|TCPMSS|MARK|CONNMARK|NOTRACK|CT|TRACE|AUDIT|SET|TTL|HL|TOS|DSCP|NETMAP|TPROXY|NFQUEUE|CHECKSUM|CLASSIFY|SECMARK|CONNSECMARK)$/.test(
      name,
    )
  )
    return { kind: 'other', name };
  return { kind: goes ? 'goto' : 'jump', chain: name };
}

/** `10.0.0.5:80`, `10.0.0.5-10.0.0.7`, `[2001:db8::5]:80`, `:8080`, `10.0.0.5:7000-7009/6000`; undefined if it is none. */
export function destination(
  text: string,
): { readonly addresses: readonly string[]; readonly ports?: string; readonly base?: number } | undefined {
  const match = /^(\[[^\]]+\](?:-\[[^\]]+\])?|[^:]*|[\da-f:]+)(?::(\d+(?:-\d+)?)(?:\/(\d+))?)?$/i.exec(text);
  if (match === null) return undefined;
  const [, hosts = '', ports, base] = match;
  const plain = hosts.replaceAll(/[[\]]/g, '');
  return {
    addresses: rangeOf(plain),
    ...(ports === undefined ? {} : { ports }),
    ...(base === undefined ? {} : { base: Number(base) }),
  };
}

const MOST_ADDRESSES = 64;

/** The addresses of `10.0.0.5-10.0.0.7`. */
function rangeOf(text: string): readonly string[] {
  const [from = '', to] = text.split('-');
  const start = /^(\d+\.\d+\.\d+\.)(\d+)$/.exec(from);
  const end = /^(\d+\.\d+\.\d+\.)(\d+)$/.exec(to ?? '');
  if (to === undefined || start === null || end === null || start[1] !== end[1]) return [from];
  const count = Math.min(Number(end[2]) - Number(start[2]) + 1, MOST_ADDRESSES);
  return Array.from({ length: Math.max(1, count) }, (_, i) => `${start[1]}${Number(start[2]) + i}`);
}

function addNetworks(value: string, name: 'from' | 'notFrom' | 'to', match: Open): boolean {
  const networks = value.split(',').flatMap((one) => readNetwork(withPrefix(one)) ?? []);
  if (networks.length < value.split(',').length) return false;
  if (!networks.some((one) => one.endsWith('/0'))) match[name] = networks;
  return true;
}

/** iptables takes masks too: `10.0.0.0/255.0.0.0`. */
function withPrefix(text: string): string {
  const [address, mask = ''] = text.split('/');
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(mask)) return text;
  const bits = mask
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('');
  return /^1*0*$/.test(bits) ? `${address}/${bits.replaceAll('0', '').length}` : text;
}
