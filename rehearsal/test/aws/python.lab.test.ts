import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import spawn from 'nano-spawn';
import { ensurePython } from '../../src/aws/python';

jest.setTimeout(120_000);

let folder: string;
let requirements: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portway-python-'));
  requirements = join(folder, 'requirements.txt');
  // A package of our own, so that no index is needed.
  await mkdir(join(folder, 'package'));
  await writeFile(join(folder, 'package', 'portway_probe.py'), 'print("it works")\n');
  await writeFile(
    join(folder, 'package', 'pyproject.toml'),
    '[project]\nname = "portway-probe"\nversion = "1.0"\n[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
  );
  await writeFile(
    join(folder, 'package', 'backend.py'),
    `import zipfile
def build_wheel(folder, settings=None, metadata=None):
    name = "portway_probe-1.0-py3-none-any.whl"
    with zipfile.ZipFile(folder + "/" + name, "w") as wheel:
        wheel.write("portway_probe.py")
        info = "portway_probe-1.0.dist-info/"
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: portway-probe\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return name
`,
  );
  await writeFile(requirements, `${join(folder, 'package')}\n`);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('two runs at once get one environment, a third finds it ready, a changed file makes another', async () => {
  const cacheFolder = join(folder, 'cache');
  const installs: string[] = [];
  const options = { name: 'probe', requirements, cacheFolder, onInstall: (made: string) => installs.push(made) };
  const [one, two] = await Promise.all([ensurePython(options), ensurePython(options)]);
  expect(one).toEqual(two);
  expect((await spawn(one.python, ['-m', 'portway_probe'])).stdout).toBe('it works');
  const before = installs.length;
  expect(await ensurePython(options)).toEqual(one);
  expect(installs).toHaveLength(before);
  expect(await readdir(cacheFolder)).toHaveLength(1);

  await writeFile(requirements, `# changed\n${join(folder, 'package')}\n`);
  expect((await ensurePython(options)).folder).not.toBe(one.folder);
  expect(await readdir(cacheFolder)).toHaveLength(2);
});

test('a package that cannot be had leaves nothing behind and says what to look at', async () => {
  await writeFile(requirements, `${join(folder, 'nowhere')}\n`);
  const cacheFolder = join(folder, 'cache');
  await expect(ensurePython({ name: 'probe', requirements, cacheFolder })).rejects.toThrow(
    /packages of .*requirements.txt cannot be installed: .*nowhere.*check the network/s,
  );
  expect(await readdir(cacheFolder)).toEqual([]);
});
