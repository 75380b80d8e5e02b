import type { Directive } from './directives';

/**
 * Directives that need no counterpart, with the reason. Those that begin with one of these names and an underscore are
 * listed by themselves.
 */
const REASONS: readonly (readonly [why: string, names: string])[] = [
  [
    "Portway sets the host's nginx up itself",
    `user pid daemon master_process worker_processes worker_connections worker_rlimit_nofile worker_rlimit_core
    worker_cpu_affinity worker_priority worker_shutdown_timeout worker_aio_requests events use multi_accept accept_mutex
    accept_mutex_delay load_module pcre_jit thread_pool timer_resolution env lock_file error_log debug_connection
    working_directory ssl_engine google_perftools_profiles debug_points quic_bpf`,
  ],
  [
    'Portway tunes nginx itself',
    `sendfile sendfile_max_chunk tcp_nopush tcp_nodelay aio aio_write directio output_buffers postpone_output
    keepalive_timeout keepalive_requests keepalive_time keepalive_disable lingering_close lingering_time lingering_timeout
    types_hash_max_size types_hash_bucket_size server_names_hash_max_size server_names_hash_bucket_size
    variables_hash_max_size variables_hash_bucket_size map_hash_max_size map_hash_bucket_size
    proxy_headers_hash_max_size proxy_headers_hash_bucket_size client_header_buffer_size client_body_buffer_size
    client_body_temp_path client_body_in_file_only client_body_in_single_buffer proxy_buffers proxy_busy_buffers_size proxy_temp_path
    proxy_temp_file_write_size proxy_max_temp_file_size proxy_temp_file proxy_socket_keepalive
    connection_pool_size request_pool_size read_ahead reset_timedout_connection open_file_cache open_file_cache_valid
    open_file_cache_min_uses open_file_cache_errors zone keepalive ntlm preread_timeout preread_buffer_size
    proxy_buffer_size limit_req_log_level limit_conn_log_level log_subrequest variables_hash http2_max_concurrent_streams
    http2_recv_buffer_size http2_chunk_size http2_body_preread_size grpc_buffer_size proxy_upload_rate_buffer
    fastcgi_buffers fastcgi_buffer_size fastcgi_busy_buffers_size fastcgi_temp_path uwsgi_temp_path scgi_temp_path
    fastcgi_read_timeout fastcgi_send_timeout fastcgi_connect_timeout quic_retry quic_gso ssl_early_data`,
  ],
  ["Portway resolves names by Amazon's resolver", 'resolver resolver_timeout'],
  [
    'Portway has a log of its own, in JSON',
    'access_log log_format log_not_found open_log_file_cache log_not_found rewrite_log uninitialized_variable_warn',
  ],
  [
    'as Portway does',
    'server_tokens http2 proxy_http_version ssl merge_slashes absolute_redirect port_in_redirect server_name_in_redirect msie_padding',
  ],
  [
    'Portway sets TLS up itself (docs/tls.md)',
    `ssl_ciphers ssl_prefer_server_ciphers ssl_session_cache ssl_session_timeout ssl_session_tickets
    ssl_session_ticket_key ssl_dhparam ssl_ecdh_curve ssl_buffer_size ssl_conf_command ssl_stapling ssl_stapling_verify
    ssl_stapling_responder ssl_stapling_file ssl_trusted_certificate ssl_password_file ssl_handshake_timeout ssl_certificate_key`,
  ],
  ['targets set the types of what they send', 'default_type types charset charset_types override_charset'],
  [
    'as Portway caches',
    'proxy_cache_lock proxy_cache_revalidate proxy_cache_background_update proxy_cache_lock_age proxy_cache_convert_head',
  ],
];

const OWN = new Map(REASONS.flatMap(([why, names]) => names.split(/\s+/).map((name) => [name, why] as const)));

/** Why a directive needs no counterpart; undefined if it does. */
export function ownReason(name: string): string | undefined {
  return OWN.get(name);
}

/** What only says how files are served, which Portway does not do. It changes nothing where no files are served. */
export const OF_FILES = new Set(
  `root index alias try_files autoindex autoindex_exact_size autoindex_localtime autoindex_format expires etag gzip_static brotli_static
  disable_symlinks if_modified_since random_index max_ranges`.split(/\s+/),
);

/** What keeps somebody out, or says who. */
const PROTECTION = new Set(
  `auth_basic auth_request auth_jwt auth_oidc satisfy ssl_verify_client ssl_client_certificate secure_link valid_referers
  modsecurity allow deny limit_except access_by_lua access_by_lua_block access_by_lua_file js_access app_protect_enable
  naxsi_rules SecRulesEnabled geoip2_block limit_req limit_conn`.split(/\s+/),
);

/** Whether a directive keeps somebody out: by itself, or as an `if` that refuses. */
export function protects({ name, args, body = [] }: Directive): boolean {
  if (name === 'if') return body.some(refuses);
  return PROTECTION.has(name) && args[0] !== 'off';
}

function refuses({ name, args: [status = ''] }: Directive): boolean {
  return name === 'deny' || (name === 'return' && /^4\d\d$/.test(status));
}
