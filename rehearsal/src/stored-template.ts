import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

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
  const before = await readFile(file);
  const text = JSON.stringify({ ...old, Resources: { ...old.Resources, ...pairs } }, null, 1);
  await writeFile(file, text);
  await rename(dirname(file), digest(before), digest(text));
}

/**
 * In a bucket templates are named by their digests. Under that of the new template, the CLI would take the stored one for it later.
 */
async function rename(folder: string, from: string, to: string): Promise<void> {
  for (const name of (await readdir(folder)).filter((one) => one.endsWith('.assets.json') || one === 'manifest.json')) {
    const file = join(folder, name);
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll(from, to));
  }
}

function digest(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

async function read(file: string): Promise<Template> {
  return JSON.parse(await readFile(file, 'utf8')) as Template;
}

function keyPairs({ Resources }: Template): readonly string[] {
  return Object.keys(Resources).filter((id) => Resources[id]?.Type === 'AWS::EC2::KeyPair');
}
