import { Forward } from '../../lib/forward/forward';
import type { PortwayError } from '../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { renderNginx } from '../../lib/nginx/render';

/** The steps of docs/contributing/add-an-option.md with a toy option: a feature in a file of its own, and a line in the list. */
jest.mock('../../lib/http/features', () => {
  const actual = jest.requireActual('../../lib/http/features');
  const { readFlag } = jest.requireActual('../../lib/forward/read-value');
  const { set } = jest.requireActual('../../lib/http/set');
  const etag = {
    props: { etag: true },
    read: (at: string, props: { etag?: boolean }, problems: unknown) =>
      set({ etag: readFlag(`${at}.etag`, props.etag, problems) }),
    nginx: {
      setting: {
        lines: ({ stated }: { stated: { etag?: boolean } }) =>
          stated.etag === undefined ? [] : [`etag ${stated.etag ? 'on' : 'off'};`],
      },
    },
  };
  return {
    ...actual,
    ROUTE_FEATURES: [...actual.ROUTE_FEATURES, etag],
    FEATURES: [...actual.FEATURES, etag],
  };
});

const render = (props: object) => {
  const forwards = { web: Forward.http({ listen: 80, to: 8080, ...props }) };
  return renderNginx(resolveForwardsOrThrow({ forwards }), { user: 'www-data', http2: 'directive' }) ?? '';
};

test('renders the option in the server, and in the one location that overrides it', () => {
  const conf = render({ etag: false, routes: { '/a/*': { to: 1, etag: true }, '/b/*': { to: 2 } } });
  expect(conf.match(/etag \w+;/g)).toEqual(['etag off;', 'etag on;', 'etag on;']);
  expect(conf).toMatch(/location \/a\/ {\n {6}etag on;/);
});

test('renders nothing where it is unset', () => {
  expect(render({})).not.toContain('etag');
});

test('refuses a wrong value', () => {
  let problems: readonly string[] = [];
  try {
    render({ etag: 'yes' });
  } catch (error) {
    problems = (error as PortwayError).problems;
  }
  expect(problems).toEqual(['forwards.web.etag must be true or false, got: yes']);
});
