/** The fields of gixy's JSON findings that matter here. */
export interface Finding {
  /** The file. */
  readonly path: string;
  /** The check that found it. */
  readonly plugin: string;
  readonly severity: string;
  readonly summary: string;
  readonly reason: string;
  /** The directives that it is about, with the blocks around them. */
  readonly config: string;
}

/** A finding that is right as it is. */
export interface Acknowledged {
  readonly plugin: string;
  /** What the finding is about: every directive that it names must match. Undefined: it is about a whole server. */
  readonly about?: RegExp;
  readonly why: string;
}

export const ACKNOWLEDGED: readonly Acknowledged[] = [
  {
    plugin: 'hsts_header',
    why: 'it is for a team to say by `hsts`: browsers cannot be told to forget it, and heed it only where they trust the certificate',
  },
  {
    plugin: 'default_server_flag',
    about: /^listen (\[::\]:)?8443 ssl;$/,
    why: "it takes HTTP/3's socket of UDP (`listen 8443 quic`) and that of TCP for one",
  },
  {
    plugin: 'missing_resolver',
    about: /^proxy_pass \$portway_(leads|takes)_\w+;$/,
    why: 'the variable holds groups of targets and sockets; where a target is a name, there is a resolver',
  },
  {
    plugin: 'try_files_is_evil_too',
    about: /^try_files \/\.portway (=\d+|@(redirect|page|portway)\S*);$/,
    why: 'it stands where a client is refused or redirected behind limits, or an answer is counted for the log: `return` would come before; there is one look for a file that is never there',
  },
  {
    plugin: 'hash_without_default',
    about: /^::\/0 /,
    why: 'it is what IPv6 clients have, and IPv4 clients have nothing; nginx takes `default` for both, and would warn of two values for one network at each start',
  },
];

/** Directives of a finding's configuration, without the blocks around them. */
function directives({ config }: Finding): readonly string[] {
  return config
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.endsWith(';') && !line.startsWith('server_name '));
}

function isAcknowledged(finding: Finding, by: Acknowledged): boolean {
  if (finding.plugin !== by.plugin) return false;
  const { about } = by;
  const found = directives(finding);
  return about === undefined ? found.length === 0 : found.length > 0 && found.every((line) => about.test(line));
}

/**
 * What somebody has to look at: findings that nobody acknowledged, and acknowledgements of findings that no longer
 * exist.
 */
export function judge(findings: readonly Finding[], acknowledged = ACKNOWLEDGED): readonly string[] {
  return [
    ...findings
      .filter((finding) => !acknowledged.some((by) => isAcknowledged(finding, by)))
      .map(
        ({ path, plugin, severity, summary, reason, config }) =>
          `${path}: [${plugin}] ${severity}: ${reason || summary}: ${config.trim().replaceAll(/\s+/g, ' ')}`,
      ),
    ...acknowledged
      .filter((by) => !findings.some((finding) => isAcknowledged(finding, by)))
      .map((by) => `nothing is found any more that [${by.plugin}] acknowledges: ${by.why}`),
  ];
}
