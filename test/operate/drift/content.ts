import type { DescribeStackResourcesOutput } from '@aws-sdk/client-cloudformation';
import { CreateTagsCommand, type InstanceAttribute } from '@aws-sdk/client-ec2';
import { DeleteParameterCommand, GetParameterCommand, PutParameterCommand } from '@aws-sdk/client-ssm';
import { answered, type DriftLab, type Drifts } from './lab';

const parameter = ({ promised }: DriftLab) =>
  [...promised.parameters.keys()].find((name) => name.includes('forwards')) ?? '';
const put = (lab: DriftLab, Value: string) =>
  lab.ssm.send(new PutParameterCommand({ Name: parameter(lab), Value, Type: 'String', Overwrite: true }));
const stored = async (lab: DriftLab) =>
  (await lab.ssm.send(new GetParameterCommand({ Name: parameter(lab) }))).Parameter?.Value ?? '';

/** What parameters, user-data, tags and CloudFormation tell of the content. */
export const OF_THE_CONTENT: Drifts = {
  'its user-data edited': {
    by: answered<InstanceAttribute>('DescribeInstanceAttributeCommand', ({ UserData }) => {
      if (UserData)
        UserData.Value = Buffer.from(`${Buffer.from(`${UserData.Value}`, 'base64')}\n# by hand`).toString('base64');
    }),
    found: /^the user-data is not what the app says now/,
  },
  'its tag edited': {
    by: async (lab) => {
      const tag = (Value: string) =>
        lab.ec2.send(new CreateTagsCommand({ Resources: [lab.id], Tags: [{ Key: 'portway:content', Value }] }));
      await tag('0'.repeat(64));
      return () => tag(lab.promised.content ?? '');
    },
    found: /^content \(tag portway:content/,
  },
  'a parameter edited': {
    by: async (lab) => {
      const before = await stored(lab);
      await put(lab, before.replace('8080', '9090'));
      return () => put(lab, before);
    },
    found: /^the parameter .*forwards\.1 is not what the app says now/,
  },
  'a parameter deleted': {
    by: async (lab) => {
      const before = await stored(lab);
      await lab.ssm.send(new DeleteParameterCommand({ Name: parameter(lab) }));
      return () => put(lab, before);
    },
    found: /^the parameter .*forwards\.1 must be there, and is gone/,
  },
  'its report failed, and the deploy was not rolled back': {
    by: answered<DescribeStackResourcesOutput>('DescribeStackResourcesCommand', ({ StackResources: [one] = [] }) => {
      if (one)
        Object.assign(one, { ResourceStatus: 'CREATE_FAILED', ResourceStatusReason: 'FAILURE signal i-1 try: nginx' });
    }),
    found: /^the host did not report that this content runs: CREATE_FAILED FAILURE signal i-1 try: nginx$/,
  },
};
