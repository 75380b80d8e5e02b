import type { Known } from '../forward/known';
import type { Lists } from '../forward/lists';
import type { Problems } from '../forward/problems';
import type { WebForward } from '../forward/resolved';
import type { Block, Line } from '../nginx/block';
import type { RequestFacts } from '../nginx/request-facts';
import type { Header } from './header';
import type { HttpOptions, HttpRoute, HttpSite, HttpsPorts } from './route';

/** What every feature has. */
interface Feature<Props extends object> {
  /** The names of its props. */
  readonly props: Known<Props>;
  /** Props that are objects, with the names of their parts, for hints about misplaced props. */
  readonly parts?: Readonly<Record<string, object>>;
  readonly nginx?: NginxParts;
}

/**
 * One HTTP option, or a few that belong together: its props, how they are read, and what they add to nginx.conf. features.ts lists all
 * features; docs/contributing/add-an-option.md shows how to add one.
 */
export interface HttpFeature<Props extends object, Values extends object> extends Feature<Props> {
  /** Checks what is written at one place. Unset values are omitted, so that they are inherited. */
  read(at: string, props: Props, problems: Problems, place: WrittenPlace): Values;
  /**
   * Combines the values of a place with those that it inherits. By default, each value that is set replaces the
   * inherited one.
   */
  merge?(above: Values, stated: Values): Values;
}

/** The same for options that only a forward has. */
export interface ForwardFeature<Props extends object, Values extends object> extends Feature<Props> {
  read(at: string, props: Props, problems: Problems, lists: Lists): Values;
  /** Checks that need the whole forward. */
  check?(at: string, forward: ReadForward<Values>, problems: Problems): void;
}

/** The place that is being read: a forward, host or path. */
export interface WrittenPlace {
  /** Unique in its forward, and valid in names of zones, files and variables. */
  readonly id: string;
  readonly kind: 'http' | 'https';
  /** The ports of the stack's HTTPS forwards. */
  readonly httpsPorts: HttpsPorts;
  /** All that is written at the place. */
  readonly props: Readonly<Record<string, unknown>>;
  /** Whether it has no hosts or paths below it. */
  readonly isLeaf: boolean;
  /** How many targets are written at the place. */
  readonly targets: number;
  /** The most hosts of a fleet. Undefined: a single gateway. */
  readonly hosts: number | undefined;
}

/** A forward whose places have been read. */
export interface ReadForward<Values> {
  readonly values: Values;
  readonly props: object;
  readonly sites: readonly HttpSite[];
}

/** What a feature adds to nginx.conf, by context. */
export interface NginxParts {
  /** Once in the http context. */
  readonly http?: Parts<HttpScope>;
  /** In the http context for each forward, before its servers. */
  readonly forward?: Parts<ForwardScope>;
  /** In the group of targets of a route. */
  readonly upstream?: (route: HttpRoute) => readonly Line[];
  /** Further listeners of a server. */
  readonly listen?: (scope: ListenScope) => readonly Line[];
  /** At the head of each server, including the one for unknown host names, before anything else may answer. */
  readonly serverHead?: Parts<ServerScope>;
  /** After it, in each server of a site. */
  readonly siteHead?: Parts<SiteScope>;
  /**
   * In each server of a forward, including the one for unknown host names: nginx reads part of a request's head before
   * it knows the server.
   */
  readonly server?: Parts<ForwardScope>;
  /** In the server for unknown host names, which gives no answer. */
  readonly closed?: Parts<ForwardScope>;
  /** In a server, for all of its locations, and in each location that overrides it. */
  readonly setting?: Part<SettingScope> & {
    /** Whether the gateway's own answers need it too, in the locations that give them. */
    readonly answers?: true;
  };
  /** In a server: what may refuse any request, before nginx looks at the path. */
  readonly admission?: Part<AdmissionScope> & {
    /** The statuses that it refuses with. */
    readonly refuses?: (forward: WebForward) => readonly number[];
  };
  /** At the end of each server of a site. */
  readonly serverEnd?: Parts<SiteScope>;
  /** In the location of a route: what may answer before the request is forwarded. */
  readonly check?: Parts<BesideScope>;
  /** In the location of a route, and in those beside it that forward some of its requests. */
  readonly forwarding?: Parts<ForwardingScope>;
  /** Locations beside the one of a route. */
  readonly beside?: { readonly order?: number; readonly blocks: (scope: BesideScope) => readonly Block[] };
  /** Whether some requests of a route go to a location beside it that forwards them. */
  readonly leadsBeside?: (route: HttpRoute) => boolean;
  /** Whether requests of a server or location are counted, so that refusals must be counted too. */
  readonly limits?: (options: HttpOptions) => boolean;
  /** Whether the http context needs the key of clients. */
  readonly clientKey?: (forwards: readonly WebForward[]) => boolean;
  /** When old workers stop after a reload, if they must not finish their connections. */
  readonly shutdown?: (forwards: readonly WebForward[]) => readonly Line[];
  /** The variable with the path that a route's targets get. Empty: nginx takes its own. */
  readonly targetPath?: (route: HttpRoute) => string;
  /** Options of a route that follow from others. */
  readonly implies?: (route: HttpRoute) => Partial<HttpOptions>;
  /** Headers on all answers of a forward. */
  readonly headers?: (forward: WebForward) => readonly Header[];
  /** Headers on the answers of all forwards. nginx leaves out a header whose variable is empty. */
  readonly commonHeaders?: {
    readonly order?: number;
    readonly headers: (forwards: readonly WebForward[]) => readonly Header[];
  };
  /** Headers of requests that no target gets. */
  readonly blanked?: (forwards: readonly WebForward[]) => readonly string[];
  /** In the server through which the host asks for nginx's state. */
  readonly hostServer?: (forwards: readonly WebForward[]) => readonly Line[];
}

