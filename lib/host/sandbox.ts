import { assetFile, UNITS } from './assets';
import type { HostFile } from './host-file';

/** Units whose rights a drop-in of Portway limits. See docs/decisions/sandboxes.md. */
export const SANDBOXED = ['nginx', 'portway-certificates', 'portway-iptables'] as const;

/** The limits of a unit. Optional, since it does its work without them too. */
export function sandboxFile(unit: (typeof SANDBOXED)[number]): HostFile {
  return { ...assetFile(`${UNITS}/${unit}.service.d/sandbox.conf`), optional: 'sandbox' };
}
