import { Tls } from '../../forward/tls';
import { Code } from '../code';
import type { Ledger } from '../ledger';
import type { Directive } from './directives';
import type { Leaf } from './leaves';
import type { Scope } from './scope';
import type { Server } from './server';
import { readAccess, readNetwork } from './sources';
import { bytes } from './units';

type Props = Readonly<Record<string, unknown>>;

/** Props of the forward itself, which its hosts and paths share: from all of its servers together. */
export function listenerProps(servers: readonly Server[], leaves: readonly Leaf[], ledger: Ledger): Props {
  const scopes = servers.map(({ scope }) => scope);
  return {
    ...readSources(leaves, ledger),
    ...readClients(servers, ledger),
    ...readHeads(scopes, ledger),
    ...readUnderscores(scopes, ledger),
  };
}

/** `allow` and `deny`, if all places have the same. */
function readSources(leaves: readonly Leaf[], ledger: Ledger): Props {
  const targets = leaves.filter(({ answer }) => answer.kind === 'targets');
  const key = ({ access }: Leaf) => access.map(({ text }) => text).join(';');
  const [first] = targets;
  if (first === undefined) return {};
  const same = targets.every((leaf) => key(leaf) === key(first));
  const lists = same ? readAccess(first.access) : undefined;
  for (const one of targets.flatMap(({ access }) => access)) {
    if (lists !== undefined) ledger.take(one);
    else if (!same)
      ledger.remark(
        'unprotected',
        one,
        'allowFrom and denyFrom are for a whole forward, not for single hosts and paths',
      );
    else
      ledger.remark(
        'unprotected',
        one,
        'allowFrom lists networks that may come, and denyFrom some that may not: this order says something else',
      );
  }
  return lists === undefined ? {} : { ...lists };
}

/** Whose word about the client's address counts. */
function readClients(servers: readonly Server[], ledger: Ledger): Props {
  const scopes = servers.map(({ scope }) => scope);
  const from = scopes.flatMap((scope) => scope.all('set_real_ip_from'));
  const networks: string[] = [];
  for (const one of from) {
    const network = readNetwork(one.args[0] ?? '');
    if (network !== undefined && !network.endsWith('/0')) {
      ledger.take(one);
      networks.push(network);
    } else ledger.remark('lost', one, 'trusted proxies are networks, and not everyone');
  }
  const [header] = scopes.flatMap((scope) => scope.last('real_ip_header') ?? []);
  const name = (header?.args[0] ?? 'X-Real-IP').toLowerCase();
  for (const one of scopes.flatMap((scope) => scope.last('real_ip_recursive') ?? []))
    ledger.remark('own', one, 'the client is the last address that is no trusted proxy');
  const [speaks] = servers.flatMap(({ listens }) =>
    listens.filter(({ parameters }) => parameters.includes('proxy_protocol')),
  );
  const trusted = [...new Set(networks)];
  if (speaks !== undefined) {
    if (header === undefined || name === 'proxy_protocol') ledger.take(header);
    else ledger.remark('differs', header, 'the client is taken from the PROXY protocol');
    if (trusted.length > 0) return { proxyProtocol: { accept: { from: trusted } } };
    ledger.remark('lost', speaks.said, 'proxyProtocol.accept names the networks whose word counts (set_real_ip_from)');
    return {};
  }
  if (trusted.length === 0) {
    if (header !== undefined)
      ledger.remark('lost', header, 'trustedProxies names the networks whose word counts (set_real_ip_from)');
    return {};
  }
  if (header !== undefined) {
    if (name === 'x-forwarded-for') ledger.take(header);
    else ledger.remark('differs', header, 'the client is taken from X-Forwarded-For');
  }
  return { trustedProxies: trusted };
}

