/** The id that GitHub gives to a heading, which the documents' links name: lower case, no punctuation, hyphens for spaces. */
export function headingId(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}
