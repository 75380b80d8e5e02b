import { deflateSync } from 'node:zlib';
import { mimeMessage } from '../../lib/host/content/mime';
import type { HostContent } from '../../lib/host/host-content';

export interface Carried {
  /** The content's hash in the host's report. */
  readonly content: string;
  readonly signalUrl: string;
}

/**
 * The shell part of user-data that carries a whole content, for test hosts without Parameter Store: it unpacks the tree
 * as the loader's program does, and host.sh does the rest of the boot.
 */
export function carriedScript({ files, settings }: HostContent, { content, signalUrl }: Carried): string {
  const all = { PORTWAY_CONTENT: content, PORTWAY_SIGNAL_URL: signalUrl, ...settings };
  const text = Object.entries(all).map(([key, value]) => `${key}='${value}'\n`);
  const environment = { path: '/etc/portway/portway.env', mode: '0600', text: text.join('') };
  const tree = [environment, ...files].map((file) => [file.path, file.mode, file.text]);
  const packed = deflateSync(JSON.stringify(tree)).toString('base64');
  return `#!/bin/bash
set -Eeuo pipefail
umask 077
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
exec 9>/run/portway.lock
flock -w 300 9
python3 -IS - "$0" <<'END'
import base64, json, os, shutil, sys, zlib
stage = "/var/lib/portway/stage"
shutil.rmtree(stage, ignore_errors=True)
packed = open(sys.argv[1]).read().split("\\n#carried\\n")[1]
for path, mode, text in json.loads(zlib.decompress(base64.b64decode(packed))):
    os.makedirs(os.path.dirname(stage + path), exist_ok=True)
    with open(stage + path, "w", encoding="utf8") as file:
        file.write(text)
    os.chmod(stage + path, int(mode, 8))
END
exec /var/lib/portway/stage/usr/local/lib/portway/host.sh stage
#carried
${packed.replace(/.{1,900}/g, '$&\n')}`;
}

/** User-data with that script. It may be larger than EC2 allows: the lab's machines take any size. */
export function carriedUserData(content: HostContent, carried: Carried): string {
  return mimeMessage(carriedScript(content, carried));
}
