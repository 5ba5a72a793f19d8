// A client of Protocol's JSON API, for Node.js 20 and later, Deno, Bun and browsers. It is one file
// without dependencies: save it beside your program, with protocol-api.d.mts for TypeScript.

const defaultBaseURL = 'https://api.protocol.chat'

/** A call that was refused or failed. Its status is 0 if there was no answer. */
export class ApiError extends Error {
  constructor(status, body, headers) {
    super(body.message ?? `The server answered with status ${status}.`)
    this.name = 'ApiError'
    this.status = status
    this.type = body.type ?? 'api_error'
    this.code = body.code ?? null
    this.param = body.param ?? null
    this.requestId = body.request_id ?? headers?.get('Request-Id') ?? null
    this.documentationUrl = body.documentation_url ?? null
    this.errors = body.errors ?? []
  }
}

/** A webhook that didn't come from the console, was changed on its way, or is too old. */
export class WebhookError extends Error {
  constructor(message) {
    super(message)
    this.name = 'WebhookError'
  }
}

export default class ApiClient {
  #token
  #baseURL
  #maxRetries
  #timeout
  #fetch

  /**
   * @param {string} token
   * @param {{baseUrl?: string, maxRetries?: number, timeout?: number, fetch?: typeof fetch}} [options]
   */
  constructor(token, { baseUrl, maxRetries = 3, timeout = 30_000, fetch = globalThis.fetch } = {}) {
    if (!token) throw new TypeError('ApiClient needs a token.')
    this.#token = token
    this.#baseURL = (baseUrl ?? globalThis.process?.env?.PROTOCOL_API_URL ?? defaultBaseURL).replace(/\/+$/, '')
    this.#maxRetries = maxRetries
    this.#timeout = timeout
    this.#fetch = fetch
    this.groups = new Groups(this, '/v1/groups')
    this.contacts = new Contacts(this, '/v1/contacts')
    this.members = new Members(this)
    this.conversations = new Conversations(this)
    this.messages = new Messages(this)
    this.jobs = new Jobs(this)
    this.activity = new Activity(this)
    this.events = new Events(this)
    this.webhooks = new Webhooks(this, '/v1/webhooks')
    this.imports = new Imports(this)
    this.me = new Me(this)
  }

