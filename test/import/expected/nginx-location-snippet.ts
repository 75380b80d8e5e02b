import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/location-snippet.conf
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/location-snippet.conf:1 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//   test/import/corpus/nginx/location-snippet.conf:3 proxy_pass http://127.0.0.1:4000/: targets see the path as the client wrote it: nginx decodes it here, such as %2F, and makes one slash of two
//
// Needs no counterpart:
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/location-snippet.conf:1)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/location-snippet.conf:1)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/location-snippet.conf:1)
//   targets get the name as the client wrote it, also in capital letters: proxy_set_header (test/import/corpus/nginx/location-snippet.conf:4)
export const imported = {
  forwards: { web: Forward.http({ listen: 80, routes: { '/app/*': { to: 4000, stripPrefix: true } } }) },
} satisfies Partial<PortwayStackProps>;
