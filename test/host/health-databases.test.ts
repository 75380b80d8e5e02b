import { Forward } from '../../lib/forward/forward';
import { HealthHost } from './support/health';
import { ADDRESS, describeHost, type Host, until } from './support/host';

jest.setTimeout(120_000);

const BACKEND = ADDRESS.backend.v4;
/** A second address of the backend, so that each server stands for two targets. */
const SECOND = '10.0.1.11';

/** More than a server allows that counts failed logins (`max_connect_errors`, 100 by default). */
const MANY = 110;

const MARIADB = 'mariadb --no-defaults --skip-ssl';
const AS_POSTGRES = 'setpriv --reuid=postgres --regid=postgres --clear-groups /usr/lib/postgresql/*/bin/';

describeHost('health checks of databases', () => {
  let health: HealthHost;
  let host: Host;
  beforeAll(async () => {
    health = await HealthHost.start({ rooted: ['gateway', 'backend'] });
    host = health.host;
    await host.sh(
      'backend',
      `cd /; ip addr add ${SECOND}/24 dev eth0; echo '${ADDRESS.inside.v4} gateway' >>/etc/hosts`,
    );
    await Promise.all([startMariaDb(), startPostgres()]);
  }, 600_000);
  afterAll(() => health?.stop());

  async function startMariaDb(): Promise<void> {
    await host.sh(
      'backend',
      `mkdir /tmp/mariadb; chown nobody /tmp/mariadb
      mariadb-install-db --user=nobody --datadir=/tmp/mariadb >/tmp/install 2>&1 || { cat /tmp/install; exit 1; }
      setsid mariadbd --no-defaults --user=nobody --datadir=/tmp/mariadb --socket=/tmp/mariadb.sock \
        --log-error=/tmp/mariadb.log </dev/null >/dev/null 2>&1 &`,
    );
    await until(
      'MariaDB answers',
      async () => (await host.run('backend', ['bash', '-c', sql('select 1')])).code === 0,
      30,
    );
    await host.sh('backend', sql("create user app@'%' identified by 'secret'"));
  }

  async function startPostgres(): Promise<void> {
    await host.sh(
      'backend',
      `mkdir -p /tmp/postgres /run/postgresql; chown postgres /tmp/postgres /run/postgresql; cd /
      ${AS_POSTGRES}initdb --no-sync -D /tmp/postgres >/tmp/initdb 2>&1 || { cat /tmp/initdb; exit 1; }
      cd /tmp/postgres
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout server.key -out server.crt 2>&1
      chown postgres server.*`,
    );
  }

  /** Starts PostgreSQL with or without TLS, after stopping it. */
  async function runPostgres(tls: 'on' | 'off'): Promise<void> {
    const options = `-w -D /tmp/postgres -l /tmp/postgres.log -o "-h 0.0.0.0 -c ssl=${tls}"`;
    await host.sh(
      'backend',
      `cd /; rm -f /tmp/postgres.log; touch /tmp/postgres.log; chown postgres /tmp/postgres.log
      ${AS_POSTGRES}pg_ctl ${options} restart </dev/null >/dev/null 2>&1 || { cat /tmp/postgres.log; exit 1; }`,
    );
  }

  const sql = (statement: string) => `${MARIADB} --socket /tmp/mariadb.sock -e "${statement}"`;
  const logins = async () => (await host.run('gateway', login)).stdout;
  const login = [...MARIADB.split(' '), '-h', BACKEND, '-u', 'app', '-psecret', '-Ne', "select 'in'"];
  const log = (file: string) => host.sh('backend', `cat ${file}`);

  /** Runs a check from the gateway this many times, one after the other. */
  async function check(by: 'mysql' | 'postgres', port: number, times = 1): Promise<string> {
    const script = `import sys
sys.path.insert(0, "/usr/local/lib/portway")
from portway.database_probes import ${by}
try:
    for _ in range(${times}):
        ${by}("${BACKEND}", ${port}, 1)
    print("up")
except OSError as error:
    print("down:", error)`;
    const { stdout, stderr } = await host.run('gateway', ['python3', '-c', script]);
    return stdout.trim() || stderr;
  }

  test('MariaDB never blocks the gateway, and logs nothing once the account exists', async () => {
    // Without the account, a login is refused, which MariaDB logs.
    expect(await check('mysql', 3306, MANY)).toBe('up');
    expect(await log('/tmp/mariadb.log')).toContain("Access denied for user 'portway'@'gateway'");
    expect(await logins()).toBe('in\n');
    await host.sh('backend', sql(`create user portway@'gateway'`));
    const before = await log('/tmp/mariadb.log');
    expect(await check('mysql', 3306, MANY)).toBe('up');
    expect(await log('/tmp/mariadb.log')).toBe(before);
    // What the same number of plain connections does; the check then reports it.
    await host.sh('gateway', `for i in $(seq ${MANY}); do : </dev/tcp/${BACKEND}/3306; done`);
    await until('MariaDB blocks the gateway', async () => (await logins()) === '');
    expect(await check('mysql', 3306)).toMatch(/^down: Host .* is blocked/);
    await host.sh('backend', sql('flush hosts'));
    expect(await check('mysql', 3306)).toBe('up');
  });

  test.each(['off', 'on'] as const)('PostgreSQL with TLS %s logs nothing', async (tls) => {
    await runPostgres(tls);
    const before = await log('/tmp/postgres.log');
    expect(await check('postgres', 5432, 10)).toBe('up');
    expect(await log('/tmp/postgres.log')).toBe(before);
  });

  test('a server of another protocol counts as down', async () => {
    await runPostgres('off');
    expect(await check('postgres', 3306)).toBe('down: no PostgreSQL server');
    expect(await check('mysql', 5432)).toBe('down: timed out');
    expect(await check('mysql', 3307)).toMatch(/^down: .*refused/);
  });

  test('the health service takes out a hanging database, and brings it back', async () => {
    await runPostgres('on');
    const quick = { interval: 1, failures: 2 };
    const to = (port: number) => [BACKEND, SECOND].map((address) => `${address}:${port}`);
    await health.deploy({
      mysql: Forward.tcp({ listen: 3306, to: to(3306), healthCheck: { by: 'mysql', ...quick } }),
      postgres: Forward.tcp({ listen: 5432, to: to(5432), healthCheck: { by: 'postgres', ...quick } }),
    });
    const signal = (name: string) =>
      host.sh('backend', `kill -${name} $(pgrep -x mariadbd) $(head -n1 /tmp/postgres/postmaster.pid)`);
    await signal('STOP');
    await health.down(...to(3306), ...to(5432));
    expect(await health.log()).toMatch(/^postgres: .* is out \(timed out\)/m);
    await signal('CONT');
    await health.down();
  });
});
