import { App, Duration, Lazy, Stack, aws_sns as sns } from 'aws-cdk-lib';
import { checkStack } from '../../lib/check-stack';
import { Forward } from '../../lib/forward/forward';
import { PortwayError } from '../../lib/forward/problems';
import { PortwayStack } from '../../lib/portway-stack';
import { base, problemsOf } from '../support/stack-problems';

const problems = (props: object) => problemsOf({ ...base, ...props });

test('accepts valid props', () => {
  const env = { account: '123456789012', region: 'eu-central-1' };
  const cdk = { env, tags: { team: 'edge' }, stackName: 'Edge', terminationProtection: true, description: 'x' };
  expect(checkStack({ ...base, ...cdk, signalTimeout: Duration.minutes(5) }).cdk).toEqual(cdk);
});

test.each([
  ['the type', { instancetype: 't4g.large' }, 'instancetype is unknown: did you mean instanceType?, got: t4g.large'],
  ['the admin', { adminCIDR: '10.0.0.1/32' }, 'adminCIDR is unknown: did you mean adminCidr?, got: 10.0.0.1/32'],
  ['flow logs', { flowlogs: true }, 'flowlogs is unknown: did you mean flowLogs?, got: true'],
  ['blocked networks', { block: ['10.0.0.0/8'] }, 'block is unknown: did you mean blocked?, got: ["10.0.0.0/8"]'],
  [
    'protection',
    { terminationprotection: true },
    'terminationprotection is unknown: did you mean terminationProtection?',
  ],
  [
    'of an image',
    { ami: { id: 'ami-0123456789abcdef0', rootdevice: '/dev/xvda' } },
    'ami.rootdevice must be one of id, rootDevice (did',
  ],
  [
    'of egress',
    { egress: { from: ['10.0.0.0/16'], subnet: [] } },
    'egress.subnet must be one of from, subnets, alarmTopic (did you',
  ],
  [
    'of an environment',
    { env: { accountt: '1' } },
    'env.accountt must be one of account, region (did you mean account?)',
  ],
  [
    'of a forward',
    { allowFrom: ['10.0.0.0/8'] },
    'allowFrom must be left out: it is for the forward itself, got: ["10.0.0.0/8"]',
  ],
])('refuses an unknown prop of the stack: %s', (_, props, problem) => {
  expect(problems(props).join('\n')).toContain(problem);
});

const proxied = new Proxy({ ...base }, {});
test.each([
  ['nothing', undefined, 'must be an object such as { adminCidr'],
  ['null', null, 'got: null'],
  ['a list', [], 'must be an object such as'],
  ['a proxy', proxied, 'got: a proxy'],
  ['props on a prototype', Object.create(base), 'write a plain object, since props of a class or a prototype get lost'],
  ['no forwards', { ...base, forwards: {} }, 'forwards must hold at least one forward'],
  ['null for forwards', { ...base, forwards: null }, 'forwards must hold forwards by name, such as { web: '],
  ['a list of forwards', { ...base, forwards: [] }, 'forwards must hold forwards by name'],
  [
    'a forward without props',
    { ...base, forwards: { web: Forward.tcp(undefined as never) } },
    'forwards.web must be an',
  ],
  ['no forward', { ...base, forwards: { web: Symbol('x') } }, 'forwards.web must be made by Forward.tcp'],
])('refuses what is not a props object: %s', (_, props, problem) => {
  expect(problemsOf(props).join('\n')).toContain(problem);
});

