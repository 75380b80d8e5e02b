import { isKernelForward, type ResolvedForward } from '../forward/resolved';
import { assetFile, PACKAGE } from './assets';
import type { HostFile } from './host-file';

const TOP = ['top', 'top_logs', 'top_sums'];

/** Programs that only people use: `portway top`. A template that is sent without a bucket has no room for them. */
export function toolFiles(forwards: readonly ResolvedForward[]): readonly HostFile[] {
  const modules = [...TOP, ...(forwards.some(isKernelForward) ? ['top_flows'] : [])];
  return modules.map((module) => ({ ...assetFile(`${PACKAGE}/${module}.py`), optional: 'tool' }));
}
