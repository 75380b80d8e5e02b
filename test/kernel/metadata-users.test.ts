import { NO_SETTINGS } from '../../lib/forward/gateway-settings';
import { Problems } from '../../lib/forward/problems';
import { metadataPart } from '../../lib/host/metadata';
import { readMetadataUsers } from '../../lib/kernel/metadata-users';

function read(value: unknown) {
  const problems = new Problems();
  const users = readMetadataUsers(value, problems);
  return { users, problems: problems.length };
}

test('is only root by default, a list of distinct accounts, or everyone', () => {
  expect(read(undefined)).toEqual({ users: [], problems: 0 });
  expect(read(['app', '_apt', 'app'])).toEqual({ users: ['app', '_apt'], problems: 0 });
  expect(read('everyone')).toEqual({ users: 'everyone', problems: 0 });
});

test.each(
  [[], 'app', ['App'], ['a b'], ['1000'], ['-x'], ['a'.repeat(33)], [undefined], [["'"]], {}, null, true].map(
    (value) => [value],
  ),
)('refuses %j', (value) => {
  expect(read(value).problems).toBe(1);
});

test('restricts the metadata service, with the accounts if any, or leaves it open', () => {
  expect(metadataPart({ ...NO_SETTINGS, metadataUsers: ['app', 'jobs'] })).toEqual({
    files: [
      expect.objectContaining({ path: '/usr/local/lib/portway/metadata.sh', mode: '0755' }),
      expect.objectContaining({ path: '/etc/systemd/system/portway-metadata.service' }),
    ],
    settings: { PORTWAY_METADATA_USERS: 'app jobs' },
  });
  expect(metadataPart({ ...NO_SETTINGS, metadataUsers: 'everyone' })).toEqual({ files: [], settings: {} });
});
