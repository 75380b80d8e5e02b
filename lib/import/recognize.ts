import type { Source } from './imported';

/** What a file is by its text. */
export function recognize(text: string): Source {
  const start = text.trimStart();
  if (start.startsWith('{') && /"(nftables|chain|table|rule)"/.test(start)) return 'nft';
  // iptables-save begins with a comment and a table; a list of commands has iptables at the start of a line.
  if (/^\*(nat|filter|mangle|raw|security)\s*$/m.test(text) && /^:\S+ \S+/m.test(text)) return 'iptables';
  if (/^\s*(sudo\s+)?(\/\S*\/)?ip6?tables(-nft|-legacy)?\s+-/m.test(text)) return 'iptables';
  return 'nginx';
}
