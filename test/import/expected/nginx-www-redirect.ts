import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/www-redirect.conf
//
// Not translated:
//   test/import/corpus/nginx/www-redirect.conf:2 return 302 https://www.example.com$request_uri: redirectTo is permanent (308), this one is temporary (302)
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/www-redirect.conf:1 server: other names get no answer: nginx gives them to the first server
//   test/import/corpus/nginx/www-redirect.conf:1 rewrite ^(.*)$ http://www.example.com$1 permanent: 308 in place of 301, which keeps the method too
//   test/import/corpus/nginx/www-redirect.conf:3 return 301 https://archive.example.com$request_uri: 308 in place of 301, which keeps the method too
//   test/import/corpus/nginx/www-redirect.conf:3 server: without proxy_set_header Host nginx tells targets their own name, forwards the one that the client asked for
//   test/import/corpus/nginx/www-redirect.conf:3 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//
// Needs no counterpart:
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/www-redirect.conf:3)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/www-redirect.conf:3)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/www-redirect.conf:3)
//   targets get the name as the client wrote it, also in capital letters: proxy_set_header (test/import/corpus/nginx/www-redirect.conf:4)
export const imported = {
  forwards: {
    web: Forward.http({
      listen: 80,
      hosts: {
        'example.com': { redirectTo: 'http://www.example.com' },
        'docs.example.com': { to: '10.0.8.2:80', routes: { '/v1/*': { redirectTo: 'https://archive.example.com' } } },
        'www.example.com': { to: '10.0.8.1:80' },
        '*.shop.example.com': { to: '10.0.8.1:80' },
      },
    }),
  },
} satisfies Partial<PortwayStackProps>;
