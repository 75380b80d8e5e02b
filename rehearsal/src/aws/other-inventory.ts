import type { Endpoint } from './endpoint';
import { REGION } from './settings';

/**
 * What a stack creates outside EC2: roles, instance profiles, log groups and the stack itself, as sorted names with
 * their kind. Uses plain requests, since three lists do not justify a client for each service. Local endpoints take the
 * service from the credential's scope and check no signature.
 */
export async function otherInventory(endpoint: Endpoint): Promise<string[]> {
  const [roles, profiles, stacks, groups] = await Promise.all([
    query(endpoint, 'iam', 'ListRoles', '2010-05-08'),
    query(endpoint, 'iam', 'ListInstanceProfiles', '2010-05-08'),
    query(endpoint, 'cloudformation', 'DescribeStacks', '2010-05-15'),
    logGroups(endpoint),
  ]);
  return [
    ...values(roles, 'RoleName').map((name) => `role ${name}`),
    ...values(profiles, 'InstanceProfileName').map((name) => `instance profile ${name}`),
    ...values(stacks, 'StackName').map((name) => `stack ${name}`),
    ...groups.map((name) => `log group ${name}`),
  ].sort();
}

/** The query protocol: a form, with XML as the answer. */
export function query(
  endpoint: Endpoint,
  service: string,
  action: string,
  version: string,
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const form = new URLSearchParams({ Action: action, Version: version, ...more });
  return ask(endpoint, service, 'application/x-www-form-urlencoded', form.toString());
}

async function logGroups(endpoint: Endpoint): Promise<string[]> {
  const target = { 'x-amz-target': 'Logs_20140328.DescribeLogGroups' };
  const text = await ask(endpoint, 'logs', 'application/x-amz-json-1.1', '{}', target);
  const { logGroups: groups = [] } = JSON.parse(text) as { logGroups?: { logGroupName?: string }[] };
  return groups.flatMap(({ logGroupName }) => logGroupName ?? []);
}

export async function ask(
  endpoint: Endpoint,
  service: string,
  type: string,
  body: string,
  more: object = {},
): Promise<string> {
  const scope = `${endpoint.env.AWS_ACCESS_KEY_ID}/20260101/${REGION}/${service}/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`;
  const answer = await fetch(endpoint.url, {
    method: 'POST',
    body,
    headers: { 'content-type': type, authorization, ...more },
  });
  const text = await answer.text();
  if (!answer.ok)
    throw new Error(`${service} of the endpoint ${endpoint.url} answered ${answer.status}: ${text.slice(0, 300)}`);
  return text;
}

/** An instance profile's XML also contains its role's name, so each name counts once. */
export function values(xml: string, tag: string): string[] {
  return [...new Set([...xml.matchAll(new RegExp(`<${tag}>([^<]+)</${tag}>`, 'g'))].map(([, value = '']) => value))];
}
