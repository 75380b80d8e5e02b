import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { useStored } from '../src/stored-template';

const pair = (key: string) => ({ Type: 'AWS::EC2::KeyPair', Properties: { PublicKeyMaterial: key } });
const group = { Type: 'AWS::EC2::SecurityGroup' };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'portway-stored-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, resources: object): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, JSON.stringify({ Resources: resources, Outputs: { From: { Value: name } } }));
  return file;
}

test('a stored template takes the place of a new one, with the key pair of the new one', async () => {
  const stored = await write('stored', { Key: pair('of then'), Group: group });
  const file = await write('fresh', { Key: pair('of today'), Other: group });
  await useStored(stored, file);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
    Resources: { Key: pair('of today'), Group: group },
    Outputs: { From: { Value: 'stored' } },
  });
});

test('a stored template whose key pair has another name is refused', async () => {
  const stored = await write('stored', { OldKey: pair('of then') });
  const file = await write('fresh', { Key: pair('of today') });
  await expect(useStored(stored, file)).rejects.toThrow(/must be called Key as today, got: OldKey/);
});

test('where templates are named by their digests, a stored one has its own', async () => {
  const digest = async (file: string) =>
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  const stored = await write('stored', { Key: pair('of then') });
  const file = await write('fresh', { Key: pair('of today') });
  const assets = path.join(folder, 'Portway.assets.json');
  await writeFile(assets, JSON.stringify({ files: { [await digest(file)]: {} } }));
  await useStored(stored, file);
  expect(JSON.parse(await readFile(assets, 'utf8'))).toEqual({ files: { [await digest(file)]: {} } });
});
