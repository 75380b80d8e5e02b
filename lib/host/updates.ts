import type { GatewaySettings } from '../forward/gateway-settings';
import { isNginxForward, type ResolvedForward } from '../forward/resolved';
import { type RebootWindow, windowText } from '../kernel/patching';
import { assetFile, assetFiles, PACKAGE, UNITS } from './assets';
import type { HostFile } from './host-file';
import type { OperatingSystem } from './operating-system';

/**
 * How newer packages get to run. What lets them replace nginx without loss is optional, since without it they only do what the distribution
 * does: they restart nginx. Amazon Linux's own package replaces it without loss, and stays at the release of its image.
 */
export function updateFiles(
  forwards: readonly ResolvedForward[],
  { reboot, updatesOffBecause }: GatewaySettings,
  { packageManager }: OperatingSystem,
): readonly HostFile[] {
  if (packageManager !== 'apt') return [];
  return [
    ...(forwards.some(isNginxForward)
      ? [{ ...assetFile('/etc/apt/apt.conf.d/99portway'), optional: true } as const]
      : []),
    ...(updatesOffBecause === undefined ? [] : [updatesOff(updatesOffBecause)]),
    ...(reboot === undefined ? [] : rebootFiles(reboot)),
  ];
}

/** Read after the images' own 20auto-upgrades. Without this file the updates are on again. */
function updatesOff(why: string): HostFile {
  const text = `APT::Periodic::Unattended-Upgrade "0"; // ${why}\n`;
  return { path: '/etc/apt/apt.conf.d/99portway-off', mode: '0644', text, origin: 'rules' };
}

/** The timer opens the window; the program waits in it, and reboots. `portway status` reads when from the description. */
function rebootFiles(window: RebootWindow): readonly HostFile[] {
  const { day, time } = window;
  const weekday = day === undefined ? '' : `${day[0]?.toUpperCase()}${day.slice(1)} `;
  const lines = [
    '[Unit]',
    `Description=Portway: a reboot if one is due, ${windowText(window)}`,
    '',
    '[Timer]',
    `OnCalendar=${weekday}*-*-* ${time}:00 UTC`,
    'AccuracySec=1s',
    '',
    '[Install]',
    'WantedBy=timers.target',
  ];
  return [
    { path: `${UNITS}/portway-reboot.timer`, mode: '0644', text: `${lines.join('\n')}\n`, origin: 'rules' },
    ...assetFiles(`${UNITS}/portway-reboot.service`, `${PACKAGE}/reboot.py`, `${PACKAGE}/due.py`),
  ];
}
