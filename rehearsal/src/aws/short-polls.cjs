// Loaded into the CDK CLI (`node --require`): it asks CloudFormation every 5 s whether a stack or change set is done, and
// has no option for it. The local endpoint bears to be asked more often, and each deploy ends up to 5 s sooner.
const CLI_MS = 5000;
const OURS_MS = 300;

const wait = globalThis.setTimeout;
const shorter = (callback, ms, ...words) => wait(callback, ms === CLI_MS ? OURS_MS : ms, ...words);
// Also what `util.promisify` looks for.
globalThis.setTimeout = Object.defineProperties(shorter, Object.getOwnPropertyDescriptors(wait));
