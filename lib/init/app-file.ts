import { Tls } from '../forward/tls';
import { Code } from '../import/code';
import type { ImportedForward } from '../import/imported';
import { Call, printValue } from '../import/typescript';
import type { ForwardAnswers, StackAnswers } from './answers';

export type Forwards = Readonly<Record<string, ImportedForward>>;

const SELF_SIGNED = new Code('Tls.selfSigned()', Tls.selfSigned());

export function forwardsOf({ engine, target, domains, email = '' }: ForwardAnswers): Forwards {
  const to = /^\d+$/.test(target) ? Number(target) : target;
  if (engine === 'iptables') return { web: { kind: 'tcp', props: { listen: 80, to } } };
  const secure = (tls: Code): ImportedForward => ({ kind: 'https', props: { listen: 443, to, tls } });
  if (domains === undefined) return { web: { kind: 'http', props: { listen: 80, to } }, secure: secure(SELF_SIGNED) };
  const props = { email, domains };
  const tls = new Code(`Tls.letsEncrypt(${printValue(props, 0)})`, Tls.letsEncrypt(props));
  return { web: { kind: 'http', props: { listen: 80, redirectTo: 'https' } }, secure: secure(tls) };
}

/** app.ts. @param forwards undefined: they are in imported.ts */
export function appFile(stack: StackAnswers & { readonly engine?: string }, forwards: Forwards | undefined): string {
  const calls = Object.entries(forwards ?? {}).map(([name, { kind, props }]) => [
    name,
    new Call(`Forward.${kind}`, props),
  ]);
  const props = { ...stack, ...(forwards === undefined ? {} : { forwards: Object.fromEntries(calls) }) };
  const lines = Object.entries(props).map(([name, value]) => `  ${name}: ${printValue(value, 2)},\n`);
  const text = lines.join('');
  const names = [
    'contextProps',
    ...(forwards === undefined ? [] : ['Forward']),
    'PortwayStack',
    ...(text.includes('Tls.') ? ['Tls'] : []),
  ];
  return `import { App } from 'aws-cdk-lib';
import { ${names.join(', ')} } from 'portway';
${forwards === undefined ? "import { imported } from './imported';\n" : ''}
const app = new App();

new PortwayStack(app, 'Portway', {
  // Values of the command line, such as -c instanceType=t4g.small; what stands below wins.
  ...contextProps(app.node),
${forwards === undefined ? '  ...imported,\n' : ''}${text}});
`;
}
