import { readFile, writeFile } from 'node:fs/promises';

interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string }>>;
}

/**
 * Replaces a template that was just synthesized by one that an earlier Portway wrote. Each rehearsal has a login key of its own,
 * and another key pair would replace the instance, so the key pair is the new template's.
 * @throws Error if the two name their key pairs differently: then an upgrade would replace the instance, on AWS too
 */
export async function useStored(stored: string, file: string): Promise<void> {
  const [old, fresh] = await Promise.all([read(stored), read(file)]);
  const [ids, known] = [keyPairs(fresh), keyPairs(old)];
  if (ids.join() !== known.join())
    throw new Error(`the key pair of ${stored} must be called ${ids.join()} as today, got: ${known.join() || 'none'}`);
  const pairs = Object.fromEntries(ids.map((id) => [id, fresh.Resources[id]]));
  await writeFile(file, JSON.stringify({ ...old, Resources: { ...old.Resources, ...pairs } }, null, 1));
}

async function read(file: string): Promise<Template> {
  return JSON.parse(await readFile(file, 'utf8')) as Template;
}

function keyPairs({ Resources }: Template): readonly string[] {
  return Object.keys(Resources).filter((id) => Resources[id]?.Type === 'AWS::EC2::KeyPair');
}
