import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type CodeBlock, ROOT } from './pages';

/** What a block without imports may use: names that the page's text has introduced, with the types that they have in an app. */
const NAMES = `
import type * as portway from 'portway';
import type { App, aws_ec2, aws_iam, aws_s3, aws_secretsmanager, aws_sns } from 'aws-cdk-lib';
import type * as assets from '../lib/host/assets';
declare global {
  const Forward: typeof portway.Forward;
  const PortwayStack: typeof portway.PortwayStack;
  const PortGateway: typeof portway.PortGateway;
  const Tls: typeof portway.Tls;
  const PolicyStatement: typeof aws_iam.PolicyStatement;
  const ec2: typeof aws_ec2;
  const secretsmanager: typeof aws_secretsmanager;
  const app: App;
  const stack: portway.PortwayStack;
  const vpc: aws_ec2.Vpc;
  const bucket: aws_s3.Bucket;
  const alarmTopic: aws_sns.Topic;
  const tls: portway.Tls;
  const forwards: Record<string, portway.Forward>;
  const assetFiles: typeof assets.assetFiles;
  const PROGRAMS: typeof assets.PROGRAMS;
  const UNITS: typeof assets.UNITS;
}
`;

/** A block that imports is a whole file. */
const imports = ({ text }: CodeBlock) => /^import /m.test(text);

/**
 * Where a block's file would be in the project, which its relative imports count from. A block may say so in its first line:
 * `// bin/app.ts`.
 */
function placeOf(block: CodeBlock, i: number): string {
  const said = /^\/\/ (\S+\.ts)\n/.exec(block.text)?.[1];
  return said ?? join('bin', `${i}.ts`);
}

/** Compiles the blocks by one program for whole files and one for parts. @returns tsc's lines, with the blocks' pages */
export function compile(blocks: readonly CodeBlock[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'portway-blocks-'));
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const files = new Map(blocks.map((block, i) => [placeOf(block, i), block]));
    if (files.size < blocks.length) throw new Error('two blocks name the same file');
    for (const [file, block] of files) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      // A part is a module too, or two pages could not use the same name.
      writeFileSync(join(folder, file), imports(block) ? block.text : `${block.text}\nexport {};\n`);
    }
    mkdirSync(join(folder, 'names'));
    writeFileSync(join(folder, 'names', 'names.d.ts'), NAMES);
    const program = (name: string, list: readonly string[]) => {
      const compilerOptions = {
        rootDirs: ['.', ROOT],
        paths: { portway: [join(ROOT, 'lib', 'index.ts')] },
        noUnusedLocals: false,
        types: ['node'],
      };
      const config = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: [], files: list };
      writeFileSync(join(folder, name), JSON.stringify(config));
      const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
      const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', name, '--pretty', 'false'], {
        cwd: folder,
        encoding: 'utf8',
      });
      if (status !== 0 && stdout === '') throw new Error('tsc did not run');
      return stdout.split('\n').filter((line) => line !== '');
    };
    const listed = [...files];
    const whole = listed.filter(([, block]) => imports(block)).map(([file]) => file);
    const parts = listed.filter(([, block]) => !imports(block)).map(([file]) => file);
    const lines = [
      ...(whole.length > 0 ? program('whole.json', whole) : []),
      ...(parts.length > 0 ? program('parts.json', ['names/names.d.ts', ...parts]) : []),
    ];
    return lines.map((line) =>
      line.replace(/^(\S+?)\((\d+),/, (all, file, row) => {
        const block = files.get(file);
        return block === undefined ? all : `${block.page}:${block.line + Number(row)} (`;
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
