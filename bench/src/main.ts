import { main } from './bench';
import { scenarios } from './scenarios';

main(process.argv.slice(2), scenarios).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? `error: ${error.message}` : error);
    process.exitCode = 1;
  },
);
