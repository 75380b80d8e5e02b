import { types } from 'node:util';
import { FLEET } from '../../../lib/check-fleet';
import { STACK } from '../../../lib/check-stack';
import { DNS } from '../../../lib/constructs/dns';
import { EGRESS } from '../../../lib/constructs/egress';
import { EIP } from '../../../lib/constructs/fixed-address';
import { CAPACITY } from '../../../lib/constructs/fleet/capacity';
import { SCALE_ON } from '../../../lib/constructs/fleet/scaling';
import { ALARMS, MONITORING } from '../../../lib/constructs/monitoring';
import { PROBE } from '../../../lib/forward/confirm';
import { HTTP_FAILOVER } from '../../../lib/forward/failover';
import type { ForwardKind } from '../../../lib/forward/forward';
import { FORWARD, PLACES } from '../../../lib/forward/known-props';
import { FAILED_LOGINS, PROTECT } from '../../../lib/forward/protect';
import { isPlainObject } from '../../../lib/forward/read-object';
import { TLS_HOST } from '../../../lib/forward/tls-hosts';
import { HTTP_HOST, HTTP_PATH } from '../../../lib/http/known-props';
import { HTTP_LIMITS } from '../../../lib/http/limits';
import { CLOUD_WATCH } from '../../../lib/kernel/cloud-watch';
import { LIMITS } from '../../../lib/kernel/limits/limits';
import { LOGS } from '../../../lib/kernel/log-shipping';
import { PROMETHEUS } from '../../../lib/kernel/monitoring';
import { SECURITY_UPDATES } from '../../../lib/kernel/patching';

/** A stack's props as data. Forwards are `{ kind, props }`, so that their props can be changed. */
export type Data = Record<string, unknown>;

/** An object in a stack. `known` are the names that it may have; undefined if its user chooses them, as for hosts and headers. */
export interface Place {
  readonly object: Data;
  readonly known?: readonly string[];
}

/** The known props of the objects in forwards, by name. */
const NESTED = Object.fromEntries(PLACES.map(([title, props]) => [title.split(' ')[0] ?? title, props]));

/** The objects of a stack whose names are checked. */
export function placesOf(data: Data): readonly Place[] {
  const places: Place[] = [{ object: data, known: Object.keys(Object.hasOwn(data, 'capacity') ? FLEET : STACK) }];
  const add = (object: unknown, known?: object) => {
    if (isPlainObject(object))
      places.push({ object: object as Data, ...(known === undefined ? {} : { known: Object.keys(known) }) });
  };
  add(data.capacity, CAPACITY);
  if (isPlainObject(data.capacity)) add((data.capacity as Data).scaleOn, SCALE_ON);
  add(data.egress, EGRESS);
  add(data.monitoring, MONITORING);
  if (isPlainObject(data.monitoring)) {
    const { prometheus, cloudWatch, logs, alarms } = valuesOf(data.monitoring);
    add(logs, LOGS);
    add(prometheus, PROMETHEUS);
    add(cloudWatch, CLOUD_WATCH);
    add(alarms, ALARMS);
  }
  add(data.protect, PROTECT);
  if (isPlainObject(data.protect)) add(valuesOf(data.protect).failedLogins, FAILED_LOGINS);
  add(data.securityUpdates, SECURITY_UPDATES);
  add(data.eip, EIP);
  add(data.dns, DNS);
  add(data.lists);
  add(data.confirm);
  if (isPlainObject(data.confirm)) for (const probe of Object.values(valuesOf(data.confirm))) add(probe, PROBE);
  add(data.ami, { id: true, rootDevice: true });
  add(data.env, { account: true, region: true });
  add(data.tags);
  if (!isPlainObject(data.forwards)) return places;
  add(data.forwards);
  for (const forward of Object.values(valuesOf(data.forwards))) {
    if (!isForward(forward) || !isPlainObject(forward.props)) continue;
    const web = forward.kind === 'http' || forward.kind === 'https';
    const all = (object: unknown, known: object, depth = 0) => {
      // A place that was moved may be in itself.
      if (depth > 2) return;
      if (!isPlainObject(object)) return;
      add(object, known);
      const own = valuesOf(object);
      add(own.limits, web ? HTTP_LIMITS : LIMITS);
      add(own.failover, web ? HTTP_FAILOVER : without(HTTP_FAILOVER, 'resend'));
      for (const name of ['cache', 'errors', 'timeouts', 'logs', 'hsts', 'healthCheck']) add(own[name], NESTED[name]);
      add(own.proxyProtocol, web ? { accept: true } : { accept: true, send: true });
      if (isPlainObject(own.proxyProtocol)) add(valuesOf(own.proxyProtocol).accept, { from: true });
      add(own.headers);
      for (const target of isList(own.to) && own.to.length < 100 ? own.to : [own.to])
        add(target, { to: true, weight: true, backup: true });
      for (const [name, inner] of [
        ['hosts', web ? HTTP_HOST : TLS_HOST],
        ['routes', HTTP_PATH],
      ] as const) {
        if (!isPlainObject(own[name])) continue;
        add(own[name]);
        for (const value of Object.values(valuesOf(own[name]))) all(value, inner, depth + 1);
      }
    };
    all(forward.props, FORWARD[forward.kind]);
  }
  return places;
}

function without(props: object, name: string): object {
  return Object.fromEntries(Object.entries(props).filter(([key]) => key !== name));
}

export interface ForwardData {
  readonly kind: ForwardKind;
  readonly props: unknown;
}

export function isForward(value: unknown): value is ForwardData {
  return !types.isProxy(value) && value instanceof Written;
}

/** A forward whose props can be changed. */
export class Written implements ForwardData {
  constructor(
    readonly kind: ForwardKind,
    readonly props: unknown,
  ) {}
}

/** Whether it is a list. A proxy counts as none: asking it would run its code. */
export function isList(value: unknown): value is readonly unknown[] {
  return !types.isProxy(value) && Array.isArray(value);
}

/** An object's values, without running getters. */
export function valuesOf(object: object): Data {
  const values: Data = Object.create(null);
  for (const name of Object.getOwnPropertyNames(object))
    values[name] = Object.getOwnPropertyDescriptor(object, name)?.value;
  return values;
}
