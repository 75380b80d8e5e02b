import { recognize } from '../../lib/import/recognize';

const HAPROXY = `global
    maxconn 1000
frontend web
    bind *:80
    default_backend app
backend app
    balance roundrobin
    server one 10.0.1.20:8080 check
`;
const CADDYFILE = `shop.example {
    encode gzip
    handle_path /api/* {
        reverse_proxy 10.0.1.20:8080
    }
}
`;
const ADAPTED = '{"apps":{"http":{"servers":{"srv0":{"listen":[":443"],"routes":[]}}}}}';

test.each([
  ['HAProxy', HAPROXY],
  ['Caddy', CADDYFILE],
  ['Caddy', ADAPTED],
])("a file of %s's is refused by that name", (name, text) => {
  expect(() => recognize(text, 'proxy.cfg')).toThrow(
    `proxy.cfg: looks like ${name}'s: only nginx.conf and rules of iptables and nftables are read`,
  );
});

test.each([
  ['server { listen 80; location / { proxy_pass http://10.0.1.20; } }', 'nginx'],
  // Without a semicolon where one belongs: nginx's own message names the line.
  ['server {\n  listen 80\n}', 'nginx'],
  ['{ "nftables": [] }', 'nft'],
  // Written by hand: iptables-restore needs no lines of chains.
  ['*nat\n-A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080\nCOMMIT', 'iptables'],
  ['iptables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080', 'iptables'],
])('%s is read as %s', (text, source) => {
  expect(recognize(text)).toBe(source);
});
