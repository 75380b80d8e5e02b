import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/location-snippet.conf
//
// Needs no counterpart:
//   targets are told so anyway: proxy_set_header (test/import/corpus/nginx/location-snippet.conf:4)
export const imported = {
  forwards: { web: Forward.http({ listen: 80, routes: { '/app/*': { to: 4000, stripPrefix: true } } }) },
} satisfies Partial<PortwayStackProps>;
