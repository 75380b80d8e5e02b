import { createHash } from 'node:crypto';
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/**
 * A gateway's name in its account and region: that of its stack, and behind a dot the construct's path in it. The gateway of a
 * PortwayStack has the stack's name alone. No stack has a dot in its name.
 * @param scope the PortGateway, or the PortwayStack
 */
export function gatewayName(scope: Construct): string {
  const { stackName } = Stack.of(scope);
  const suffix = gatewaySuffix(scope);
  return suffix === '' ? stackName : `${stackName}.${suffix}`;
}

/**
 * The part of the name that tells apart the gateways of one stack: letters, digits, dots, hyphens and underscores, at most 100;
 * empty for the gateway of a PortwayStack.
 */
export function gatewaySuffix(scope: Construct): string {
  const stack = Stack.of(scope);
  const scopes = scope.node.scopes.slice(stack.node.scopes.length);
  const ids = scopes.map(({ node }) => node.id);
  const suffix = ids.map((id) => id.replaceAll(/[^\w-]/g, '')).join('.');
  if (ids.every((id) => /^[\w-]+$/.test(id)) && suffix.length <= 100) return suffix;
  // Ids that differ only in what is left out must not get the same name.
  return `${suffix.slice(0, 90)}-${createHash('sha256').update(ids.join('/')).digest('hex').slice(0, 8)}`;
}
