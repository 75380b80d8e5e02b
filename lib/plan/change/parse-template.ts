import { parse } from 'yaml';
import type { Template } from './template';

/**
 * Reads a template in JSON or YAML.
 * @param from where the text comes from, for the message
 * @throws Error if it is no template
 */
export function parseTemplate(text: string, from: string): Template {
  let template: unknown;
  try {
    // CloudFormation gives a question mark back for each character that is not ASCII.
    template = parse(text.replace(/[\u{80}-\u{10ffff}]/gu, '?'));
  } catch (error) {
    throw new Error(`${from} must be a template in JSON or YAML: ${(error as Error).message}`);
  }
  if (typeof template !== 'object' || template === null || Array.isArray(template))
    throw new Error(`${from} must be a CloudFormation template`);
  // A stack may be empty.
  return { Resources: {}, ...template };
}
