// Runs the public suite for HTTP caches (https://cache-tests.fyi) against the address in its argument, and prints the ids of the required
// tests: { passed, failed }. The suite's own command needs npm's environment, and prints more than JSON.
import { getResults, runTests } from 'http-cache-tests/client/runner.mjs';
import tests from 'http-cache-tests/tests/index.mjs';
import surrogate from 'http-cache-tests/tests/surrogate-control.mjs';
import fetch from 'node-fetch';

const suites = [...tests, surrogate];
// Release 0.4.5 wants these Age values to make an answer stale. RFC 9111, 5.1, says that the first of several counts and what is no
// number is ignored, and the suite's repository has the tests so by now.
const REVERSED = ['nonnumeric', 'negative', 'float', 'dup-0', 'dup-0-twoline', 'prefix-twoline'];
for (const { id, requests } of suites.flatMap((suite) => suite.tests))
  if (REVERSED.includes(id.replace('age-parse-', ''))) requests[1].expected_type = 'cached';
// All at once: they wait for answers to expire for nearly all of their time.
await runTests(suites, fetch, false, process.argv[2], 1000);
const required = suites.flatMap((suite) => suite.tests).filter(({ kind = 'required' }) => kind === 'required');
const results = getResults();
const ids = required.map(({ id }) => id).filter((id) => id in results);
const passed = ids.filter((id) => results[id] === true);
console.log(JSON.stringify({ passed, failed: ids.filter((id) => !passed.includes(id)) }));