function readHeads(scopes: readonly Scope[], ledger: Ledger): Props {
  const all = scopes.flatMap((scope) => [scope.last('large_client_header_buffers') ?? []].flat());
  const answers = scopes.flatMap((scope) => [scope.last('proxy_buffer_size') ?? []].flat());
  ledger.take(...all);
  const sizes = [...all.map(({ args }) => bytes(args[1]) ?? 0), ...answers.map(({ args }) => bytes(args[0]) ?? 0)];
  const most = Math.ceil(Math.max(0, ...sizes) / 1024);
  if (most <= 16) return {};
  ledger.take(...answers);
  const [largest] = [...all, ...answers].filter(({ args }) => args.some((arg) => (bytes(arg) ?? 0) > 64 * 1024));
  if (largest !== undefined) ledger.remark('differs', largest, 'maxHeaderKiB is at most 64');
  return { maxHeaderKiB: Math.min(most, 64) };
}

function readUnderscores(scopes: readonly Scope[], ledger: Ledger): Props {
  const all = scopes.flatMap((scope) => scope.last('underscores_in_headers') ?? []);
  ledger.take(...all);
  return all.some(({ args }) => args[0] === 'on') ? { underscoresInHeaders: true } : {};
}

/** `ssl_certificate` and the other directives of TLS. `hasWeb`: whether a CA can check names on port 80. */
export function tlsProps(servers: readonly Server[], hasWeb: boolean, ledger: Ledger): Props {
  const scopes = servers.map(({ scope }) => scope);
  const certificates = scopes.flatMap((scope) => scope.all('ssl_certificate'));
  for (const one of scopes.flatMap((scope) => scope.last('ssl_protocols') ?? [])) {
    if (one.args.every((arg) => /^TLSv1\.[23]$/.test(arg))) ledger.take(one);
    else ledger.remark('differs', one, 'TLS is 1.2 and 1.3');
  }
  for (const one of scopes.flatMap((scope) => [scope.last('ssl_client_certificate'), scope.last('ssl_verify_client')]))
    if (one !== undefined && one.args[0] !== 'off')
      ledger.remark(
        'unprotected',
        one,
        'certificates of clients are not asked for: Forward.tls or Forward.tcp leave that to the target',
      );
  for (const one of scopes.flatMap((scope) => scope.last('ssl_reject_handshake') ?? []))
    ledger.remark('own', one, 'names that are in no hosts get no answer');
  const quic = servers.some(({ listens }) => listens.some(({ parameters }) => parameters.includes('quic')));
  for (const one of scopes.flatMap((scope) => scope.last('http3') ?? [])) ledger.take(one);
  return { tls: readTls(servers, certificates, hasWeb, ledger), ...(quic ? { http3: true } : {}) };
}

function readTls(
  servers: readonly Server[],
  certificates: readonly Directive[],
  hasWeb: boolean,
  ledger: Ledger,
): Code {
  const names = [...new Set(servers.flatMap((server) => server.names))];
  const domains = names.filter((name) => !name.startsWith('*') && name.includes('.'));
  const fromAcme =
    certificates.length > 0 &&
    certificates.every(({ args }) => /letsencrypt|certbot|acme|dehydrated/i.test(args[0] ?? ''));
  if (fromAcme && hasWeb && domains.length > 0 && domains.length <= 100 && domains.length === names.length) {
    const email = `admin@${domains[0]?.replace(/^www\./, '')}`;
    for (const one of certificates)
      ledger.remark('differs', one, `Tls.letsEncrypt gets a certificate for all names: check the address ${email}`);
    const props = { email, domains };
    return new Code(
      `Tls.letsEncrypt({ email: '${email}', domains: [${domains.map((name) => `'${name}'`).join(', ')}] })`,
      Tls.letsEncrypt(props),
    );
  }
  const why = fromAcme
    ? 'Tls.letsEncrypt needs a forward of HTTP on port 80, and names without a star: self-signed until then'
    : 'self-signed until its certificate and key are in a secret: Tls.secret(secret), docs/tls.md';
  for (const one of certificates) ledger.remark('differs', one, why);
  return new Code('Tls.selfSigned()', Tls.selfSigned());
}
