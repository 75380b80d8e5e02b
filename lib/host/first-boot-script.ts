import { readFileSync, statSync } from 'node:fs';
import type { Problems } from '../forward/problems';
import type { HostFile } from './host-file';

/** The team's script on the host. The scripts in assets/ run it once per instance and content. */
const PATH = '/var/lib/portway/first-boot';

/** Reads the team's script and checks it for problems that would otherwise show only on the host. */
export function readFirstBootScript(file: unknown, problems: Problems): HostFile | undefined {
  // Node treats a number as a file descriptor: 0 would read standard input.
  if (typeof file !== 'string') {
    problems.add('firstBootScript', "must be a file's path", file);
    return undefined;
  }
  let text: string;
  try {
    if (!statSync(file).isFile()) {
      problems.add('firstBootScript', 'must be a file: a folder or a device has no end', file);
      return undefined;
    }
    text = readFileSync(file, 'utf8');
  } catch (error) {
    problems.add('firstBootScript', `must be a file that can be read (${(error as NodeJS.ErrnoException).code})`, file);
    return undefined;
  }
  if (!text.startsWith('#!/'))
    problems.add('firstBootScript', 'must begin with the program that runs it, such as #!/bin/bash', file);
  if (text.includes('\r'))
    problems.add(
      'firstBootScript',
      'must have Unix line endings: a carriage return breaks its first line on the host',
      file,
    );
  if (text.includes('\0')) problems.add('firstBootScript', 'must be text', file);
  return firstBootFile(text);
}

/** The script as a file of the host. */
export function firstBootFile(text: string): HostFile {
  return { path: PATH, mode: '0700', text: text.endsWith('\n') ? text : `${text}\n`, origin: 'team' };
}
