import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { type ParameterArchive, parameterNames } from '../host/parameters';

export interface ArchiveProps {
  readonly archive: ParameterArchive;
  /** The role that may read these parameters, and no others. */
  readonly reader: iam.IRole;
}

/**
 * Holds what does not fit into user-data, in parameters of the standard tier: they are free, and need neither bucket nor bootstrap.
 *
 * Each name contains a hash of the content, so changed content gets new parameters. CloudFormation creates them before the host
 * restarts, and deletes the old ones only after the new host has proved itself; a rollback deletes the new ones. Unchanged parameters
 * stay. Logical ids do not contain the hash: the instance depends on them, and renaming a dependency is best avoided.
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
    reader.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: ['ssm:GetParameter'],
        resources: names.map((name) =>
          Stack.of(this).formatArn({ service: 'ssm', resource: 'parameter', resourceName: name.slice(1) }),
        ),
      }),
    );
  }
}
