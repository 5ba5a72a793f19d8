package views

// Commands and files of the documentation, as they are typed.
const (
	codeSetupLink = `Protocol Console: http://localhost:8080
Set it up within the hour: http://localhost:8080/setup?code=…`

	codeImport = `console import groups.csv
console import -type contacts -match username -yes contacts.csv`

	codeVerify = `$ console audit verify
sealed  1042
tail    0
head    1042:Zm9vYmFyYmF6cXV4
mark    1042, kept since 0`

	codeVerifyKept = `$ console audit verify
first   4214
sealed  1042
tail    0
head    5255:Zm9vYmFyYmF6cXV4`

	codeOIDC = `OIDC_CLIENT_SECRET_FILE=/run/secrets/oidc console serve \
  -public-url https://console.example.com \
  -oidc-issuer https://login.example.com \
  -oidc-client-id console -oidc-name "Acme"`

	codePostgres = `DATABASE_URL=postgres://console@localhost/console console serve`

	codeProxy = `console serve -listen 127.0.0.1:8080 \
  -public-url https://console.example.com -trusted-proxies 127.0.0.1`

	codeFailover = `DATABASE_URL=postgres://console@db1,db2/console?target_session_attrs=read-write console serve`

	codeReplica = `DATABASE_READ_URL=postgres://console@db3/console console serve`

	codeDebian = `apt install ./protocol-console_*_amd64.deb
journalctl -u protocol-console -g setup   # the link to set it up
protocol-console doctor`

	codeContainer = `podman build -f .ci/Containerfile -t protocol-console .
podman run -d --read-only --tmpfs /tmp -p 127.0.0.1:8080:8080 -v console:/data protocol-console`

	codeUnixSocket = `console serve -listen unix:/run/console/http.sock \
  -public-url https://console.example.com -trusted-proxies 127.0.0.1`

	codeTLS = `console serve -listen :443 -tls-cert /etc/console/cert.pem -tls-key /etc/console/key.pem \
  -public-url https://console.example.com`

	codeNginx = `server {
    listen 443 ssl;
    server_name console.example.com;
    location / {
        proxy_pass http://127.0.0.1:8080;
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;    # with its port
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
}`

	codeCaddy = `console.example.com {
    reverse_proxy 127.0.0.1:8080
}`

	codeBackup = `console backup console.tar.zst
console backup -every 24h -keep 14 /var/backups/console`

	codeLitestream = `# /etc/litestream.yml
dbs:
  - path: /var/lib/console/console.db
    replicas:
      - type: s3          # or sftp, abs, gs; file for a disk elsewhere
        bucket: console-replica
        path: console.db`

	codeLitestreamRestore = `systemctl stop console litestream
mv /var/lib/console/console.db* /var/lib/console/damaged/
litestream restore -o /var/lib/console/console.db /var/lib/console/console.db
chown console: /var/lib/console/console.db && chmod 600 /var/lib/console/console.db
sudo -u console console doctor -database sqlite:/var/lib/console/console.db
sudo -u console console audit verify -database sqlite:/var/lib/console/console.db
systemctl start litestream console`

	codeArchive = `# postgresql.conf
archive_mode = on
archive_command = 'test ! -f /mnt/wal/%f && cp %p /mnt/wal/%f'`

	codeArchiveRestore = `pg_basebackup -D /mnt/base/2026-11-28 -c fast -X stream   # every day

# to restore: a server on a copy of the newest base
cp -a /mnt/base/2026-11-28 /var/lib/postgresql/restored
cat >> /var/lib/postgresql/restored/postgresql.conf <<'END'
archive_mode = off
restore_command = 'cp /mnt/wal/%f %p'
#recovery_target_time = '2026-11-28 09:30:00+00'   # before a mistake
END
touch /var/lib/postgresql/restored/recovery.signal
pg_ctl -D /var/lib/postgresql/restored -w start
console audit verify -database postgres://console@localhost/console`

	codeCopy = `console backup before.tar.zst
systemctl stop console
console copy -from sqlite:/var/lib/console/console.db -to postgres://console@db/console
systemctl edit console     # DATABASE_URL=postgres://console@db/console, CONSOLE_KEY_FILE=/var/lib/console/console.key
systemctl start console`

	codeTryRestore = `console restore -database sqlite:try/console.db console.tar.zst
cp /var/lib/console/console.key try/
console doctor -database sqlite:try/console.db
console audit verify -database sqlite:try/console.db`

	codeRestore = `console restore -database sqlite:data/console.db console.tar.zst
console restore -database postgres://console@localhost/console console.tar.zst`

	codeRecovery = `console user list
console user password -email anna@example.com             # set a new password
console user reset-second-factor -email anna@example.com  # remove a lost second factor
console user enable -email anna@example.com               # enable a disabled user
console user role -email anna@example.com -role owner     # if there is no owner left`
)
