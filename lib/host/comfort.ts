import type { HostFile } from './host-file';

/** Whether a host works, and says how it does, without this file. */
export function isTool(file: HostFile): boolean {
  return file.optional === 'tool';
}

/** Whether a host works, and people on it do, without this file. */
export function isExtra(file: HostFile): boolean {
  return file.optional === 'extra';
}

/** Whether a host works the same without this file, only with more rights. */
export function isSandbox(file: HostFile): boolean {
  return file.optional === 'sandbox';
}

/** Drops optional files, and the comments of all others. */
export function withoutComfort(file: HostFile): readonly HostFile[] {
  return file.optional ? [] : [withoutComments(file)];
}

/** Removes comments from rendered files, except those that are only a forward's name. */
export function withoutComments(file: HostFile): HostFile {
  return file.origin === 'rules' ? { ...file, text: file.text.replace(/^\s*# (?![\w-]+$).*\n/gm, '') } : file;
}
