import type { DescribeInstancesResult, Instance } from '@aws-sdk/client-ec2';
import { answered, type Drift, type Drifts } from './lab';

export const ofHost = (alter: (host: Instance) => void): Drift['by'] =>
  answered<DescribeInstancesResult>('ec2', 'DescribeInstancesCommand', ({ Reservations = [] }, { ids }) => {
    for (const one of Reservations.flatMap(({ Instances = [] }) => Instances))
      if (one.InstanceId === ids[0]) alter(one);
  });

/** What EC2 tells of a host. */
export const OF_THE_MACHINES: Drifts = {
  'a host of another type': {
    by: ofHost((one) => {
      one.InstanceType = 't3.large';
    }),
    found: /^instance type of i-\w+ must be t4g\.micro, got: t3\.large$/,
  },
  'a host of another image': {
    by: ofHost((one) => {
      one.ImageId = 'ami-1';
    }),
    found: /^image of i-\w+ must be ami-0123456789abcdef0, got: ami-1$/,
  },
  'a host in another security group': {
    by: ofHost((one) => {
      one.SecurityGroups = [{ GroupId: 'sg-1' }];
    }),
    found: /^security groups of i-\w+ must be sg-\w+, got: sg-1$/,
  },
};
