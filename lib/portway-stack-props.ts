import type { CdkStackProps } from './constructs/cdk-stack-props';
import type { PortGatewayProps } from './port-gateway-props';

/** Props of the stack: those of the CDK's own stacks, and of the gateway in it. */
export interface PortwayStackProps extends CdkStackProps, PortGatewayProps {}
