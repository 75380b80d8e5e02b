/** First boots among what is counted. They are no load on a host, so they have a way of their own to be counted (boots.ts). */
export const BOOT = { name: 'boot', title: 'The first boot of a host', load: 'boot', peer: 'empty' } as const;

/** What a host does at its first boot, by the line of its console that begins it (watch.ts). Power-on has none. */
export const STEPS: Readonly<Record<string, string>> = {
  'power-on': 'kernel, systemd and cloud-init, until it runs user-data',
  'user-data': 'user-data, until the content is there',
  content: 'looking at it, and at what packages are missing',
  install: 'packages: lists, download, unpacking, setting up',
  try: 'trying rules and nginx.conf',
  'set-up': 'setting up: files, rules, services, until a request is forwarded',
};
