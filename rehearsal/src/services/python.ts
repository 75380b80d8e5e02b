import { existsSync } from 'node:fs';

/** The system's Python: the services are programs of its standard library, so a user's own one has no say. */
export const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
