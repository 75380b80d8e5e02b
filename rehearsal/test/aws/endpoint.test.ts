import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOutputs } from '../../src/aws/deployed';
import { startEndpoint, useEndpoint } from '../../src/aws/endpoint';
import { ensurePython } from '../../src/aws/python';
import { cacheFolder } from '../../src/cache';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portway-endpoint-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("a user's endpoint has no signal socket and is not stopped", async () => {
  const endpoint = useEndpoint('http://127.0.0.1:4566/', folder);
  expect(endpoint.url).toBe('http://127.0.0.1:4566');
  expect(endpoint.env.AWS_ENDPOINT_URL).toBe('http://127.0.0.1:4566');
  expect(endpoint.signalSocket).toBeUndefined();
  await endpoint.stop();
});

test.each(['4566', 'ftp://127.0.0.1', 'localhost:4566', ''])('an endpoint that is no URL is refused: %j', (url) => {
  expect(() => useEndpoint(url, folder)).toThrow(
    `--endpoint must be an http or https URL such as http://127.0.0.1:4566, got: ${url}`,
  );
});

test.each([
  'https://ec2.us-east-1.amazonaws.com',
  'https://cloudformation.cn-north-1.amazonaws.com.cn',
  'https://ec2.us-east-1.api.aws',
])('AWS itself is refused: %s', (url) => {
  expect(() => useEndpoint(url, folder)).toThrow('a rehearsal never deploys to AWS');
});

test('a folder too deep for a unix socket is refused before anything starts', async () => {
  const deep = join(folder, 'x'.repeat(100));
  await expect(startEndpoint({ folder: deep })).rejects.toThrow(/has 1\d\d bytes, at most 107 are allowed/);
});

test('outputs are empty until the CLI has written them', async () => {
  const file = join(folder, 'outputs.json');
  expect(await readOutputs(file, 'Portway')).toEqual({});
  await writeFile(file, '{"Portway":{"Address":"203.0.113.100"}}');
  expect(await readOutputs(file, 'Portway')).toEqual({ Address: '203.0.113.100' });
  expect(await readOutputs(file, 'Other')).toEqual({});
});

test('the cache is where the XDG specification says', () => {
  expect(cacheFolder({ XDG_CACHE_HOME: '/var/cache/me' })).toBe('/var/cache/me/portway');
  expect(cacheFolder({})).toMatch(/\/\.cache\/portway$/);
});

test('without python3 the message says what to install', async () => {
  const requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, '');
  const options = { name: 'test', requirements, cacheFolder: folder, interpreter: join(folder, 'no-python') };
  await expect(ensurePython(options)).rejects.toThrow(
    /cannot be run \(.*ENOENT.*\). Install it: apt-get install python3 python3-venv/,
  );
});
