import { join } from 'node:path';

/** Where a local endpoint's stacks live. */
export const REGION = 'us-east-1';
/** Account id of everything in the local endpoint (the one AWS uses in its own examples). */
export const ACCOUNT = '123456789012';

/** Words in the names of variables that steer AWS clients, the CDK or a proxy: none of the user's own gets through. */
const STEERING = /^(AWS_|CDK_|BOTO|npm_config_|(https?|all|no)_proxy$)/i;

/**
 * The environment of the CDK CLI and of AWS clients in a rehearsal. Of the user's own variables only those stay that
 * have nothing to do with AWS: no profile, no credentials, no other endpoint.
 * Nothing reaches AWS: the keys are no real ones, the endpoint is set for every service, and whatever ignores it
 * meets a proxy that refuses (port 9 of this machine, where nothing listens).
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
    // The CLI remembers account ids by access key, and notices and versions by time: a home of its own for each run.
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

/** The environment of the endpoint itself: it must not find the user's containers, states or settings. */
export function endpointEnvironment(folder: string, own: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return {
    PATH: own.PATH,
    LANG: 'C.UTF-8',
    TMPDIR: folder,
    HOME: folder,
    MINISTACK_ACCOUNT_ID: ACCOUNT,
    MINISTACK_REGION: REGION,
    // Without a Docker socket it looks for no containers: it would clear away those of another instance.
    DOCKER_HOST: `unix://${join(folder, 'no-docker')}`,
    SFTP_ENABLED: '0',
    IOT_MTLS_ENABLED: '0',
    LOG_LEVEL: 'INFO',
  };
}
