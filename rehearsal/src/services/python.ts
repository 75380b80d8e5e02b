import { existsSync } from 'node:fs';

/** The system's Python: the services only need its standard library, and a user's own Python must not interfere. */
export const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
