import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import spawn from 'nano-spawn';
import { type Architecture, DEB_ARCHITECTURES } from '../../../lib/host/operating-system';

/**
 * Makes a Debian repository (one flat folder) from .deb files: the lab serves it, and the VM's apt installs from it.
 *
 * @param debs folder with the .deb files
 * @param folder folder of the repository; created if missing
 * @param architecture of the packages
 */
export async function makeRepository(debs: string, folder: string, architecture: Architecture): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files = (await readdir(debs)).filter((file) => file.endsWith('.deb')).sort();
  if (files.length === 0) throw new Error(`no .deb file in ${debs}: the download of the gateway's packages went wrong`);
  const entries: string[] = [];
  for (const file of files) {
    // A version's epoch is written as %3a in a file name, which a web server would decode to a colon.
    const served = file.replace(/%3a/gi, '_');
    await copyFile(join(debs, file), join(folder, served));
    const { stdout: control } = await spawn('dpkg-deb', ['--field', join(debs, file)]);
    entries.push(packageEntry(control, served, await readFile(join(debs, file))));
  }
  const packages = `${entries.join('\n')}`;
  await writeFile(join(folder, 'Packages'), packages);
  await writeFile(join(folder, 'Release'), release(packages, architecture));
}

/** One stanza of a Packages index: the package's own control fields, and the location of its file. */
export function packageEntry(control: string, file: string, content: Uint8Array): string {
  return `${control.trim()}\nFilename: ./${file}\nSize: ${content.length}\nSHA256: ${sha256(content)}\n`;
}

/** A Release file for one Packages index. apt needs one even if nothing is signed. */
export function release(packages: string, architecture: Architecture): string {
  const text = Buffer.from(packages);
  return [
    'Origin: Portway rehearsal',
    'Label: Portway rehearsal',
    'Date: Thu, 01 Jan 2026 00:00:00 UTC',
    `Architectures: ${DEB_ARCHITECTURES[architecture]} all`,
    'SHA256:',
    ` ${sha256(text)} ${text.length} Packages`,
    '',
  ].join('\n');
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
