/**
 * The exit code of a command that has no answer: wrong usage, an app that fails, an AWS that does not answer. 1 is the answer "no",
 * such as differences or failed checks.
 */
export const NO_ANSWER = 2;
