package views

// Calls and answers of the guides.
const (
	codeFirstCall = `export token=pcl_…
curl https://console.example.com/v1/me -H "Authorization: Bearer $token"`

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

	codeMe = `curl https://console.example.com/v1/me -H "Authorization: Bearer $token"`

	codeMeAnswer = `{
  "user": {"id": "0Tz5hM4VqD9hTz6B", "name": "Anna", "role": "editor"},
  "token": {
    "id": "0Tz5hM4bT3NcRw8Q",
    "name": "Nightly sync",
    "hint": "pcl_…k3Vb",
    "scopes": ["groups.read", "groups.edit", "contacts.read"],
    "networks": ["203.0.113.0/24"],
    "created_at": 1795404617,
    "expires_at": null
  },
  "rights": ["groups.read", "groups.edit", "contacts.read"],
  "rate_limit": {"limit": 600, "window_seconds": 6, "remaining": 599, "reset_seconds": 1},
  "api_version": "1"
}`

	codeBodies = `curl https://console.example.com/v1/groups \
  -H "Authorization: Bearer $token" \
  -d name="Plaza Hotel" -d 'contacts[]=0Tz5hM4VqD9hTz6B'

curl https://console.example.com/v1/groups \
  -H "Authorization: Bearer $token" -H "Content-Type: application/json" \
  -d '{"name": "Plaza Hotel", "contacts": ["0Tz5hM4VqD9hTz6B"]}'`

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

	codePageAnswer = `{"has_more": true, "data": [{"id": "0VblOnpjquG9nmVc", "name": "Plaza Hotel", …}, …]}`

	codeAllPages = `after=
while :; do
  page=$(curl -sfG https://console.example.com/v1/groups \
    -H "Authorization: Bearer $token" -d limit=100 ${after:+-d starting_after=$after}) || break
  echo "$page" | jq -r '.data[].name'
  [ "$(echo "$page" | jq .has_more)" = true ] || break
  after=$(echo "$page" | jq -r '.data[-1].id')
done`

	codeTotal = `curl -G https://console.example.com/v1/groups \
  -H "Authorization: Bearer $token" -d 'include[]=total' -d limit=1

{"has_more": true, "data": […], "total": {"value": 2418, "relation": "exact"}}`

	codeFilters = `curl -G https://console.example.com/v1/groups \
  -H "Authorization: Bearer $token" \
  -d q=hotel -d archived=false -d contacts_min=10 -d sort=-contacts_count`

	codeIdempotent = `curl https://console.example.com/v1/groups \
  -H "Authorization: Bearer $token" \
  -H "Idempotency-Key: 5f0c1e1c-9a4e-4a7e-8f34-0d6c7c2d9d11" \
  -d name="Plaza Hotel"`

	codeIfMatch = `curl -X PUT https://console.example.com/v1/groups/$id \
  -H "Authorization: Bearer $token" \
  -H 'If-Match: "3q2-7wAAAAAAAAAAAAAAAA"' \
  -d name="The Plaza"`

	codeIfNoneMatch = `curl -i https://console.example.com/v1/groups/$id \
  -H "Authorization: Bearer $token" \
  -H 'If-None-Match: "3q2-7wAAAAAAAAAAAAAAAA"'

HTTP/1.1 304 Not Modified`

	codeRateLimit = `RateLimit-Policy: "token";q=600;w=6
RateLimit: "token";r=599;t=1`

	codeBatch = `curl https://console.example.com/v1/groups/batch \
  -H "Authorization: Bearer $token" -H "Content-Type: application/json" \
  -d '{"operations": [
    {"action": "create", "group": {"name": "Plaza Hotel"}},
    {"action": "update", "id": "0VblOnpjquG9nmVd", "group": {"name": ""}},
    {"action": "archive", "id": "0VblOnpjquG9nmVe"}
  ]}'`

	codeBatchAnswer = `{"results": [
  {"status": 201, "group": {"id": "0VblOnpjquG9nmVf", "name": "Plaza Hotel", …}},
  {"status": 422, "error": {"code": "parameter_missing", "param": "name", …}},
  {"status": 200, "group": {"id": "0VblOnpjquG9nmVe", "archived_at": 1795404617, …}}
]}`

	codeDryRun = `curl -i https://console.example.com/v1/groups \
  -H "Authorization: Bearer $token" -H "Dry-Run: true" -d name="Plaza Hotel"`

	codeBulk = `curl https://console.example.com/v1/groups/bulk \
  -H "Authorization: Bearer $token" -H "Content-Type: application/json" \
  -d '{"filter": {"q": "hotel", "archived": false}, "action": "archive", "note": "Closed for the season."}'`

	codeBulkPreview = `{"matched": 24, "to_change": 21, "skipped": [{"reason": "already_archived", "count": 3}],
 "events": 21, "relation": "exact", "sample": […]}`

	codeJob = `curl https://console.example.com/v1/jobs/$id -H "Authorization: Bearer $token"

{"id": "0Tz5hM4Zc8GtRw3J", "type": "groups.archive", "state": "running",
 "total": 240, "done": 120, "skipped": 3, "failed": 0, "finished_at": null, …}`

	codeImportAPI = `curl "https://console.example.com/v1/imports?type=groups" \
  -H "Authorization: Bearer $token" -H "Content-Type: text/csv" \
  --data-binary @groups.csv

curl -X POST https://console.example.com/v1/jobs/$id/start \
  -H "Authorization: Bearer $token"`

	codeExport = `curl -G https://console.example.com/v1/groups/export \
  -H "Authorization: Bearer $token" -d format=xlsx -o groups.xlsx`
)
