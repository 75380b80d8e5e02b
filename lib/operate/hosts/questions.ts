/** What hosts can be asked, by the names of their own commands. */
export const QUESTIONS = ['status', 'top'] as const;
