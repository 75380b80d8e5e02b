import { Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct, type IDependable } from 'constructs';
import {
  type PointerProps,
  partPlace,
  pointerName,
  pointerText,
  type StoredContent,
} from '../host/content/stored-content';
import { acknowledge } from './acknowledge';
import { joinedLines } from './lines';

export interface ContentStoreProps extends PointerProps {
  /** The gateway's name: see `gatewayName`. */
  readonly name: string;
  readonly stored: StoredContent;
  /** Identifies the host that reads the pointer: see `Proof.generation`. */
  readonly generation: string;
  /** What must exist before the host learns of the content: the rules that admit its forwards' traffic. */
  readonly after: readonly IDependable[];
  /** The host's role. It may read this gateway's parameters; with `live` it may also report to its stack. */
  readonly reader: iam.IRole;
}

/**
 * The host's content in Parameter Store: a parameter for each part, and the pointer that lists them. They are standard
 * parameters, which are free, and need neither bucket nor bootstrap.
 *
 * The names of parts stay the same, so a changed rule is a changed line of its part, and CloudFormation updates the
 * parameter in place. The pointer comes last, and the host only trusts what it lists. Its name contains the generation
 * of the host: the old host of a machine that changes never sees the new pointer, and cannot prove content for its
 * successor. It keeps its own pointer until the new host has proved itself, and the rollback of a failed change sets the
 * parts back.
 */
export class ContentStore extends Construct {
  /** The pointer, on which the instance depends. */
  readonly pointer: ssm.CfnParameter;
  /** Names of all parts. */
  readonly names: readonly string[];

  constructor(scope: Construct, id: string, props: ContentStoreProps) {
    super(scope, id);
    const { stored, generation } = props;
    const place = partPlace(props.name);
    const parts = stored.parts.map(
      ({ name, value }) =>
        new ssm.CfnParameter(this, name, {
          ...{ type: 'String', name: `${place}/${name}` },
          value: joinedLines(value),
        }),
    );
    this.names = stored.parts.map(({ name }) => `${place}/${name}`);
    this.pointer = new ssm.CfnParameter(this, 'Pointer', {
      ...{ type: 'String', name: pointerName(props.name, generation) },
      value: joinedLines(pointerText(stored, props)),
    });
    this.pointer.node.addDependency(...parts, ...props.after);
    this.grant(props, place);
  }

  /** The host may read its content. While it runs, it reports on a change to its own stack. */
  private grant({ reader, live }: ContentStoreProps, place: string): void {
    const { partition, region, account, stackId } = Stack.of(this);
    const parts = `parameter${place}/*`;
    reader.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: ['ssm:GetParameters'],
        resources: [`arn:${partition}:ssm:${region}:${account}:${parts}`],
      }),
    );
    if (live !== undefined)
      reader.addToPrincipalPolicy(
        new iam.PolicyStatement({ actions: ['cloudformation:SignalResource'], resources: [stackId] }),
      );
    const shown = (value: string, name: string) => (Token.isUnresolved(value) ? `<AWS::${name}>` : value);
    const arn = `arn:${shown(partition, 'Partition')}:ssm:${shown(region, 'Region')}:${shown(account, 'AccountId')}:${parts}`;
    acknowledge(
      reader,
      `AwsSolutions-IAM5[Resource::${arn}]`,
      'The number of parts changes with the content, and only this host has parts under its name.',
    );
  }
}
