import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { addAlarm, charged } from '../alarm';
import { type FleetMeasured, fleetWarnings } from './warnings';

export interface FleetWatchProps extends FleetMeasured {
  readonly topic: sns.ITopic;
  readonly instanceType: string;
}

/** Alarms on balancer, group and hosts. They only tell: the group acts by itself. */
export class FleetWatch extends Construct {
  readonly alarms: readonly cloudwatch.Alarm[];
  /** How many metrics the alarms are on: AWS charges for each. */
  readonly metrics: number;

  constructor(scope: Construct, id: string, { topic, instanceType, ...measured }: FleetWatchProps) {
    super(scope, id);
    const warnings = Object.entries(fleetWarnings(measured, instanceType));
    this.alarms = warnings.map(([name, warning]) => addAlarm(this, name, warning, [topic]));
    this.metrics = warnings.reduce((sum, [, warning]) => sum + charged(warning), 0);
  }
}