export interface Part<Scope> {
  /** The position of the lines among those of other features. Equal numbers follow the list of features. */
  readonly order?: number;
  readonly lines: (scope: Scope) => readonly Line[];
}

type Parts<Scope> = Part<Scope> | readonly Part<Scope>[];

export interface HttpScope {
  /** All HTTP and HTTPS forwards. */
  readonly forwards: readonly WebForward[];
  readonly facts: RequestFacts;
  /** Of the host. */
  readonly memoryMiB: number;
}

export interface ForwardScope {
  readonly forward: WebForward;
  readonly facts: RequestFacts;
  /** What features add to all answers of the forward. */
  readonly forwardHeaders: readonly Header[];
}

export interface ListenScope {
  readonly forward: WebForward;
  /** What follows the address of every listener of the server, such as `default_server`. */
  readonly parameter: string;
  /** Whether it is the first server of its forward. */
  readonly isFirst: boolean;
}

export interface ServerScope extends ForwardScope {
  /** What holds in the server; empty for unknown host names. */
  readonly options: HttpOptions;
}

export interface SiteScope extends ForwardScope {
  readonly site: HttpSite;
}

export interface AdmissionScope extends SiteScope {
  /** Whether a refusal must come from a location behind the limits of the server. */
  readonly limited: boolean;
}

export interface SettingScope extends SiteScope {
  /** What holds in this server or location. */
  readonly options: HttpOptions;
  /** What it must state itself. nginx inherits the rest. */
  readonly stated: Partial<HttpOptions>;
  /** The nginx module that forwards the requests here. */
  readonly module: 'proxy' | 'grpc';
  /** Undefined in a server. */
  readonly route?: HttpRoute;
  /** Whether some requests of the route go to a location beside it. */
  readonly leadsBeside: boolean;
  /** Whether the gateway's own answers differ here from the site's. */
  readonly ownAnswers: boolean;
}

export interface RouteScope extends SiteScope {
  readonly route: HttpRoute;
}

export interface ForwardingScope extends RouteScope {
  /**
   * The location of the route, or one beside it: for requests that may change something, or for WebSockets and event
   * streams.
   */
  readonly location: 'route' | 'writes' | 'live';
}

export interface BesideScope extends RouteScope {
  /** The settings of the route, some of them replaced. */
  readonly settings: (replaced?: Partial<HttpOptions>) => readonly Line[];
  /** The lines that forward a request. */
  readonly forwarding: (location: ForwardingScope['location']) => readonly Line[];
  /** What the gateway's own answers carry here: headers and logs that differ from the site's. */
  readonly answers: readonly Line[];
  /** Whether they differ. */
  readonly ownAnswers: boolean;
  /** Whether requests are counted, so that refusals and redirects must come after that. */
  readonly limited: boolean;
}
