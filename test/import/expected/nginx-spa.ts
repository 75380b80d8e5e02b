import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/spa.conf
//
// Not translated:
//   test/import/corpus/nginx/spa.conf:4 root /usr/share/nginx/html: files are not served: paths that lead to no target get 404
//   test/import/corpus/nginx/spa.conf:5 gzip on: answers are passed on as they are: let targets compress them
//   test/import/corpus/nginx/spa.conf:10 location /: files are not served: its requests go where those around it go
//   test/import/corpus/nginx/spa.conf:13 proxy_set_header X-Api-Key s3cr3t: targets get no further headers from the gateway
//   test/import/corpus/nginx/spa.conf:17 location = /50x.html: files are not served: its requests go where those around it go
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/spa.conf:1 server: without proxy_set_header Host nginx tells targets their own name, forwards the one that the client asked for
//   test/import/corpus/nginx/spa.conf:1 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//   test/import/corpus/nginx/spa.conf:12 proxy_pass http://api.internal:8080/api/: targets see the path as the client wrote it: nginx decodes it here, such as %2F, and makes one slash of two
//   test/import/corpus/nginx/spa.conf:16 error_page 500 502 503 504 /50x.html: errors of the gateway get its own page (errors), those of targets pass
//
// Needs no counterpart:
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/spa.conf:1)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/spa.conf:1)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/spa.conf:1)
//   nothing is compressed here: gzip_types (test/import/corpus/nginx/spa.conf:6)
//   it holds for nothing that is forwarded: add_header (test/import/corpus/nginx/spa.conf:7), add_header (test/import/corpus/nginx/spa.conf:8), add_header (test/import/corpus/nginx/spa.conf:9)
export const imported = {
  forwards: {
    web: Forward.http({
      listen: 80,
      routes: { '/api/*': { to: 'api.internal:8080' } },
      headers: { 'Cache-Control': 'no-store' },
    }),
  },
} satisfies Partial<PortwayStackProps>;
