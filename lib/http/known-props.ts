import type { Known } from '../forward/known';
import { propsOf } from '../forward/option-list';
import { PATH_FEATURES, ROUTE_FEATURES, SITE_FEATURES } from './features';
import type { HttpHostProps, HttpPathProps, HttpRouteProps } from './route-props';

/** The names of the props of hosts and paths. */

const HTTP_ROUTE: Known<HttpRouteProps> = { to: true, ...propsOf(ROUTE_FEATURES) };

export const HTTP_PATH: Known<HttpPathProps> = { ...HTTP_ROUTE, ...propsOf(PATH_FEATURES) };

export const HTTP_HOST: Known<HttpHostProps> = { ...HTTP_ROUTE, routes: true, ...propsOf(SITE_FEATURES) };
