import { type Cidr, isCidr, isEverything, readCidr } from './cidr';
import type { Problems } from './problems';

/**
 * The admin CIDR: the only source that may reach port 22. There is no default, since any default would be somebody
 * else's address. A `/0` is an error, since people ignore warnings about it.
 */
export function readAdminCidr(value: unknown, problems: Problems): Cidr | undefined {
  if (value === undefined || value === null || value === '') {
    problems.add('adminCidr', 'is required: the address that may reach port 22, such as -c adminCidr=203.0.113.7/32');
    return undefined;
  }
  const cidr = readCidr(value);
  if (!isCidr(cidr)) {
    problems.add('adminCidr', cidr.rule, value);
    return undefined;
  }
  if (isEverything(cidr)) {
    problems.add('adminCidr', 'must not be everyone: name the address or network that you log in from', value);
    return undefined;
  }
  return cidr;
}
