import { Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct, type IDependable } from 'constructs';
import { type LiveContent, partPlace, pointerName, pointerText } from '../host/live/content';
import { acknowledge } from './acknowledge';
import { joinedLines } from './lines';

export interface LiveContentStoreProps {
  /** The gateway's name: see `gatewayName`. */
  readonly name: string;
  readonly live: LiveContent;
  /** Identifies the host that reads the pointer: see `Proof.generation`. */
  readonly generation: string;
  /** Logical id of the condition that waits for this content. */
  readonly condition: string;
  readonly attempt: number;
  /** What must exist before the host learns of the content: the rules that admit its forwards' traffic. */
  readonly after: readonly IDependable[];
  /** The host's role. It may read this gateway's parameters, and report to its stack. */
  readonly reader: iam.IRole;
}

/**
 * The host's content in Parameter Store: a parameter for each part, and the pointer that lists them. Names stay the
 * same, so a changed rule is a changed line of its part, and CloudFormation updates the parameter in place. The pointer
 * comes last, and the host only trusts what it lists. Its name contains the host's generation: if the machine changes
 * together with the forwards, the old host never sees the new pointer, and cannot prove content for its successor.
 */
export class LiveContentStore extends Construct {
  /** The pointer, on which the instance depends. */
  readonly pointer: ssm.CfnParameter;
  /** Names of all parts. */
  readonly names: readonly string[];

  constructor(scope: Construct, id: string, props: LiveContentStoreProps) {
    super(scope, id);
    const { live, generation, condition, attempt } = props;
    const stack = Stack.of(this);
    const place = partPlace(props.name);
    const parts = live.parts.map(
      ({ name, value }) =>
        new ssm.CfnParameter(this, name, {
          ...{ type: 'String', name: `${place}/${name}` },
          value: joinedLines(value),
        }),
    );
    this.names = live.parts.map(({ name }) => `${place}/${name}`);
    this.pointer = new ssm.CfnParameter(this, 'Pointer', {
      ...{ type: 'String', name: pointerName(props.name, generation) },
      description: 'What the Portway gateway runs',
      value: joinedLines(pointerText(live, { stack: stack.stackName, condition, attempt })),
    });
    this.pointer.node.addDependency(...parts, ...props.after);
    this.grant(props.reader, place);
  }

  /** The host may read its content, and report on it to its own stack. */
  private grant(reader: iam.IRole, place: string): void {
    const { partition, region, account, stackId } = Stack.of(this);
    const parts = `parameter${place}/*`;
    reader.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: ['ssm:GetParameters'],
        resources: [`arn:${partition}:ssm:${region}:${account}:${parts}`],
      }),
    );
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
