/** The heading of what no release has yet. */
const UNRELEASED = '## [Unreleased]';

/**
 * Gives what is unreleased a version and a date, and leaves an empty section for what comes next. The file is kept as
 * https://keepachangelog.com says.
 *
 * @param date such as 2026-12-01
 * @throws Error if there is nothing to release, or the version is there already
 */
export function released(changelog: string, version: string, date: string): string {
  if (sectionOf(changelog, version) !== undefined) throw new Error(`CHANGELOG.md must not have ${version} yet`);
  if (!/^- /m.test(sectionOf(changelog, 'Unreleased') ?? ''))
    throw new Error(`CHANGELOG.md must list what changed, below ${UNRELEASED}`);
  return changelog.replace(UNRELEASED, `${UNRELEASED}\n\n## [${version}] - ${date}`);
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
  const notes = sectionOf(changelog, packageVersion);
  if (notes === undefined)
    throw new Error(`CHANGELOG.md must have a section of ${packageVersion}: npm version makes it`);
  return `${notes}\n`;
}

function sectionOf(changelog: string, name: string): string | undefined {
  const sections = changelog.split(/^## /m);
  return sections
    .find((section) => section.startsWith(`[${name}]`))
    ?.replace(/^.*\n/, '')
    .trim();
}
