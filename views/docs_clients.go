package views

// clientFile is a file of the clients of the API.
type clientFile struct{ language, name, needs string }

var clientFiles = []clientFile{
	{"JavaScript", "protocol-api.mjs", "Node.js 20, Deno, Bun or a browser"},
	{"TypeScript", "protocol-api.d.mts", "Types for the JavaScript file"},
	{"Python", "protocol_api.py", "Python 3.9"},
	{"PHP", "ApiClient.php", "PHP 8.1"},
}

// Samples of the clients. handlers/clients_test.go runs what they show.
const (
	codeClientJS = `import ApiClient, { ApiError } from './protocol-api.mjs'

const client = new ApiClient(token, { baseUrl: 'https://console.example.com' })

const group = await client.groups.create({ name: 'Plaza Hotel' })

for await (const group of client.groups.list({ limit: 100 })) {
  console.log(group.name)
}

try {
  await client.groups.update(group.id, { name: '' })
} catch (err) {
  if (!(err instanceof ApiError)) throw err
  console.error(err.code, err.param, err.requestId)
}`

	codeClientPython = `from protocol_api import ApiClient, ApiError

client = ApiClient(token, base_url="https://console.example.com")

group = client.groups.create(name="Plaza Hotel")

for each in client.groups.list(limit=100):
    print(each["name"])

try:
    client.groups.update(group["id"], name="")
except ApiError as err:
    print(err.code, err.param, err.request_id)`

	codeClientPHP = `require 'ApiClient.php';

$client = new \Protocol\ApiClient($token, ['base_url' => 'https://console.example.com']);

$group = $client->groups->create(['name' => 'Plaza Hotel']);

foreach ($client->groups->list(['limit' => 100]) as $each) {
    echo $each['name'], "\n";
}

try {
    $client->groups->update($group['id'], ['name' => '']);
} catch (\Protocol\ApiError $err) {
    echo $err->errorCode, ' ', $err->param, ' ', $err->requestId, "\n";
}`

	codeClientWebhook = `const event = await ApiClient.verifyWebhook(process.env.WEBHOOK_SECRET, body, request.headers)
console.log(event.type, event.payload.name)`

	codeClientConditional = `const group = await client.groups.get(id)
await client.groups.update(id, { name: 'The Plaza' }, { ifMatch: group.$response.etag })`
)
