import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { type ParameterArchive, parameterNames } from '../host/parameters';

export interface ArchiveProps {
  readonly archive: ParameterArchive;
  /** Who may read these parameters, and no others. */
  readonly reader: iam.Role;
}

/**
 * What user-data has no room for, in parameters of the standard tier: they cost nothing, and need neither bucket nor bootstrap.
 *
 * Their names carry a hash of what they hold, and a new name is a new parameter. So a change makes new ones before the host restarts,
 * and CloudFormation takes the old ones away only once the new host has proved itself; a rollback takes the new ones. What stays the
 * same, stays. Ids do not change with it: the instance depends on them, and what others depend on is better not renamed.
 * @see https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2220
 */
export class Archive extends Construct {
  constructor(scope: Construct, id: string, { archive, reader }: ArchiveProps) {
    super(scope, id);
    const names = parameterNames(archive);
    archive.values.forEach((value, i) => {
      new ssm.CfnParameter(this, `Part${i + 1}`, {
        name: names[i] as string,
        type: 'String',
        value,
        description: `Files of the Portway gateway, part ${i + 1} of ${archive.values.length}`,
      });
    });
    reader.addToPolicy(
      new iam.PolicyStatement({
        actions: ['ssm:GetParameter'],
        resources: names.map((name) =>
          Stack.of(this).formatArn({ service: 'ssm', resource: 'parameter', resourceName: name.slice(1) }),
        ),
      }),
    );
  }
}
