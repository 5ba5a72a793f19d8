package views

import (
	"slices"

	"github.com/a-h/templ"
)

// Doc is a page of the documentation. It is open to everybody, so it says nothing about
// this installation.
type Doc struct {
	// Topic is its name in the address: /docs/{topic}.
	Topic string
	Title string
	// Summary is a sentence about it, for the index.
	Summary string
	// body is nil if the page needs something from its handler.
	body templ.Component
}

// The topics whose pages have handlers of their own.
const (
	RolesTopic  = "roles"
	ErrorsTopic = "errors"
)

// docSection is a part of the documentation.
type docSection struct {
	title string
	docs  []Doc
}

// docsGuides is the section for developers, after which the reference stands.
const docsGuides = "API guides"

// docSections are all pages of the documentation, in reading order.
var docSections = []docSection{
	{docsGuides, []Doc{
		{"start", "Getting started", "Set up the console, create a token and make the first API call.", docStart()},
		{"tokens", "API tokens", "Authenticate API calls, and restrict, rotate and revoke tokens.", docTokens()},
		{"api", "Using the API", "Requests, pagination, idempotency keys and conditional updates.", docAPI()},
		{ErrorsTopic, "API errors", "Every error code, what it means and how to fix it.", nil},
		{"limits", "Limits", "Rate limits and maximum sizes.", docLimits()},
		{"clients", "Client libraries", "Clients for JavaScript, Python and PHP, each a single file.", docClients()},
	}},
	{"Console", []Doc{
		{"search", "Search", "Find groups by name, description, member, ID, status or date.", docSearch()},
		{"views", "Filters and views", "Filter lists of groups, save and share them, and choose their columns.", docViews()},
		{"import", "Imports", "Create and update groups and contacts from CSV and NDJSON files.", docImport()},
		{"export", "Exports", "Download lists as CSV, XLSX, JSON or NDJSON.", docExport()},
		{"preferences", "Preferences and shortcuts", "Time zone, formats, rows per page and single-key shortcuts.", docPreferences()},
		{"activity", "Activity log", "What is logged, how to revert a change, and how to verify the log.", docActivity()},
	}},
	{"Users and access", []Doc{
		{RolesTopic, "Roles and permissions", "What owners, admins, editors, moderators and auditors can do.", nil},
		{"users", "Users and invitations", "Invite users, change their roles, disable them and require a second factor.", docUsers()},
		{"sign-in", "Signing in", "Passwords, authenticator apps, passkeys, sessions and OpenID Connect.", docSignIn()},
	}},
	{"Administration", []Doc{
		{"running", "Running the console", "Databases, health checks, logs and resources.", docRunning()},
		{"proxy", "Reverse proxy and TLS", "nginx and Caddy, the public URL and client addresses.", docProxy()},
		{"retention", "Retention", "Delete old activity automatically, and keep deleted groups for a while.", docRetention()},
		{"keys", "Encryption keys", "Where keys are kept, and how to rotate them.", docKeys()},
		{"recovery", "Backup and recovery", "Back up and restore the database, and let locked-out users in again.", docRecovery()},
	}},
}

// allDocs returns the pages of all sections.
func allDocs() []Doc {
	var all []Doc
	for _, s := range docSections {
		all = append(all, s.docs...)
	}
	return all
}

// DocOf returns the page of a topic that needs nothing from its handler.
func DocOf(topic string) (Doc, bool) {
	docs := allDocs()
	i := slices.IndexFunc(docs, func(d Doc) bool { return d.Topic == topic && d.body != nil })
	if i < 0 {
		return Doc{}, false
	}
	return docs[i], true
}

// docAfter returns the page to read after a topic, if there is one.
func docAfter(topic string) (Doc, bool) {
	docs := allDocs()
	i := slices.IndexFunc(docs, func(d Doc) bool { return d.Topic == topic }) + 1
	if i == 0 || i == len(docs) {
		return Doc{}, false
	}
	return docs[i], true
}

// Commands and files of the documentation, as they are typed.
const (
	codeSetupLink = `Protocol Console: http://localhost:8080
Set it up within the hour: http://localhost:8080/setup?code=…`

	codeFirstCalls = `curl https://console.example.com/v1/groups \
  -H "Authorization: Bearer $token" -d name="Plaza Hotel"

curl -G https://console.example.com/v1/groups \
  -H "Authorization: Bearer $token" -d limit=10

curl -X PUT https://console.example.com/v1/groups/$id \
  -H "Authorization: Bearer $token" -d description="The finest in New York."

curl -X DELETE https://console.example.com/v1/groups/$id \
  -H "Authorization: Bearer $token"`

	codeGroup = `{
  "id": "0VblOnpjquG9nmVd",
  "name": "Plaza Hotel",
  "description": null,
  "avatar_url": null,
  "conversation_id": "0VblOnpjquG9nmVe",
  "contacts": [],
  "contacts_count": 0,
  "created_at": 1795404617,
  "archived_at": null,
  "updated_at": 1795404617
}`

	codeError = `{
  "type": "invalid_request",
  "message": "Enter a name for the group.",
  "documentation_url": "https://console.example.com/docs/errors/parameter_missing",
  "code": "parameter_missing",
  "param": "name",
  "request_id": "JZVQZVGPNKEW422E"
}`

	codePages = `curl -G https://console.example.com/v1/groups \
  -H "Authorization: Bearer $token" \
  -d limit=100 -d starting_after=0VblOnpjquG9nmVd`

	codeIdempotent = `curl https://console.example.com/v1/groups \
  -H "Authorization: Bearer $token" \
  -H "Idempotency-Key: 5f0c1e1c-9a4e-4a7e-8f34-0d6c7c2d9d11" \
  -d name="Plaza Hotel"`

	codeIfMatch = `curl -X PUT https://console.example.com/v1/groups/$id \
  -H "Authorization: Bearer $token" \
  -H 'If-Match: "3q2-7wAAAAAAAAAAAAAAAA"' \
  -d name="The Plaza"`

	codeImport = `console import groups.csv
console import -type contacts -match username -yes contacts.csv`

	codeImportAPI = `curl "https://console.example.com/v1/imports?type=groups" \
  -H "Authorization: Bearer $token" -H "Content-Type: text/csv" \
  --data-binary @groups.csv

curl -X POST https://console.example.com/v1/jobs/$id/start \
  -H "Authorization: Bearer $token"`

	codeExport = `curl -G https://console.example.com/v1/groups/export \
  -H "Authorization: Bearer $token" -d format=xlsx -o groups.xlsx`

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

	codeBackup = `sqlite3 data/console.db "VACUUM INTO 'backup.db'"`

	codeRecovery = `console user list
console user password -email anna@example.com             # set a new password
console user reset-second-factor -email anna@example.com  # remove a lost second factor
console user enable -email anna@example.com               # enable a disabled user
console user role -email anna@example.com -role owner     # if there is no owner left`
)
