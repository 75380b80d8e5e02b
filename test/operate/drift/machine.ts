import { type InstanceMetadataOptionsResponse, StartInstancesCommand, StopInstancesCommand } from '@aws-sdk/client-ec2';
import { type Drift, type Drifts, ofHost } from './lab';

/** Changes metadata options; the interface has the same in another place. */
const metadata = (changed: InstanceMetadataOptionsResponse): Drift['by'] =>
  ofHost((one) => {
    one.MetadataOptions = { ...one.MetadataOptions, ...changed };
  });

/** What EC2 tells of the instance. */
export const OF_THE_MACHINE: Drifts = {
  'the instance stopped': {
    by: async (lab) => {
      await lab.ec2.send(new StopInstancesCommand({ InstanceIds: [lab.id] }));
      return () => lab.ec2.send(new StartInstancesCommand({ InstanceIds: [lab.id] }));
    },
    found: /must be running, got: stop/,
  },
  'another instance type': {
    by: ofHost((one) => {
      one.InstanceType = 't4g.nano';
    }),
    found: /instance type of i-\w+ must be t4g\.micro, got: t4g\.nano/,
  },
  'metadata without tokens': {
    by: metadata({ HttpTokens: 'optional' }),
    found: /HttpTokens of i-\w+ must be required/,
  },
  'metadata for containers': {
    by: metadata({ HttpPutResponseHopLimit: 2 }),
    found: /hop limit of i-\w+ must be 1, got: 2/,
  },
  'no metadata service': {
    by: metadata({ HttpEndpoint: 'disabled' }),
    found: /metadata service of i-\w+ must be enabled/,
  },
  'metadata without tags': {
    by: metadata({ InstanceMetadataTags: 'disabled' }),
    found: /InstanceMetadataTags of i-\w+ must be enabled/,
  },
  'its role taken away': {
    by: ofHost((one) => {
      delete one.IamInstanceProfile;
    }),
    found: /must have its instance profile/,
  },
};
