import type { Problems } from '../../forward/problems';
import { isToken } from '../../forward/token';
import { architectureOf, type Machine } from '../machine';

/** How many types an Auto Scaling group takes, the first one included. */
const MOST_TYPES = 40;

/**
 * Reads `capacity.fallbackTypes`. The balancer gives each host equally many connections, so no type may be weaker than `instanceType`: of the
 * same size, which has as much memory as settings depend on, and burstable only beside a burstable one. Reports anything wrong to `problems`.
 */
export function readFallbackTypes(
  value: unknown,
  { instanceType, architecture }: Pick<Machine, 'instanceType' | 'architecture'>,
  problems: Problems,
): readonly string[] {
  const at = 'capacity.fallbackTypes';
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length === 0 || value.length >= MOST_TYPES) {
    problems.add(at, `must be a list of 1 to ${MOST_TYPES - 1} types such as ['m7g.large', 'm6g.large']`, value);
    return [];
  }
  if (isToken(instanceType)) {
    problems.add(at, 'must be left out while instanceType is known only at deploy time: they are compared with it');
    return [];
  }
  const types: readonly unknown[] = value;
  for (const [i, type] of types.entries()) {
    const wrong = problemOf(type, { instanceType, architecture });
    if (wrong !== undefined) problems.add(`${at}[${i}]`, wrong, type);
    else if (type === instanceType || types.indexOf(type) < i)
      problems.add(`${at}[${i}]`, 'must be named once, here or as instanceType', type);
  }
  return types as readonly string[];
}

function problemOf(
  type: unknown,
  { instanceType, architecture }: Pick<Machine, 'instanceType' | 'architecture'>,
): string | undefined {
  const of = typeof type === 'string' && !isToken(type) ? architectureOf(type) : undefined;
  if (typeof type !== 'string' || of === undefined) return 'must be an EC2 instance type such as m7g.large';
  if (of !== architecture)
    return `must be of the architecture ${architecture}, as instanceType and ami are; ${type} is ${of}`;
  if (sizeOf(type) !== sizeOf(instanceType))
    return `must be of the size ${sizeOf(instanceType)}, as ${instanceType}: the balancer sends each host equally many connections, so the smallest would be full first`;
  if (isBurstable(type) && !isBurstable(instanceType))
    return `must not be burstable, since ${instanceType} is not: without credits it would be full first`;
  return undefined;
}

const sizeOf = (type: string) => type.split('.')[1];

const isBurstable = (type: string) => /^t\d/.test(type);
