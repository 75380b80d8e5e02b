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
//
// Needs no counterpart:
//   targets are told so anyway: proxy_set_header (test/import/corpus/nginx/www-redirect.conf:4)
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
