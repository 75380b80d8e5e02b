/**
 * List prices in US dollars, of us-east-1; other regions differ by some 10-40 %, and an account's first ten metrics, ten alarms and three dashboards are free. As public price
 * lists of 2026 give them; AWS's own page, which has the last word, was not read.
 * @see docs/operations/deploy.md#cost
 */
export const PRICES = {
  alarmAMonth: 0.1,
  dashboardAMonth: 3,
  metricAMonth: 0.3,
  /** One event a minute of at most 700 bytes: 43,800 of them, at $0.50 for a gigabyte. */
  eventAMonth: 0.015,
  asOf: '2026-11',
  source: 'https://aws.amazon.com/cloudwatch/pricing/',
} as const;
