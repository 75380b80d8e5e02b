import { Forward, type PortwayStackProps, Tls } from 'portway';

// Made by portway import test/import/corpus/nginx/grpc.conf
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/grpc.conf:3 server: without proxy_set_header Host nginx tells targets their own name, forwards the one that the client asked for
//   test/import/corpus/nginx/grpc.conf:3 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//   test/import/corpus/nginx/grpc.conf:6 ssl_certificate ssl/cert.pem: self-signed until its certificate and key are in a secret: Tls.secret(secret), docs/tls.md
//   test/import/corpus/nginx/grpc.conf:9 location /helloworld.Greeter: other paths that begin with /helloworld.Greeter, such as /helloworld.Greeterx, are not covered
//   test/import/corpus/nginx/grpc.conf:12 error_page 502 = /error502grpc: errors of the gateway get its own page (errors), those of targets pass
//
// Needs no counterpart:
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/grpc.conf:3)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/grpc.conf:3)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/grpc.conf:3)
//   Portway sets TLS up itself (docs/tls.md): ssl_certificate_key (test/import/corpus/nginx/grpc.conf:7)
//   no client reaches it: it is internal: location (test/import/corpus/nginx/grpc.conf:13)
export const imported = {
  forwards: {
    secure: Forward.https({
      listen: 443,
      tls: Tls.selfSigned(),
      to: '10.0.3.20:8080',
      routes: {
        '/helloworld.Greeter': { to: ['10.0.3.1:50051', '10.0.3.2:50051'], protocol: 'grpc', timeouts: { response: 3600 } },
        '/helloworld.Greeter/*': { to: ['10.0.3.1:50051', '10.0.3.2:50051'], protocol: 'grpc', timeouts: { response: 3600 } },
        '/routeguide.RouteGuide/*': { to: '10.0.3.9:50052', protocol: 'grpc', timeouts: { response: 3600 } },
      },
    }),
  },
} satisfies Partial<PortwayStackProps>;
