import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PortwayStackProps } from '../../lib/portway-stack-props';
import { CANONICAL, needsBucket } from './canonical';
import { synthesize } from './synthesize';

/** Everything that differs without being a change that a reviewer cares about, in one place. */
function withoutHashes(text: string): string {
  return (
    text
      // Ids and the host's name for its content: the hash changes with every rule, which the rule itself shows.
      .replace(/(GatewayProof(?:Handle|Condition))[0-9A-F]{8}[0-9a-f]{16}/g, '$1<content>')
      // The content: its parts by what they hold, and the condition, tag and pointer that name it.
      .replace(/(GatewayLiveProofCondition[0-9A-F]{8})[0-9a-f]{16}/g, '$1<content>')
      .replace(/^(\s*")[0-9a-f]{32} /gm, '$1<part> ')
      .replace(/(\/portway\/Portway\/)[0-9a-f]{16}(\/now)/g, '$1<generation>$2')
      .replace(/\b[0-9a-f]{64}\b/g, '<content>')
      // With onChange: 'replace' the CDK puts a hash of user-data into the instance's id.
      .replace(/(GatewayInstance[0-9A-F]{8})[0-9a-f]{16}/g, '$1<user-data>')
  );
}

/** The files of one canonical stack as they stand under expected/: by file name. */
export function reviewFiles(name: string): Readonly<Record<string, string>> {
  const { assembly } = synthesize(CANONICAL[name] as PortwayStackProps, { legacy: !needsBucket(name) });
  const template = JSON.parse(readFileSync(join(assembly.directory, 'Portway.template.json'), 'utf8'));
  const userData = findUserData(template);
  const rules = rulesOf(readFileSync(join(assembly.directory, 'Portway.rules.txt'), 'utf8'));
  return {
    'template.json': withoutHashes(`${JSON.stringify(withoutArchive(withoutUserData(template)), null, 2)}\n`),
    'user-data.txt': withoutHashes(withoutScripts(userData)),
    ...Object.fromEntries(rules.map(([name, text]) => [name, withoutHashes(text)])),
  };
}

/** Rendered files that are reviewed each by itself. */
const REVIEWED = /\.rules$|flows\.nft$|nginx\.conf$|certificates\.json$/;

/** The rendered files by name, also those that travel compressed: out of what is written for reviewers next to the template. */
function rulesOf(review: string): readonly (readonly [string, string])[] {
  const files = review.split(/^# ---- /m).slice(1);
  return files
    .map((file) => [file.slice(0, file.indexOf('\n')), file.slice(file.indexOf('\n') + 1)] as const)
    .filter(([path]) => REVIEWED.test(path))
    .map(([path, text]) => [path.slice(path.lastIndexOf('/') + 1), `${text.trimEnd()}\n`]);
}

/** The program is compressed; its text is reviewed in assets/. */
function withoutScripts(userData: string): string {
  return userData.replace(/^(#portway-fetch)\n[\s\S]*(?=\n--portway--)/m, '$1\n<compressed>\n');
}

type Json = { [key: string]: Json } & { readonly 'Fn::Join'?: [string, (string | Json)[]] };

function instanceOf(template: { Resources: Record<string, { Type: string; Properties: Json }> }) {
  const instance = Object.values(template.Resources).find((r) => r.Type === 'AWS::EC2::Instance');
  if (instance === undefined) throw new Error('the template has no instance');
  return instance;
}

/** The text that EC2 gets, with `<signal URL>` where CloudFormation puts it. */
function findUserData(template: Parameters<typeof instanceOf>[0]): string {
  const join = instanceOf(template).Properties.UserData?.['Fn::Base64'];
  return joined(join ?? '');
}

function joined(value: string | Json): string {
  if (typeof value === 'string') return value;
  const [separator, parts] = value['Fn::Join'] ?? ['', []];
  return value['Fn::Join'] === undefined ? '<signal URL>' : parts.map(joined).join(separator);
}

/** The template's own copy would say every change twice. */
function withoutUserData<T extends Parameters<typeof instanceOf>[0]>(template: T): T {
  const copy = structuredClone(template);
  (instanceOf(copy).Properties as Record<string, unknown>).UserData = '<see user-data.txt>';
  return copy;
}

/** What parameters hold is compressed, or lines of a live host's files. The reviewed ones would say every change twice. */
function withoutArchive<T extends Parameters<typeof instanceOf>[0]>(template: T): T {
  const copy = structuredClone(template);
  for (const { Type, Properties } of Object.values(copy.Resources)) {
    if (Type !== 'AWS::SSM::Parameter') continue;
    const properties = Properties as Record<string, unknown>;
    const [file = ''] = /[^/]*(?=\.\d+$)/.exec(`${Properties.Name}`) ?? [];
    if (REVIEWED.test(file)) properties.Value = `<see ${file}>`;
    else if (typeof Properties.Value === 'string') properties.Value = '<compressed>';
  }
  return copy;
}
