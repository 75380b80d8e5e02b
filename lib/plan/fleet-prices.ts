/**
 * List prices in US dollars, of us-east-1. As public price lists of 2025 and 2026 give them; AWS's own pages, which have the last
 * word, were not read.
 */
export const FLEET_PRICES = {
  /** AWS's own month. */
  hours: 730,
  balancerAnHour: 0.0225,
  unitAnHour: 0.006,
  /** What a capacity unit holds, by protocol. */
  unit: {
    tcp: { new: 800, active: 100_000, gigabytesAnHour: 1 },
    udp: { new: 400, active: 50_000, gigabytesAnHour: 1 },
  },
  /** Out of AWS: the first 10 TB a month, of which 100 GB of the whole account are free. */
  transferAGigabyte: 0.09,
  addressAnHour: 0.005,
  diskAGiB: 0.08,
  /** Linux, on demand. */
  hostAnHour: {
    't4g.nano': 0.0042,
    't4g.micro': 0.0084,
    't4g.small': 0.0168,
    't4g.medium': 0.0336,
    't4g.large': 0.0672,
    'c6g.large': 0.068,
    'c7g.large': 0.0725,
    'm6g.large': 0.077,
    'm7g.large': 0.0816,
    't3a.micro': 0.0094,
    't3a.small': 0.0188,
    't3a.medium': 0.0376,
    't3.micro': 0.0104,
    't3.small': 0.0208,
    't3.medium': 0.0416,
  } as Readonly<Record<string, number>>,
  asOf: '2026-11',
  sources: [
    'https://aws.amazon.com/elasticloadbalancing/pricing/',
    'https://aws.amazon.com/vpc/pricing/',
    'https://aws.amazon.com/ec2/pricing/on-demand/',
  ],
} as const;
