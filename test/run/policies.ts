/** A finding of a policy checker. */
export interface PolicyFinding {
  readonly tool: 'checkov' | 'guard';
  /** The rule as the tool's documentation names it: `CKV_AWS_88`, `CT.EC2.PR.8`. */
  readonly rule: string;
  /** The template. */
  readonly file: string;
}

/** The rules whose findings docs/operations/policies.md explains, as `tool rule`. */
export function explained(page: string): ReadonlySet<string> {
  const rows = page.matchAll(/^\| (checkov|guard) +\| (\S+) +\| (\S.*\S) +\| (\S.*\S) +\|$/gm);
  return new Set([...rows].map(([, tool, rule]) => `${tool} ${rule}`));
}

/** One line for each rule with findings that are not explained. */
export function unexplained(findings: readonly PolicyFinding[], known: ReadonlySet<string>): readonly string[] {
  const files = new Map<string, Set<string>>();
  for (const { tool, rule, file } of findings) {
    const name = `${tool} ${rule}`;
    if (!known.has(name)) files.set(name, (files.get(name) ?? new Set()).add(file));
  }
  return [...files].map(
    ([name, where]) => `${name} in ${[...where].join(', ')}: mend it, or explain it in docs/operations/policies.md`,
  );
}

/** @throws SyntaxError if it is not a report of checkov's */
export function checkovFindings(json: string): readonly PolicyFinding[] {
  const report = JSON.parse(json) as CheckovReport | readonly CheckovReport[];
  const reports = [report].flat() as readonly CheckovReport[];
  return reports.flatMap(({ results }) =>
    results.failed_checks.map(({ check_id, file_path }) => ({
      tool: 'checkov' as const,
      rule: check_id,
      file: baseName(file_path),
    })),
  );
}

interface CheckovReport {
  readonly results: { readonly failed_checks: readonly { readonly check_id: string; readonly file_path: string }[] };
}

/**
 * Guard reports the functions of its rules; their messages contain the ids of Control Tower. @throws SyntaxError if it
 * is not a report of Guard's
 */
export function guardFindings(json: string): readonly PolicyFinding[] {
  const reports = JSON.parse(json) as readonly { name: string; not_compliant: readonly unknown[] }[];
  return reports.flatMap(({ name, not_compliant }) =>
    not_compliant.map((one) => {
      const text = JSON.stringify(one);
      const rule = /\bCT\.[A-Z0-9]+\.PR\.\d+/.exec(text)?.[0] ?? text.slice(0, 80);
      return { tool: 'guard' as const, rule, file: baseName(name) };
    }),
  );
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
