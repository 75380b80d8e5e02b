/** Why tests of the kernel's namespaces cannot run here; undefined when they can. */
function reasonToSkip(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root, for network namespaces';
  return undefined;
}

/** `describe` that is skipped, with the reason in its name, where it cannot run. */
export function describeAsRoot(name: string, body: () => void): void {
  const reason = reasonToSkip();
  if (reason === undefined) describe(name, body);
  else describe.skip(`${name} (skipped: ${reason})`, body);
}
