/**
 * What CloudWatch would make of a log event in the embedded metric format, checked against its specification.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export interface EmbeddedMetrics {
  readonly timestamp: number;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, number>>;
  /** All of the event. */
  readonly fields: Readonly<Record<string, unknown>>;
}

const UNITS = new Set([
  ...['Seconds', 'Microseconds', 'Milliseconds', 'Bytes', 'Kilobytes', 'Megabytes', 'Gigabytes', 'Terabytes', 'Bits'],
  ...['Kilobits', 'Megabits', 'Gigabits', 'Terabits', 'Percent', 'Count', 'Bytes/Second', 'Count/Second', 'None'],
]);

/** @throws Error naming the rule that the event breaks */
export function embeddedMetrics(message: string): EmbeddedMetrics {
  const fields = JSON.parse(message) as Record<string, unknown>;
  const must = (is: unknown, rule: string) => {
    if (!is) throw new Error(`${rule}: ${message}`);
  };
  must(Buffer.byteLength(message) <= 1_048_576, 'an event has at most 1 MB');
  const about = fields._aws as {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly Readonly<Record<string, unknown>>[];
  };
  must(Object.keys(about).sort().join() === 'CloudWatchMetrics,Timestamp', '_aws has these members alone');
  must(Number.isInteger(about.Timestamp) && about.Timestamp > 1e12, 'the time is in milliseconds');
  must(about.CloudWatchMetrics.length === 1, 'one directive is enough');
  const [{ Namespace, Dimensions, Metrics, ...others } = {}] = about.CloudWatchMetrics;
  must(Object.keys(others).length === 0, 'a directive has no other members');
  must(typeof Namespace === 'string' && /^[\w./#:-]{1,255}$/.test(Namespace), 'a namespace has 1 to 255 characters');
  must(Array.isArray(Dimensions) && Dimensions.length === 1, 'there is one set of dimensions');
  const [names] = Dimensions as [string[]];
  must(names.length <= 30, 'a set has at most 30 dimensions');
  for (const name of names) {
    const value = fields[name];
    must(typeof value === 'string' && value.length > 0 && value.length <= 1024, 'a dimension has a value of text');
  }
  must(Array.isArray(Metrics) && Metrics.length <= 100, 'a directive has at most 100 metrics');
  const metrics = (Metrics as { readonly Name: string; readonly Unit: string }[]).map(({ Name, Unit, ...more }) => {
    must(Object.keys(more).length === 0 && UNITS.has(Unit), 'a metric has a name and a known unit');
    const value = fields[Name];
    must(typeof value === 'number' && Number.isFinite(value), 'a metric has a number');
    return [Name, value as number] as const;
  });
  must(new Set(metrics.map(([name]) => name)).size === metrics.length, 'no metric is named twice');
  return {
    timestamp: about.Timestamp,
    dimensions: Object.fromEntries(names.map((name) => [name, fields[name] as string])),
    metrics: Object.fromEntries(metrics),
    fields,
  };
}
