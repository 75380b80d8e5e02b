import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/rails.conf
//
// Not translated:
//   test/import/corpus/nginx/rails.conf:6 location ^~ /assets/: files are not served: its requests go where those around it go
//   test/import/corpus/nginx/rails.conf:8 try_files $uri @puma: files are not served: all requests of location / go to the target
//
// Needs no counterpart:
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/rails.conf:2)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/rails.conf:2)
//   no files are served: root (test/import/corpus/nginx/rails.conf:5), try_files (test/import/corpus/nginx/rails.conf:7)
//   targets are told so anyway, without what clients claim who are no trusted proxies: proxy_set_header (test/import/corpus/nginx/rails.conf:10)
//   targets are told so anyway: proxy_set_header (test/import/corpus/nginx/rails.conf:11)
//   it is off: proxy_redirect (test/import/corpus/nginx/rails.conf:12)
//   Portway tunes nginx itself: keepalive_timeout (test/import/corpus/nginx/rails.conf:17)
export const imported = {
  forwards: {
    web: Forward.http({
      listen: 80,
      to: ['10.0.7.1:3000', '10.0.7.2:3000'],
      failover: { tries: 2 },
      maxBodyMiB: 4096,
    }),
  },
} satisfies Partial<PortwayStackProps>;
