import { ImportError, type Source } from './imported';

/** @throws ImportError if the file is one of another program */
export function recognize(text: string, file = 'standard input'): Source {
  const start = text.trimStart();
  if (start.startsWith('{') && /"(nftables|chain|table|rule)"/.test(start)) return 'nft';
  // A file of rules has tables with chains or rules, a list of commands has iptables at the start of a line.
  if (/^\*(nat|filter|mangle|raw|security)\s*$/m.test(text) && /^(:\S+ \S+|-[AI] \S+)/m.test(text)) return 'iptables';
  if (/^\s*(sudo\s+)?(\/\S*\/)?ip6?tables(-nft|-legacy)?\s+-/m.test(text)) return 'iptables';
  const other = otherProgram(text);
  if (other !== undefined)
    throw new ImportError(
      { file },
      `looks like ${other}'s: only nginx.conf and rules of iptables and nftables are read`,
    );
  return 'nginx';
}

/** Whose file it is that resembles an nginx.conf. That one has a semicolon after each directive. */
function otherProgram(text: string): string | undefined {
  if (/^\s*\{/.test(text) && /"apps"\s*:/.test(text)) return 'Caddy';
  if (/;\s*(#.*)?$/m.test(text)) return undefined;
  if (/^(frontend|backend|listen)\s+[\w.-]+\s*$/m.test(text) && /^\s+(bind|server|mode|default_backend)\s/m.test(text))
    return 'HAProxy';
  const isCaddyfile = /^\s*(reverse_proxy|file_server|handle_path|handle|redir|respond|encode|php_fastcgi)\b[^;]*$/m;
  return isCaddyfile.test(text) ? 'Caddy' : undefined;
}
