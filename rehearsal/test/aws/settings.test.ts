import { clientEnvironment, endpointEnvironment } from '../../src/aws/settings';

const own = {
  PATH: '/usr/bin',
  HOME: '/home/user',
  AWS_PROFILE: 'production',
  AWS_SESSION_TOKEN: 'real',
  AWS_ACCESS_KEY_ID: 'real',
  AWS_ENDPOINT_URL_S3: 'https://s3.example.com',
  CDK_DEFAULT_ACCOUNT: '999999999999',
  CDK_CONTEXT_JSON: '{}',
  BOTO_CONFIG: '/etc/boto.cfg',
  HTTPS_PROXY: 'http://proxy.example.com:3128',
  NO_PROXY: '*',
};

test("the CLI and the SDK get nothing of the user's AWS settings, and no way out", () => {
  const env = clientEnvironment('http://127.0.0.1:41234', '/run/folder', own);
  expect(env).toMatchObject({ PATH: '/usr/bin', HOME: '/home/user', AWS_ENDPOINT_URL: 'http://127.0.0.1:41234' });
  expect(Object.values(env)).not.toContain('real');
  for (const name of [
    'AWS_PROFILE',
    'AWS_SESSION_TOKEN',
    'AWS_ENDPOINT_URL_S3',
    'CDK_DEFAULT_ACCOUNT',
    'CDK_CONTEXT_JSON',
  ]) {
    expect(env).not.toHaveProperty(name);
  }
  expect(env).not.toHaveProperty('HTTPS_PROXY');
  expect(env).not.toHaveProperty('NO_PROXY');
  expect(env).toMatchObject({ https_proxy: 'http://127.0.0.1:9', no_proxy: 'localhost,127.0.0.1,127.0.0.1' });
  expect(env.CDK_HOME).toBe('/run/folder/cdk-home');
});

test('an endpoint on another host is reached past the closed proxy', () => {
  expect(clientEnvironment('http://emulator:4566', '/run/folder', own).no_proxy).toBe('localhost,127.0.0.1,emulator');
});

test('the endpoint itself finds neither containers nor settings of the user', () => {
  const env = endpointEnvironment('/run/folder', {
    ...own,
    DOCKER_HOST: 'tcp://build:2375',
    PERSIST_STATE: '1',
    SERVICES: 's3',
  });
  expect(env).toMatchObject({ PATH: '/usr/bin', DOCKER_HOST: 'unix:///run/folder/no-docker', HOME: '/run/folder' });
  expect(env).not.toHaveProperty('PERSIST_STATE');
  expect(env).not.toHaveProperty('SERVICES');
  expect(env).not.toHaveProperty('AWS_PROFILE');
});
