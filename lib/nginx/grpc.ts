import type { Line } from './block';

/** What a gRPC target is told; the same as other targets by headers of its own kind. */
export function grpcHeaders(streaming: boolean): readonly Line[] {
  return [
    'grpc_set_header Host $http_host;',
    'grpc_set_header X-Forwarded-For $remote_addr;',
    'grpc_set_header X-Forwarded-Proto $scheme;',
    'grpc_set_header X-Forwarded-Host $http_host;',
    'grpc_set_header X-Forwarded-Port $server_port;',
    'grpc_set_header X-Real-IP $remote_addr;',
    'grpc_set_header Forwarded "for=$portway_forwarded_for;proto=$scheme";',
    "grpc_set_header X-Forwarded-Prefix '';",
    "grpc_set_header X-Forwarded-Ssl '';",
    ...(streaming ? ['grpc_read_timeout 1d;', 'grpc_send_timeout 1d;'] : []),
  ];
}