test.each([
  [
    'seconds',
    { signalTimeout: 900 },
    'signalTimeout must be a Duration that is known at synth, such as Duration.minutes(15), got: 900',
  ],
  [
    'half a second',
    { signalTimeout: Duration.millis(90_500) },
    'signalTimeout must be 1 minute to 12 hours, in whole seconds, got: 90.5 s',
  ],
  [
    'not a number of seconds',
    { signalTimeout: { toSeconds: () => Number.NaN } },
    'signalTimeout must be 1 minute to 12 hours',
  ],
  [
    'a deploy-time value',
    { signalTimeout: Duration.seconds(Lazy.number({ produce: () => 90 })) },
    'that is known at synth',
  ],
  [
    'an id for a VPC',
    { vpc: 'vpc-1' },
    "vpc must be a VPC of the CDK, such as ec2.Vpc.fromLookup(this, 'Vpc', { vpcId: 'vpc-0123456789abcdef0' }), got: vpc-1",
  ],
  ['something like a VPC', { vpc: { vpcId: 'vpc-1', publicSubnets: [] } }, 'vpc must be a VPC of the CDK'],
  ['a word for a flag', { flowLogs: 'false' }, 'flowLogs must be true or false, got: false'],
  ['an open file', { firstBootScript: -0 }, "firstBootScript must be a file's path, got: -0"],
  [
    'a device',
    { firstBootScript: '/dev/zero' },
    'firstBootScript must be a file: a folder or a device has no end, got: /dev/zero',
  ],
  [
    'an ARN for a topic',
    { egress: { from: ['10.0.0.0/16'], alarmTopic: 'arn:aws:sns:x' } },
    'egress.alarmTopic must be a topic, such as',
  ],
  [
    'an id for a subnet',
    { vpc: 1, egress: { from: ['10.0.0.0/16'], subnets: ['subnet-1'] } },
    'egress.subnets[0] must be a subnet of the CDK',
  ],
  ['a symbol', { adminCidr: Symbol('a') }, 'adminCidr must be a CIDR block such as 203.0.113.0/24, got: Symbol(a)'],
  ['a bigint', { attempt: 1n }, 'attempt must be a whole number of 0-1000000, got: 1n'],
  [
    'a bound that is none',
    { maxSecurityGroupRules: Symbol('many') },
    'maxSecurityGroupRules must be a whole number of 1-1000',
  ],
  ['a date', { diskGiB: new Date(0) }, 'diskGiB must be a whole number of 8-16384, got: 1970'],
  ['a function', { engine: () => 'nginx' }, 'engine must be iptables or nginx, got: [Function'],
  ['a name of every object', { os: 'constructor' }, 'os must be debian-13, debian-12'],
  ['a number for a key', { sshPublicKey: 5 }, 'sshPublicKey must be one line'],
  ['a list for a key pair', { keyPairName: ['a'] }, 'keyPairName must be the name of a key pair, got: ["a"]'],
  ['a text for an image', { ami: 'ami-0123456789abcdef0' }, 'ami must be an object such as { id:'],
  ['numbers for tags', { tags: { cost: 5 } }, 'tags.cost must be a text, got: 5'],
  ['a name of a stack', { stackName: 'a b' }, 'stackName must be a letter, then letters'],
  ['a text for an environment', { env: 'eu-central-1' }, 'env must be an object such as { account:'],
  ['a text for a synthesizer', { synthesizer: 'legacy' }, 'synthesizer must be a synthesizer'],
  ['a text for protection', { terminationProtection: 'no' }, 'terminationProtection must be true or false, got: no'],
])('names the prop of a value of the wrong type: %s', (_, props, problem) => {
  expect(problems(props).join('\n')).toContain(problem);
});

test('reports a prop whose getter throws', () => {
  const props = Object.defineProperty({ ...base }, 'vpc', {
    get() {
      throw new Error('no');
    },
  });
  expect(problemsOf(props)).toEqual([expect.stringContaining('vpc must be a VPC of the CDK')]);
});

test('creates no construct for invalid props', () => {
  const app = new App();
  expect(() => new PortwayStack(app, 'Portway', { ...base, instancetype: 'x' } as never)).toThrow(PortwayError);
  expect(app.node.children).toEqual([]);
});

test('refuses names that differ only by hyphens, since their outputs would collide', () => {
  const web = Forward.http({ listen: 80, to: 8080 });
  const other = Forward.http({ listen: 81, to: 8081 });
  expect(problems({ forwards: { 'web-1': web, web1: other } })).toEqual([
    `forwards.web1 must differ from forwards["web-1"] in more than hyphens, which the names of CloudFormation's outputs cannot have`,
  ]);
});

test('accepts a topic of another stack', () => {
  const alarmTopic = sns.Topic.fromTopicArn(new Stack(), 'Topic', 'arn:aws:sns:eu-central-1:123456789012:alarms');
  expect(checkStack({ ...base, egress: { from: ['10.0.0.0/16'], alarmTopic } }).egress).toEqual({
    subnets: [],
    alarmTopic,
  });
});
