import spawn from 'nano-spawn';

/** The output of a program in a Debian root, which reads `input`. @throws SubprocessError with the output if it fails */
export async function inRoot(root: string, command: readonly string[], input: string): Promise<string> {
  const { output } = await spawn('chroot', [root, ...command], { stdin: { string: input } });
  return output;
}
