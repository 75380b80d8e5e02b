import type { Ledger } from '../ledger';
import { readCache } from './cache';
import type { Options, ServerContext } from './context';
import type { Directive } from './directives';
import { readHeaders } from './headers';
import { readLimits } from './limits';
import { readLogs } from './logs';
import { tellRequestHeaders } from './request-headers';
import type { Scope } from './scope';
import { bytes, seconds, within } from './units';

/** What answers at a place: nothing of the targets' options counts on a redirect. */
export interface Reading {
  readonly scope: Scope;
  readonly module: 'proxy' | 'grpc';
  readonly redirects: boolean;
}

/** The options that hold in a location, inherited or not. */
export function readOptions(reading: Reading, context: ServerContext): Options {
  const { scope, redirects } = reading;
  const always = {
    ...readLimits(scope, context),
    ...readHeaders(scope, context.ledger),
    ...readLogs(scope, context.ledger),
  };
  if (redirects) return always;
  tellRequestHeaders(scope, context);
  return {
    ...readBody(scope, context),
    ...readTimeouts(reading, context.ledger),
    ...readStreaming(scope, context.ledger),
    ...readMethods(scope, context.ledger),
    ...readCache(scope, context),
    ...always,
  };
}

const MOST_MIB = 10_240;

function readBody(scope: Scope, { ledger, server }: ServerContext): Options {
  const said = scope.last('client_max_body_size');
  const size = bytes(said?.args[0]);
  if (said === undefined)
    ledger.remarkDefault(
      'differs',
      server,
      'without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)',
    );
  if (said === undefined || size === undefined) return {};
  ledger.take(said);
  const mib = size / 1024 ** 2;
  if (size === 0 || mib > MOST_MIB) {
    ledger.remark('differs', said, `maxBodyMiB is at most ${MOST_MIB}`);
    return { maxBodyMiB: MOST_MIB };
  }
  if (!Number.isInteger(mib)) ledger.remark('differs', said, 'maxBodyMiB is a whole number of MiB');
  return { maxBodyMiB: within(mib, 1, MOST_MIB) };
}

/** Timeouts that Portway has fixed, in seconds. */
const FIXED = { client_header_timeout: 10, send_timeout: 30 } as const;

function readTimeouts({ scope, module }: Reading, ledger: Ledger): Options {
  const timeouts: Record<string, number> = {};
  const body = scope.last('client_body_timeout');
  const read = scope.last(`${module}_read_timeout`);
  const ofBody = seconds(body?.args[0]);
  const ofRead = seconds(read?.args[0]);
  if (body !== undefined && ofBody !== undefined) timeouts.body = clamp(body, ofBody, 600, ledger);
  if (read !== undefined && ofRead !== undefined) timeouts.response = clamp(read, ofRead, 86_400, ledger);
  for (const [name, fixed] of Object.entries(FIXED)) tellFixed(scope.last(name), fixed, ledger);
  const send = scope.last(`${module}_send_timeout`);
  if (send !== undefined) ledger.remark('own', send, 'a target has 60 s to take each piece of a request');
  const connect = scope.last(`${module}_connect_timeout`);
  if (connect !== undefined)
    ledger.remark(
      'own',
      connect,
      'a target has 5 s to accept a connection, one of several 2 s (failover.connectTimeout)',
    );
  return Object.keys(timeouts).length === 0 ? {} : { timeouts };
}

function clamp(said: Directive, value: number, most: number, ledger: Ledger): number {
  const allowed = within(value, 1, most);
  if (allowed === value) ledger.take(said);
  else ledger.remark('differs', said, `it is ${allowed} s: whole seconds, at most ${most}`);
  return allowed;
}

function tellFixed(said: Directive | undefined, fixed: number, ledger: Ledger): void {
  if (said === undefined) return;
  if (seconds(said.args[0]) === fixed) ledger.take(said);
  else ledger.remark('own', said, `it is ${fixed} s`);
}

function readStreaming(scope: Scope, ledger: Ledger): Options {
  const answers = scope.last('proxy_buffering');
  const requests = scope.last('proxy_request_buffering');
  ledger.take(answers, requests);
  const off = (said: Directive | undefined) => said?.args[0] === 'off';
  if (off(answers) && off(requests)) return { streaming: true };
  if (off(answers)) return { streaming: 'answers' };
  return off(requests) ? { streaming: 'requests' } : {};
}

/** `limit_except`, and the usual `if` with a list of methods. */
function readMethods(scope: Scope, ledger: Ledger): Options {
  const [except] = scope.here('limit_except');
  const [deny, ...more] = except?.body ?? [];
  if (except !== undefined && more.length === 0 && deny?.text === 'deny all') {
    ledger.take(except, deny);
    const [first = '', ...rest] = except.args.filter((method) => method !== 'HEAD' || !except.args.includes('GET'));
    ledger.remark('differs', except, 'other methods get 405 in place of 403');
    return { methods: [first, ...rest] };
  }
  for (const one of scope.all('if')) {
    const match = /^if \(?\$request_method !~ ?"?\^\(((?:[A-Z]+\|?)+)\)\$"?\)?$/.exec(
      one.args.length > 0 ? `if ${one.args.join(' ')}` : '',
    );
    const [answer, ...others] = one.body ?? [];
    if (match === null || others.length > 0 || !/^return (405|403|444)$/.test(answer?.text ?? '')) continue;
    ledger.take(one, answer);
    if (answer?.text !== 'return 405') ledger.remark('differs', one, 'other methods get 405');
    const listed = (match[1] ?? '').split('|').filter((method) => method !== '');
    return { methods: listed.filter((method) => method !== 'HEAD' || !listed.includes('GET')) };
  }
  return {};
}
