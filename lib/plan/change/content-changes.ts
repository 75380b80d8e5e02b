import type { FileTexts } from '../../host/content/unpack';
import type { Change } from './change';
import { compareForwards, RULES } from './forwards';
import { type HostContentFound, UNREADABLE } from './host-files';
import { showFile } from './lines';
import type { Effect } from './resources';

/** What changes do to the host, by where they are. */
export interface ContentEffects {
  /** A change of its files. */
  readonly content: Effect;
  /** A change of what carries them, or of a proof's attempt. */
  readonly carrier: Effect;
}

/** Settings that follow from other changes. */
const FOLLOWING = ['PORTWAY_CONTENT', 'PORTWAY_SIGNAL_URL'];
const SETTINGS = '/etc/portway/portway.env';

/** Changes of the host's files: forwards by name, then settings, then programs. */
export function changesOfContent(
  before: HostContentFound,
  after: HostContentFound,
  effects: ContentEffects,
): readonly Change[] {
  const { forwards, shared } = compareForwards(before.files, after.files);
  const host = effects.content;
  const rows: Change[] = forwards.map(({ name, kind, how }) => ({
    what: `forward ${name}`,
    how: kind === 'changed' ? how : [`${kind}: ${how.join(' ')}`],
    host,
  }));
  // Lines that all forwards share change with the forwards.
  if (shared.length > 0) rows.push({ what: rows.length > 0 ? 'shared rules' : 'settings', how: shared, host });
  rows.push(...settingChanges(before.files, after.files, host), ...otherFiles(before, after, effects));
  const isRule = (path: string) => RULES.test(path) && before.files.get(path) !== after.files.get(path);
  if (rows.length === 0 && [...after.files.keys()].some(isRule))
    rows.push({ what: 'settings', how: ['only comments of rules or nginx.conf'], host });
  return rows;
}

function settingChanges(before: FileTexts, after: FileTexts, host: Effect): readonly Change[] {
  const [old, now] = [settings(before), settings(after)];
  const keys = [...new Set([...old.keys(), ...now.keys()])].filter((key) => !FOLLOWING.includes(key));
  return keys.flatMap((key) => {
    const [was = 'none', is = 'none'] = [old.get(key), now.get(key)];
    // The attempt has a row of its own, since a live host restarts for it.
    return was === is || key === 'PORTWAY_ATTEMPT' ? [] : [{ what: NAMES[key] ?? key, how: [`${was} -> ${is}`], host }];
  });
}

const NAMES: Readonly<Record<string, string>> = {
  PORTWAY_PACKAGES: 'packages',
  PORTWAY_NGINX_LISTEN: 'listeners of nginx',
};

function settings(files: FileTexts): ReadonlyMap<string, string> {
  const lines = [...(files.get(SETTINGS) ?? '').matchAll(/^(\w+)='(.*)'$/gm)];
  return new Map(lines.map(([, key = '', value = '']) => [key, value]));
}

/** Files that are neither rules nor settings. */
function otherFiles(before: HostContentFound, after: HostContentFound, effects: ContentEffects): readonly Change[] {
  const { files: old } = before;
  const { files: now } = after;
  const paths = [...new Set([...old.keys(), ...now.keys()])].filter((path) => old.get(path) !== now.get(path));
  const rows: Change[] = [];
  const take = (test: (path: string) => boolean) => paths.filter(test);
  const script = take((path) => path === '/var/lib/portway/first-boot');
  for (const path of script) {
    const [was = '', is = ''] = [old.get(path), now.get(path)];
    rows.push({ what: 'firstBootScript', how: showFile(path, was.split('\n'), is.split('\n')), host: effects.content });
  }
  const programs = take((path) => /^\/(usr|etc\/(systemd|cloud|sysctl\.d))\//.test(path) || path === UNREADABLE);
  const changed = programs.filter((path) => old.has(path) && now.has(path));
  const others = programs.filter((path) => !changed.includes(path));
  if (changed.length > 0)
    rows.push({
      what: 'Portway itself',
      how: [`${changed.length} programs changed: ${some(changed)}`],
      host: effects.content,
    });
  if (others.length > 0)
    rows.push({ what: 'programs', how: [`for what the forwards need: ${some(others)}`], host: effects.content });
  if (before.carrier !== after.carrier)
    rows.push({
      what: 'Portway itself (user-data)',
      how: ['the program in user-data changed'],
      host: effects.carrier,
      why: 'EC2 changes the user-data of a stopped instance only',
    });
  return rows;
}

function some(paths: readonly string[]): string {
  const names = paths.map((path) => path.replace(/.*\//, ''));
  return names.length > 4 ? `${names.slice(0, 4).join(', ')} and ${names.length - 4} more` : names.join(', ');
}
