import { join } from 'node:path';
import type { Cleanup } from '../cleanup';
import type { VmImage } from '../image/image';
import type { Namespaces } from '../network/namespaces';
import { type Daemon, startDaemon } from './daemon';
import { listening } from './listening';
import { PYTHON } from './python';

const HTTP_PORT = 8080;
const HTTPS_PORT = 8443;

export interface BackendOptions {
  /** Its private address. Its namespace exists already, named `backend-` and the last number. */
  readonly address: string;
  readonly namespaces: Namespaces;
  readonly cleanup: Cleanup;
  /** Where its log goes. */
  readonly folder: string;
  readonly image: VmImage;
}

/** A host behind the gateway: the application on 8080 (HTTP) and 8443 (HTTPS), which can be killed and started again. */
export class Backend {
  readonly address: string;
  /** Its network namespace. */
  readonly party: string;
  readonly #options: BackendOptions;
  #application: Daemon | undefined;

  constructor(options: BackendOptions) {
    this.#options = options;
    this.address = options.address;
    this.party = `backend-${options.address.split('.')[3]}`;
  }

  /** Starts the application. Returns when it listens. */
  async start(): Promise<void> {
    if (this.#application) throw new Error(`the application of ${this.party} runs already`);
    const { namespaces, cleanup, folder, image } = this.#options;
    const ports = ['--http', `${HTTP_PORT}`, '--https', `${HTTPS_PORT}`, '--certificate', image.certificate];
    const command = [...namespaces.enter(this.party), PYTHON, image.application, ...ports] as [string, ...string[]];
    this.#application = startDaemon(this.party, command, cleanup, { log: join(folder, `${this.party}.log`) });
    await listening(namespaces, this.party, [`*:${HTTPS_PORT}`], folder);
  }

  /** Stops the application. Its host stays, and refuses connections. */
  async stop(): Promise<void> {
    await this.#application?.stop();
    this.#application = undefined;
  }
}
