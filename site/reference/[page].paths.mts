import { referencePages } from '../reference';

/** A page of the site for each page that TypeDoc wrote. */
export default {
  paths: () => referencePages().map(({ page, text }) => ({ params: { page }, content: text })),
};
