/** Reads a plain part's lines as the host does. `values` are those of the pointer. */
export function decodePart(text: string, values: readonly string[]): string {
  return text.replaceAll(/@\((brace|at|\d+)\)/g, (_, what: string) => {
    if (what === 'brace') return '{';
    return what === 'at' ? '@(' : (values[Number(what)] as string);
  });
}
