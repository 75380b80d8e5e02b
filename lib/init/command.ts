import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { checkStack } from '../check-stack';
import { PortwayError } from '../forward/problems';
import { made } from '../import/check';
import { ImportError } from '../import/imported';
import { printImported } from '../import/print';
import { readImported } from '../import/read';
import { recognize } from '../import/recognize';
import { NO_ANSWER } from '../plan/no-answer';
import { answerer, forwardAnswers, InitError, type InitFlags, stackAnswers } from './answers';
import { appFile, type Forwards, forwardsOf } from './app-file';
import { packCommand, packedFile } from './packed-file';

export interface InitOptions extends InitFlags {
  /** The folder of the app; it may be there already. */
  readonly folder: string;
}

const CDK_JSON = { build: 'npx tsc', app: 'node --import tsx app.ts' };

const TSCONFIG = {
  compilerOptions: {
    target: 'es2022',
    module: 'nodenext',
    moduleResolution: 'nodenext',
    types: ['node'],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  },
  files: ['app.ts'],
};

type Files = Readonly<Record<string, string>>;

/** `portway init`: an app of one file, ready to deploy. @returns the exit code */
export async function initCommand({ folder, ...flags }: InitOptions): Promise<number> {
  const questions = process.stdin.isTTY ? createInterface({ input: process.stdin, output: process.stdout }) : undefined;
  const ask = (question: string, offered: string) =>
    questions?.question(`${question}${offered === '' ? '' : ` [${offered}]`}: `).then((said) => said.trim()) ??
    Promise.resolve('');
  try {
    const files: Files = {
      ...(await appFiles(flags, answerer(questions && ask))),
      'cdk.json': `${JSON.stringify(CDK_JSON, null, 2)}\n`,
      'tsconfig.json': `${JSON.stringify(TSCONFIG, null, 2)}\n`,
    };
    const there = Object.keys(files).filter((name) => existsSync(join(folder, name)));
    if (there.length > 0)
      throw new InitError(`${folder} must not have an app yet: ${there.join(', ')} would be overwritten`);
    // Without a package.json, npm would install into the next folder above that has one.
    const own = { '.gitignore': 'node_modules/\ncdk.out/\n', 'package.json': '{ "private": true }\n' };
    const missing = Object.fromEntries(Object.entries(own).filter(([name]) => !existsSync(join(folder, name))));
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries({ ...files, ...missing })) writeFileSync(join(folder, name), text);
    process.stdout.write(`Made ${Object.keys(files).join(', ')}. Next:\n\n${nextSteps(folder)}`);
    return 0;
  } catch (error) {
    if (!(error instanceof InitError || error instanceof ImportError || error instanceof PortwayError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return NO_ANSWER;
  } finally {
    questions?.close();
  }
}

async function appFiles(flags: InitFlags, answer: ReturnType<typeof answerer>): Promise<Files> {
  const key = ownKey();
  if (flags.import !== undefined) {
    const { file, gateway, forwards } = readFile(flags.import);
    const stack = await stackAnswers(flags, answer, { offered: gateway.adminCidr as string | undefined, key });
    checkStack({ ...gateway, ...stack, forwards: all(forwards) });
    return { 'app.ts': appFile(stack, undefined), 'imported.ts': file };
  }
  const { engine, ...rest } = await forwardAnswers(flags, answer);
  const stack = await stackAnswers(flags, answer, { key });
  const forwards = forwardsOf({ engine, ...rest });
  const props = engine === 'iptables' ? { ...stack, engine } : stack;
  checkStack({ ...props, forwards: all(forwards) });
  return { 'app.ts': appFile(props, forwards) };
}

function all(forwards: Forwards) {
  return Object.fromEntries(Object.entries(forwards).map(([name, one]) => [name, made(one)]));
}

function readFile(path: string) {
  if (!existsSync(path)) throw new InitError(`--import must be a file, got: ${path}`);
  const text = readFileSync(path, 'utf8');
  const imported = readImported(path, text, recognize(text, path));
  if (Object.keys(imported.forwards).length === 0)
    throw new InitError(`${path}: nothing in it is a forward that Portway can make`);
  return { ...imported, file: printImported(imported, path) };
}

/** The person's own public key, if it is where OpenSSH puts it. */
function ownKey(): string | undefined {
  const path = join(homedir(), '.ssh', 'id_ed25519.pub');
  return existsSync(path) ? path : undefined;
}

function nextSteps(folder: string): string {
  const missing = (...names: readonly string[]) =>
    names.filter((name) => !existsSync(join(folder, 'node_modules', name)));
  const packages = missing('portway', 'aws-cdk-lib', 'constructs').map((name) =>
    name === 'portway' ? packedFile(folder) : name,
  );
  const pack = packages.includes(packedFile(folder)) ? packCommand(folder) : undefined;
  const tools = missing('aws-cdk', 'tsx', 'typescript', '@types/node');
  return [
    ...(pack === undefined ? [] : [pack]),
    ...(folder === '.' ? [] : [`cd ${folder}`]),
    ...(packages.length > 0 ? [`npm install ${packages.join(' ')}`] : []),
    ...(tools.length > 0 ? [`npm install --save-dev ${tools.join(' ')}`] : []),
    'npx portway plan',
    'npx cdk bootstrap   # once per account and region',
    'npx cdk deploy',
  ]
    .map((step) => `  ${step}\n`)
    .join('');
}
