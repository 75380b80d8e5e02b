import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/wordpress.conf
//
// Not translated:
//   test/import/corpus/nginx/wordpress.conf:1 server: nothing in it leads to a target: blog.example.com
//   test/import/corpus/nginx/wordpress.conf:7 location /: files are not served: its requests go where those around it go
//   test/import/corpus/nginx/wordpress.conf:10 location ~ \.php$: fastcgi_pass: targets speak HTTP or gRPC
//   test/import/corpus/nginx/wordpress.conf:14 location ~ /\.ht: a path cannot be closed: its requests go where those around it go
//   test/import/corpus/nginx/wordpress.conf:17 location ~* \.(js|css|png|jpg|jpeg|gif|ico)$: files are not served: its requests go where those around it go
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/wordpress.conf:1 server: other names get no answer: nginx gives them to the first server
//   test/import/corpus/nginx/wordpress.conf:22 server: without proxy_set_header Host nginx tells targets their own name, forwards the one that the client asked for
//   test/import/corpus/nginx/wordpress.conf:22 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//
// Needs no counterpart:
//   comes with nginx's packages, or certbot: include (test/import/corpus/nginx/wordpress.conf:11)
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/wordpress.conf:22)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/wordpress.conf:22)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/wordpress.conf:22)
export const imported = {
  forwards: { web: Forward.http({ listen: 80, hosts: { 'api.example.com': { to: '10.0.0.30:9000' } } }) },
} satisfies Partial<PortwayStackProps>;
