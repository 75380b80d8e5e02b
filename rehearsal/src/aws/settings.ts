import { join } from 'node:path';

/** The region of a local endpoint's stacks. */
export const REGION = 'us-east-1';
/** The account id of everything in the local endpoint (the one AWS uses in its own examples). */
export const ACCOUNT = '123456789012';

/** Words in names of variables that affect AWS clients, the CDK or a proxy. None of the user's own are passed on. */
const STEERING = /^(AWS_|CDK_|BOTO|npm_config_|(https?|all|no)_proxy$)/i;

/**
 * The environment of the CDK CLI and of AWS clients in a rehearsal. Only variables that have nothing to do with AWS are
 * kept: no profile, no credentials, no other endpoint. Nothing reaches AWS: the keys are not real, the endpoint is set
 * for every service, and anything that ignores it meets a proxy that refuses connections (port 9 of this machine, where
 * nothing listens).
 */
export function clientEnvironment(
  url: string,
  folder: string,
  own: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const kept = Object.fromEntries(Object.entries(own).filter(([name]) => !STEERING.test(name)));
  const local = new URL(url).hostname;
  return {
    ...kept,
    AWS_ENDPOINT_URL: url,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_ACCESS_KEY_ID: 'AKIAREHEARSAL0000000',
    AWS_SECRET_ACCESS_KEY: 'rehearsal',
    AWS_CONFIG_FILE: join(folder, 'no-aws-config'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'no-aws-credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
    // The CLI caches account ids by access key, and notices and versions by time, so each run has a home of its own.
    CDK_HOME: join(folder, 'cdk-home'),
    CDK_DISABLE_CLI_TELEMETRY: 'true',
    CDK_DISABLE_VERSION_CHECK: 'true',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    CI: 'true',
    NO_COLOR: '1',
    https_proxy: 'http://127.0.0.1:9',
    http_proxy: 'http://127.0.0.1:9',
    no_proxy: ['localhost', '127.0.0.1', local].join(','),
  };
}

/** The environment of the endpoint itself, which must not find the user's containers, state or settings. */
export function endpointEnvironment(folder: string, own: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return {
    PATH: own.PATH,
    LANG: 'C.UTF-8',
    TMPDIR: folder,
    HOME: folder,
    MINISTACK_ACCOUNT_ID: ACCOUNT,
    MINISTACK_REGION: REGION,
    // Without a Docker socket it looks for no containers. Otherwise it would remove those of another instance.
    DOCKER_HOST: `unix://${join(folder, 'no-docker')}`,
    SFTP_ENABLED: '0',
    IOT_MTLS_ENABLED: '0',
    LOG_LEVEL: 'INFO',
  };
}
