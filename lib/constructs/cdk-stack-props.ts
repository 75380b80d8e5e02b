import type { StackProps } from 'aws-cdk-lib';
import type { Known } from '../forward/known';
import type { Problems } from '../forward/problems';
import { isPlainObject, memberPath, passes, readObject, readRecord } from '../forward/read-object';
import { isToken } from '../forward/token';

/** Props of every CDK stack. Without `analyticsReporting`, which would make templates change with the CDK's version. */
export type CdkStackProps = Omit<StackProps, 'analyticsReporting'>;

export const CDK_STACK = {
  description: true,
  env: true,
  stackName: true,
  tags: true,
  notificationArns: true,
  synthesizer: true,
  terminationProtection: true,
  crossRegionReferences: true,
  permissionsBoundary: true,
  suppressTemplateIndentation: true,
  propertyInjectors: true,
} satisfies Known<CdkStackProps>;

type Environment = NonNullable<StackProps['env']>;

/** Checks the types: the CDK itself accepts wrong ones silently, or fails without naming the prop. */
export function readCdkStackProps(
  props: Partial<Record<keyof CdkStackProps, unknown>>,
  problems: Problems,
): CdkStackProps {
  const before = problems.length;
  const check = (name: keyof CdkStackProps, isRight: (value: unknown) => boolean, rule: string) => {
    if (props[name] !== undefined && !isRight(props[name])) problems.add(name, rule, props[name]);
  };
  check('description', (v) => isText(v) && Buffer.byteLength(v) <= 1024, 'must be a text of at most 1024 bytes');
  check(
    'stackName',
    (v) => isText(v) && /^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(v),
    'must be a letter, then letters, digits or hyphens, at most 128 in all',
  );
  for (const name of ['terminationProtection', 'crossRegionReferences', 'suppressTemplateIndentation'] as const)
    check(name, (v) => typeof v === 'boolean', 'must be true or false');
  check(
    'notificationArns',
    (v) => Array.isArray(v) && v.every((arn) => isText(arn) && /^arn:|\$\{Token\[/.test(arn)),
    "must be a list of topics' ARNs",
  );
  check('synthesizer', (v) => has(v, 'bind'), 'must be a synthesizer, such as new DefaultStackSynthesizer()');
  check('permissionsBoundary', (v) => has(v, '_bind'), "must be a boundary, such as PermissionsBoundary.fromName('x')");
  check(
    'propertyInjectors',
    (v) => Array.isArray(v) && v.every((injector) => has(injector, 'inject')),
    'must be a list of property injectors',
  );
  const parts = { account: true, region: true } satisfies Known<Environment>;
  const example = "{ account: '123456789012', region: 'eu-central-1' }";
  const env = readObject('env', props.env, { parts, example }, problems);
  if (env?.account !== undefined && !isToken(env.account) && !(isText(env.account) && /^\d{12}$/.test(env.account)))
    problems.add('env.account', 'must be the 12 digits of an account', env.account);
  if (
    env?.region !== undefined &&
    !isToken(env.region) &&
    !(isText(env.region) && /^[a-z][a-z0-9-]+$/.test(env.region))
  )
    problems.add('env.region', 'must be a region such as eu-central-1', env.region);
  readTags(props.tags, problems);
  return problems.length > before ? {} : (props as CdkStackProps);
}

function readTags(tags: unknown, problems: Problems): void {
  if (tags === undefined || (isPlainObject(tags) && Reflect.ownKeys(tags).length === 0)) return;
  for (const [name, value] of readRecord('tags', tags, "must be an object such as { team: 'edge' }", problems) ?? [])
    if (!isText(value)) problems.add(memberPath('tags', name), 'must be a text', value);
}

/** A string without control characters, except tabs and line breaks. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && !/\p{Cc}/u.test(value.replaceAll(/[\n\t]/g, ''));
}

/** Whether `value` has this method. */
function has(value: unknown, method: string): boolean {
  return passes(() => typeof (value as Record<string, unknown>)[method] === 'function');
}
