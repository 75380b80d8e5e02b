import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What is read from the host before it goes, by the file that it is saved in. */
const EVIDENCE: Readonly<Record<string, string>> = {
  'bootstrap.log': 'sudo cat /var/log/portway/bootstrap.log',
  'rules-v4.txt': 'sudo iptables-nft-save 2>/dev/null',
  'rules-v6.txt': 'sudo ip6tables-nft-save 2>/dev/null',
  'rules-nft.txt': 'sudo nft list table inet portway 2>/dev/null',
  'nginx.conf': 'sudo cat /etc/nginx/nginx.conf 2>/dev/null',
  'access.log': 'sudo tail -n 200 /var/log/portway/access.log 2>/dev/null',
  'cloud-init.log': 'sudo tail -n 400 /var/log/cloud-init.log',
};

/** A line that occurs in no log. */
const MARK = '---- portway evidence ----';

/** Saves the host's own view in the run's folder. What it cannot provide (nginx.conf without nginx) is left out. */
export async function collectEvidence(
  ask: (command: string) => Promise<{ readonly stdout: string }>,
  folder: string,
): Promise<void> {
  // One login for all, since a handshake takes an emulated processor seconds.
  const { stdout } = await ask(Object.values(EVIDENCE).join(`; echo '${MARK}'; `));
  const parts = stdout.split(`${MARK}\n`);
  for (const [i, file] of Object.keys(EVIDENCE).entries()) {
    const text = parts[i] ?? '';
    if (text.trim() !== '') await writeFile(join(folder, file), text);
  }
}