  /**
   * Makes a call, again if it failed for reasons that pass, and returns what was answered. A body with
   * a contentType is sent as it is; with raw, what was answered is returned as a Response. Neither has
   * a timeout, because files may be large: end them with signal.
   */
  async request(method, path, { query, body, contentType, raw, idempotencyKey, ifMatch, dryRun, signal } = {}) {
    const url = this.#baseURL + path + queryString(query)
    const headers = { Authorization: `Bearer ${this.#token}`, Accept: 'application/json' }
    if (raw) headers.Accept = '*/*'
    if (body !== undefined) headers['Content-Type'] = contentType ?? 'application/json'
    if (ifMatch) headers['If-Match'] = ifMatch
    if (dryRun) headers['Dry-Run'] = 'true'
    // Every attempt has the same key, so that what was lost on the way back isn't done twice.
    if (method === 'POST') headers['Idempotency-Key'] = idempotencyKey ?? crypto.randomUUID()
    const init = { method, headers, body: body === undefined || contentType ? body : JSON.stringify(body) }
    init.redirect = 'manual' // following one would carry the token elsewhere
    for (let attempt = 0; ; attempt++) {
      const last = attempt >= this.#maxRetries
      let response, text
      try {
        const ends = [signal, raw || contentType ? null : AbortSignal.timeout(this.#timeout)].filter(Boolean)
        init.signal = ends.length > 0 ? AbortSignal.any(ends) : undefined
        response = await this.#fetch(url, init)
        if (raw && response.ok) return response
        text = await response.text()
      } catch (err) {
        if (signal?.aborted) throw err
        if (last) throw new ApiError(0, { message: `The server can't be reached: ${err.message}` })
        await pause(backoff(attempt), signal)
        continue
      }
      const delay = retryDelay(response, attempt)
      if (response.ok || last || delay === null) return answer(response, text)
      await pause(delay, signal)
    }
  }

  /** Returns a list: awaited, its first page; iterated with for await, every object. */
  list(path, query = {}, options = {}) {
    return new List((more) => this.request('GET', path, { ...options, query: { ...query, ...more } }), query)
  }

  /**
   * Verifies a delivery by webhook-id, webhook-timestamp and webhook-signature, and returns its event.
   * The body must be as it was received, not parsed. Throws WebhookError.
   */
  static async verifyWebhook(secret, body, headers, { tolerance = 300, now = Date.now() / 1000 } = {}) {
    const header = (name) => (typeof headers.get === 'function' ? headers.get(name) : headers[name]) ?? ''
    const id = header('webhook-id')
    const timestamp = header('webhook-timestamp')
    const signatures = header('webhook-signature')
    if (!id || !timestamp || !signatures) throw new WebhookError('The headers of a webhook are missing.')
    if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookError('webhook-timestamp is not a time.')
    if (Math.abs(now - Number(timestamp)) > tolerance) throw new WebhookError('The webhook is too old, or a clock is wrong.')
    const raw = bytes(body)
    const signed = concat(bytes(`${id}.${timestamp}.`), raw)
    const key = await hmacKey(base64(secret.replace(/^whsec_/, '')))
    // verify compares in constant time.
    for (const part of signatures.split(' ')) {
      const [version, signature = ''] = part.split(',')
      if (version !== 'v1') continue
      if (await crypto.subtle.verify('HMAC', key, base64(signature), signed)) return JSON.parse(new TextDecoder().decode(raw))
    }
    throw new WebhookError('The signature is wrong.')
  }

  /** Reports whether x-protocol-signature is that of the body. It says nothing of the delivery's age. */
  static async verifySignature(secret, body, signature) {
    if (!/^[0-9a-f]{64}$/i.test(signature)) return false
    const octets = Uint8Array.from(signature.match(/../g), (pair) => parseInt(pair, 16))
    return crypto.subtle.verify('HMAC', await hmacKey(bytes(secret)), octets, bytes(body))
  }
}

/** A list of objects, which asks for its pages as they are needed. */
class List {
  #load
  #query
  #first

  constructor(load, query) {
    this.#load = load
    this.#query = query
  }

  then(resolve, reject) {
    this.#first ??= this.#load({})
    return this.#first.then(resolve, reject)
  }

  catch(reject) {
    return this.then(undefined, reject)
  }

  finally(settled) {
    return Promise.resolve(this).finally(settled)
  }

  async *[Symbol.asyncIterator]() {
    const back = this.#query.ending_before !== undefined
    for (let page = await this; ; ) {
      yield* back ? [...page.data].reverse() : page.data
      if (!page.has_more || page.data.length === 0) return
      const end = page.data.at(back ? 0 : -1)
      page = await this.#load({ [back ? 'ending_before' : 'starting_after']: end.id })
    }
  }
}

class Objects {
  constructor(client, path) {
    this.client = client
    this.path = path
  }

  list(query, options) {
    return this.client.list(this.path, query, options)
  }

  create(body, options) {
    return this.client.request('POST', this.path, { ...options, body })
  }

  get(id, query, options) {
    return this.client.request('GET', this.path + segment(id), { ...options, query })
  }

  update(id, body, options) {
    return this.client.request('PUT', this.path + segment(id), { ...options, body })
  }

  delete(id, options) {
    return this.client.request('DELETE', this.path + segment(id), options)
  }

  bulk(body, options) {
    return this.client.request('POST', this.path + '/bulk', { ...options, body })
  }
}

class Contacts extends Objects {
  export(query, options) {
    return this.client.request('GET', this.path + '/export', { ...options, query, raw: true })
  }
}

class Groups extends Objects {
  export(query, options) {
    return this.client.request('GET', this.path + '/export', { ...options, query, raw: true })
  }

  archive(id, options) {
    return this.client.request('POST', this.path + segment(id) + '/archive', options)
  }

  restore(id, options) {
    return this.client.request('POST', this.path + segment(id) + '/restore', options)
  }

  batch(operations, { atomic = false, ...options } = {}) {
    return this.client.request('POST', this.path + '/batch', { ...options, body: { atomic, operations } })
  }
}

class Members {
  constructor(client) {
    this.client = client
  }

  list(groupId, query, options) {
    return this.client.list(`/v1/groups${segment(groupId)}/contacts`, query, options)
  }

  add(groupId, contacts, options) {
    return this.client.request('POST', `/v1/groups${segment(groupId)}/contacts`, { ...options, body: { contacts } })
  }

  export(groupId, query, options) {
    return this.client.request('GET', `/v1/groups${segment(groupId)}/contacts/export`, { ...options, query, raw: true })
  }

  remove(groupId, contactId, options) {
    return this.client.request('DELETE', `/v1/groups${segment(groupId)}/contacts${segment(contactId)}`, options)
  }
}

class Messages {
  constructor(client) {
    this.client = client
  }

  list(conversationId, query, options) {
    return this.client.list(`/v1/conversations${segment(conversationId)}/messages`, query, options)
  }

  create(conversationId, body, options) {
    return this.client.request('POST', `/v1/conversations${segment(conversationId)}/messages`, { ...options, body })
  }

  delete(id, query, options) {
    return this.client.request('DELETE', `/v1/messages${segment(id)}`, { ...options, query })
  }
}

class Conversations {
  constructor(client) {
    this.messages = new Messages(client)
  }
}

class Jobs {
  constructor(client) {
    this.client = client
  }

  list(query, options) {
    return this.client.list('/v1/jobs', query, options)
  }

  get(id, options) {
    return this.client.request('GET', '/v1/jobs' + segment(id), options)
  }

  cancel(id, options) {
    return this.client.request('POST', `/v1/jobs${segment(id)}/cancel`, options)
  }

  undo(id, options) {
    return this.client.request('POST', `/v1/jobs${segment(id)}/undo`, options)
  }

  start(id, options) {
    return this.client.request('POST', `/v1/jobs${segment(id)}/start`, options)
  }

  results(id, query, options) {
    return this.client.list(`/v1/jobs${segment(id)}/results`, query, options)
  }
}

class Activity {
  constructor(client) {
    this.client = client
  }

  list(query, options) {
    return this.client.list('/v1/activity', query, options)
  }

  get(id, options) {
    return this.client.request('GET', '/v1/activity' + segment(id), options)
  }

  verify(query, options) {
    return this.client.request('GET', '/v1/activity/verify', { ...options, query })
  }
}

class Events {
  constructor(client) {
    this.client = client
  }

  list(query, options) {
    return this.client.list('/v1/events', query, options)
  }
}

class Webhooks extends Objects {
  constructor(client, path) {
    super(client, path)
    this.deliveries = new Deliveries(client, path)
  }

  roll(id, options) {
    return this.client.request('POST', this.path + segment(id) + '/roll', options)
  }

  test(id, body, options) {
    return this.client.request('POST', this.path + segment(id) + '/test', { ...options, body })
  }

  resend(id, body, options) {
    return this.client.request('POST', this.path + segment(id) + '/resend', { ...options, body })
  }
}

class Deliveries {
  constructor(client, path) {
    this.client = client
    this.path = path
  }

  list(webhookId, query, options) {
    return this.client.list(this.path + segment(webhookId) + '/deliveries', query, options)
  }

  get(webhookId, id, options) {
    return this.client.request('GET', this.path + segment(webhookId) + '/deliveries' + segment(id), options)
  }

  resend(webhookId, id, options) {
    return this.client.request('POST', this.path + segment(webhookId) + '/deliveries' + segment(id) + '/resend', options)
  }
}

class Imports {
  constructor(client) {
    this.client = client
  }

  /** Uploads a file, a Blob or text, and returns the job that checks it; jobs.start(id) imports it. */
  create(file, query, { contentType = 'text/csv', ...options } = {}) {
    return this.client.request('POST', '/v1/imports', { ...options, query, body: file, contentType })
  }
}

class Me {
  constructor(client) {
    this.client = client
  }

  get(options) {
    return this.client.request('GET', '/v1/me', options)
  }
}

function answer(response, text) {
  let body = null
  try {
    body = text === '' ? null : JSON.parse(text)
  } catch {
    // Something between here and the console answered with a page of its own.
    if (response.ok) throw new ApiError(response.status, { message: 'The server did not answer with JSON.' }, response.headers)
  }
  if (!response.ok) throw new ApiError(response.status, body ?? {}, response.headers)
  if (body !== null && typeof body === 'object') {
    const about = { status: response.status, etag: response.headers.get('ETag'), requestId: response.headers.get('Request-Id') }
    Object.defineProperty(body, '$response', { value: about }) // not enumerable, so that objects can be sent back
  }
  return body
}

/** Returns how many milliseconds to wait before the next attempt, or null if it would be useless. */
function retryDelay(response, attempt) {
  if (![429, 502, 503, 504].includes(response.status)) return null
  const after = Number(response.headers.get('Retry-After') ?? NaN) * 1000
  if (Number.isNaN(after)) return backoff(attempt)
  return after <= 60_000 ? after + Math.random() * 250 : null
}

function backoff(attempt) {
  return 500 * 2 ** attempt * (0.5 + Math.random() / 2)
}

function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}

function segment(id) {
  if (!id) throw new TypeError('An ID is missing.') // "" would be the address of the list
  return '/' + encodeURIComponent(id)
}

function queryString(query = {}) {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined || value === null) continue
    if (Array.isArray(value)) value.forEach((v) => params.append(`${key}[]`, v))
    else params.append(key, value instanceof Date ? value.toISOString() : value)
  }
  return String(params) === '' ? '' : `?${params}`
}

function bytes(text) {
  return typeof text === 'string' ? new TextEncoder().encode(text) : new Uint8Array(text)
}

function concat(a, b) {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}

function base64(text) {
  try {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0))
  } catch {
    throw new WebhookError('The secret or the signature is not base64.')
  }
}

function hmacKey(raw) {
  return crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
}
