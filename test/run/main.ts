import { main } from './cli';
import { parts } from './parts';

main(process.argv.slice(2), parts).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
