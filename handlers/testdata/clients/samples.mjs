// The samples of the product's public reference, as it prints them but for the IDs, and what else
// the documentation promises of the client. TestClients runs this against a console.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'

import ApiClient from '@example/protocol-api'
import { ApiError, WebhookError } from '@example/protocol-api'

const token = process.env.TOKEN

{
  const client = new ApiClient(token)

  await client.groups.list()
}

const made = await new ApiClient(token).groups.create({ name: 'Plaza Hotel' })
{
  const client = new ApiClient(token)

  await client.groups.create({
    name: 'Plaza Hotel',
  })
}
{
  const client = new ApiClient(token)

  await client.groups.get(made.id)
}
{
  const client = new ApiClient(token)

  await client.groups.update(made.id, {
      description: 'The finest in New York.',
  })
}
{
  const client = new ApiClient(token)

  assert.equal((await client.groups.get(made.id)).description, 'The finest in New York.')
  await client.groups.delete(made.id)
}

const client = new ApiClient(token, { baseUrl: process.env.PROTOCOL_API_URL })

// Errors.
const missing = await client.groups.get(made.id).catch((err) => err)
assert(missing instanceof ApiError)
assert.deepEqual([missing.status, missing.code, missing.param, missing.type], [404, 'resource_missing', 'id', 'invalid_request'])
assert.match(missing.requestId, /^\w+$/)
await assert.rejects(client.groups.create({ name: '' }), (err) => err.code === 'parameter_missing' && err.errors.length === 1)
assert.throws(() => client.groups.delete(''), TypeError)

const nowhere = new ApiClient(token, { baseUrl: 'http://127.0.0.1:1', maxRetries: 0 })
await assert.rejects(nowhere.groups.list(), (err) => err instanceof ApiError && err.status === 0)

// Pages, members, messages and conditions.
const hector = await client.contacts.create({ username: 'js.hector' })
const group = await client.groups.create({ name: 'Grand', contacts: [hector.id] })
const seen = []
for await (const g of client.groups.list({ limit: 1, q: 'Grand' })) seen.push(g.id)
assert(seen.includes(group.id) && new Set(seen).size === seen.length)
const listed = await client.groups.list({ include: ['total'], created_after: new Date(0) })
assert(listed.total.value >= 2 && listed.data.length >= 2)
const read = await client.groups.get(group.id)
await client.groups.update(group.id, read, { ifMatch: read.$response.etag })
await client.groups.update(group.id, { name: 'Grander' })
await assert.rejects(client.groups.update(group.id, { name: 'Late' }, { ifMatch: read.$response.etag }), (err) => err.status === 412)
assert.equal((await client.groups.update(group.id, { name: 'Dry' }, { dryRun: true })).name, 'Dry')
assert.equal((await client.groups.get(group.id)).name, 'Grander')
assert.equal((await client.members.list(group.id)).data[0].username, 'js.hector')
await client.members.remove(group.id, hector.id)
assert.equal((await client.members.add(group.id, [hector.id])).contacts_count, 1)
await client.conversations.messages.create(group.conversation_id, { message: 'Welcome.' })
assert.equal((await client.messages.list(group.conversation_id)).data.length, 1)
assert((await client.groups.archive(group.id)).archived_at)
assert.equal((await client.groups.restore(group.id)).archived_at, null)
assert.equal((await client.groups.batch([{ action: 'delete', id: group.id }])).results[0].status, 204)
assert.equal((await client.jobs.list()).has_more, false)

// The same key does the same once.
const [once, again] = await Promise.all([1, 2].map(() => client.groups.create({ name: 'Once' }, { idempotencyKey: 'js-once' })))
assert.equal(once.id, again.id)

// A call that was refused for now is repeated with its key.
const keys = []
const busy = createServer((request, response) => {
  keys.push(request.headers['idempotency-key'])
  response.writeHead(keys.length < 2 ? 429 : 201, { 'Retry-After': '0', 'Content-Type': 'application/json' })
  response.end('{"id":"x"}')
})
await new Promise((resolve) => busy.listen(0, '127.0.0.1', resolve))
await new ApiClient(token, { baseUrl: `http://127.0.0.1:${busy.address().port}` }).groups.create({ name: 'x' })
busy.closeAllConnections()
busy.close()
assert(keys.length === 2 && keys[0] && keys[0] === keys[1])

// Webhooks.
const hook = JSON.parse(process.env.WEBHOOK)
assert.equal((await ApiClient.verifyWebhook(hook.secret, hook.body, hook.headers)).type, 'group.created')
await assert.rejects(ApiClient.verifyWebhook(hook.secret, hook.body + ' ', hook.headers), WebhookError)
await assert.rejects(ApiClient.verifyWebhook(hook.secret, hook.body, hook.headers, { now: Date.now() / 1000 + 600 }), WebhookError)
assert.equal(await ApiClient.verifySignature(hook.secret, hook.body, hook.signature), true)
assert.equal(await ApiClient.verifySignature(hook.secret, hook.body + ' ', hook.signature), false)
