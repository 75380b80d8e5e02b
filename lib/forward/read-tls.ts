import { type ChallengeZone, isInZone, readAcmeDns } from './acme-zone';
import { isPublicName } from './host-name';
import type { Problems } from './problems';
import { passes, readObject } from './read-object';
import { readFlag } from './read-value';
import { type Certificate, LETS_ENCRYPT_PROPS, type SecretSource, Tls } from './tls';
import { isToken } from './token';

/** The most domains that Let's Encrypt accepts in one certificate. @see https://letsencrypt.org/docs/rate-limits/ */
const MAX_DOMAINS = 100;

/** @see https://letsencrypt.org/docs/staging-environment/ */
const LETS_ENCRYPT = {
  production: 'https://acme-v02.api.letsencrypt.org/directory',
  staging: 'https://acme-staging-v02.api.letsencrypt.org/directory',
} as const;

const EMAIL = /^[a-z0-9.!#$%&*+/=?^_{|}~-]{1,64}@([a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}$/i;

/** The source of an HTTPS forward's certificate; undefined if it is invalid. */
export function readTls(at: string, tls: unknown, problems: Problems): Certificate | undefined {
  if (!(tls instanceof Tls)) {
    problems.add(at, 'must say where the certificate comes from, such as Tls.selfSigned()', tls);
    return undefined;
  }
  const before = problems.length;
  const certificate = readSource(at, tls, problems);
  return problems.length > before ? undefined : certificate;
}

function readSource(at: string, { source, props }: Tls, problems: Problems): Certificate {
  switch (source) {
    case 'self-signed':
      if (Object.keys(props).length > 0)
        problems.add(at, 'must be Tls.selfSigned() without arguments: its certificate is for every name', props);
      return { source };
    case 'acme':
      return { source, ...readAcme(at, props, problems) };
    case 'secret':
      return { source, secret: readSecret(`${at}.secret`, props.secret, problems) };
  }
}

function readAcme(at: string, props: unknown, problems: Problems) {
  const read = readObject(at, props ?? null, { parts: LETS_ENCRYPT_PROPS, example: ACME_EXAMPLE }, problems);
  const { email, domains, dns, staging, server } = read ?? {};
  const zone = readAcmeDns(`${at}.dns`, dns, problems);
  if (read !== undefined) {
    if (!isToken(email) && !(typeof email === 'string' && EMAIL.test(email)))
      problems.add(`${at}.email`, 'must be an e-mail address such as admin@example.com', email);
    readFlag(`${at}.staging`, staging, problems);
    if (server !== undefined && !isDirectory(server))
      problems.add(
        `${at}.server`,
        'must be the https address of an ACME directory, such as https://ca.example.com/dir',
        server,
      );
    if (server !== undefined && staging === true) problems.add(`${at}.staging`, 'must be left out beside server');
  }
  return {
    email: email as string,
    domains:
      read === undefined ? [] : readDomains(`${at}.domains`, domains, { hasDns: dns !== undefined, zone }, problems),
    server: (server ?? (staging === true ? LETS_ENCRYPT.staging : LETS_ENCRYPT.production)) as string,
    ...(zone === undefined ? {} : { zoneId: zone.id }),
  };
}

const ACME_EXAMPLE = "{ email: 'admin@example.com', domains: ['www.example.com'] }";

/** Public domains are not required: a CA in a private network may have a short name or an address. */
function isDirectory(server: unknown): boolean {
  if (isToken(server)) return true;
  return typeof server === 'string' && /^https:\/\/[\x21-\x7e]+$/.test(server) && URL.canParse(server);
}

/** Where domains are checked. `zone` is undefined if it is wrong, which was told already. */
interface Checked {
  readonly hasDns: boolean;
  readonly zone: ChallengeZone | undefined;
}

function readDomains(at: string, domains: unknown, checked: Checked, problems: Problems): readonly string[] {
  if (!Array.isArray(domains) || domains.length === 0 || domains.length > MAX_DOMAINS) {
    const got = Array.isArray(domains) && domains.length > 0 ? domains.length : domains;
    problems.add(at, `must hold 1-${MAX_DOMAINS} domains, such as ['www.example.com']`, got);
    return [];
  }
  const seen = new Set<unknown>();
  for (const [i, domain] of domains.entries()) {
    if (seen.has(domain)) problems.add(`${at}[${i}]`, 'must not be listed twice', domain);
    seen.add(domain);
    if (isToken(domain)) continue;
    const wrong = domainTrouble(domain, domains, checked);
    if (wrong !== undefined) problems.add(`${at}[${i}]`, wrong, domain);
  }
  return domains;
}

function domainTrouble(domain: unknown, all: readonly unknown[], { hasDns, zone }: Checked): string | undefined {
  if (typeof domain === 'string' && domain.startsWith('*') && !hasDns)
    return 'must be a domain without a star: a CA issues those only for DNS records, which dns: { zone } lets the gateway write';
  if (typeof domain !== 'string' || !isPublicName(hasDns ? domain.replace(/^\*\./, '') : domain))
    return `must be a domain in lower case such as www.example.com${hasDns ? ' or *.example.com' : ''}`;
  const star = `*.${domain.split('.').slice(1).join('.')}`;
  if (domain !== star && all.includes(star))
    return `must be left out beside ${star}: CAs refuse a name that another one of the certificate covers`;
  if (zone?.name !== undefined && !isInZone(domain.replace(/^\*\./, ''), zone.name))
    return `must be in the zone ${zone.name}`;
  return undefined;
}

function readSecret(at: string, secret: unknown, problems: Problems): SecretSource {
  const source = secret as Partial<SecretSource> | undefined;
  if (!passes(() => typeof source?.grantRead === 'function' && typeof source.secretArn === 'string')) {
    problems.add(at, 'must be a secret, such as secretsmanager.Secret.fromSecretCompleteArn(...)', secret);
    return source as SecretSource;
  }
  const arn = source?.secretArn ?? '';
  if (!isToken(arn) && !/^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+$/.test(arn))
    problems.add(`${at}.secretArn`, 'must be the ARN of a secret', arn);
  return source as SecretSource;
}
