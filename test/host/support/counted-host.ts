import { ADDRESS, type Host } from './host';

/** Targets whose clients count what they carry (measured.py): HTTP on port 9001 of the backend, TCP on 9002. */
export async function serveCounted(host: Host): Promise<void> {
  await host.serve('backend', ['python3', host.support('backend', 'target.py'), '9001', 'target', '/dev/null']);
  await host.serve('backend', ['python3', host.support('backend', 'carry.py'), 'serve', '9002']);
  await host.sh('backend', `ip route add default via ${ADDRESS.inside.v4}`);
}

/** Rotates the logs as the timer does every 20 s, but for the size: each log is due. */
export async function rotateLogs(host: Host): Promise<void> {
  const rotate = 'from portway import rotate; rotate.min = lambda *_: 100; rotate.main([])';
  await host.sh('gateway', `python3 -c 'import sys; sys.path.insert(0, "/usr/local/lib/portway"); ${rotate}'`);
}
