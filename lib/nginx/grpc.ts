import type { Line } from './block';
import type { RequestFacts } from './request-facts';

/** What a gRPC target is told; the same as other targets by headers of its own kind. */
export function grpcHeaders(facts: RequestFacts): readonly Line[] {
  return [
    'grpc_set_header Host $http_host;',
    `grpc_set_header X-Forwarded-For ${facts.forwardedFor};`,
    `grpc_set_header X-Forwarded-Proto ${facts.scheme};`,
    'grpc_set_header X-Forwarded-Host $http_host;',
    `grpc_set_header X-Forwarded-Port ${facts.port};`,
    'grpc_set_header X-Real-IP $remote_addr;',
    `grpc_set_header Forwarded "for=$portway_forwarded_for;proto=${facts.scheme}";`,
    `grpc_set_header X-Request-ID ${facts.requestId};`,
    "grpc_set_header X-Forwarded-Prefix '';",
    "grpc_set_header X-Forwarded-Ssl '';",
  ];
}
