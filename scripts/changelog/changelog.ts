import { type Changelog, parser, Release } from 'keep-a-changelog';

/**
 * Gives what is unreleased a version and a date, and leaves an empty section for what comes next. The file is kept as
 * https://keepachangelog.com says.
 *
 * @param date such as 2026-12-01
 * @throws Error if there is nothing to release, or the version is there already
 */
export function released(changelog: string, version: string, date: string): string {
  const read = parsed(changelog);
  if (find(read, version) !== undefined) throw new Error(`CHANGELOG.md must not have ${version} yet`);
  const next = read.releases.find((release) => release.version === undefined);
  if (next === undefined || next.isEmpty()) throw new Error('CHANGELOG.md must list what changed, below ## Unreleased');
  next.setVersion(version);
  next.setDate(new Date(date));
  read.addRelease(new Release());
  return read.toString();
}

/**
 * The notes of a release.
 *
 * @param tag such as v1.0.0
 * @param packageVersion what package.json says
 * @throws Error if they do not belong together, or there are no notes
 */
export function notesOf(changelog: string, tag: string, packageVersion: string): string {
  if (tag !== `v${packageVersion}`)
    throw new Error(`the tag must be that of package.json's version, v${packageVersion}, got: ${tag}`);
  const read = parsed(changelog);
  const release = find(read, packageVersion);
  if (release === undefined)
    throw new Error(`CHANGELOG.md must have a section of ${packageVersion}: npm version makes it`);
  // Without its heading.
  return `${release.toString(read).replace(/^.*\n/, '').trim()}\n`;
}

/** With empty lines around headings, as all documents here. */
function parsed(changelog: string): Changelog {
  const read = parser(changelog);
  read.format = 'markdownlint';
  return read;
}

function find(changelog: Changelog, version: string): Release | undefined {
  return changelog.releases.find((release) => release.version === version);
}
