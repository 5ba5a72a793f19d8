// Types of protocol-api.mjs.

export interface Contact {
  id: string
  username: string
  phone_number: string | null
  avatar_url: string | null
  display_name: string
  conversation_id: string
  last_active_at: number | null
  created_at: number
}

export interface Group {
  id: string
  name: string
  description: string | null
  avatar_url: string | null
  conversation_id: string
  contacts: Contact[]
  contacts_count: number
  created_at: number
  archived_at: number | null
  updated_at: number
}

export interface Message {
  id: string
  conversation_id: string
  contact_id: string | null
  message: string
  created_at: number
}

export interface Job {
  id: string
  type: string
  state: string
  total: number
  done: number
  skipped: number
  failed: number
  [key: string]: unknown
}

export interface Event {
  id: string
  type: string
  payload: Record<string, unknown>
  [key: string]: unknown
}

/** What was answered beside the body; not enumerable. */
export interface About {
  readonly $response: { status: number; etag: string | null; requestId: string | null }
}

export interface Page<T> {
  has_more: boolean
  data: T[]
  total?: { value: number; relation: 'exact' | 'about' }
}

/** Awaited, the first page; iterated with for await, every object. */
export interface List<T> extends Pick<Promise<Page<T> & About>, 'then' | 'catch' | 'finally'>, AsyncIterable<T> {}

export type Query = Record<string, string | number | boolean | Date | null | undefined | string[]>

export interface Options {
  idempotencyKey?: string
  ifMatch?: string
  dryRun?: boolean
  signal?: AbortSignal
}

export type ContactRef = string | { id: string } | { username: string }

export interface GroupChanges {
  name?: string
  description?: string | null
  avatar_url?: string | null
  contacts?: ContactRef[]
  archived_at?: number | string | null
}

export interface ContactChanges {
  username?: string
  phone_number?: string | null
  avatar_url?: string | null
  display_name?: string | null
}

export interface Objects<T, Changes, Required extends keyof Changes> {
  list(query?: Query, options?: Options): List<T>
  create(body: Changes & { [K in Required]-?: NonNullable<Changes[K]> }, options?: Options): Promise<T & About>
  get(id: string, query?: Query, options?: Options): Promise<T & About>
  update(id: string, body: Changes, options?: Options): Promise<T & About>
  delete(id: string, options?: Options): Promise<null>
  bulk(body: Record<string, unknown>, options?: Options): Promise<Job & About>
}

export interface Contacts extends Objects<Contact, ContactChanges, 'username'> {
  /** The file as it arrives: its body is a stream. */
  export(query?: Query, options?: Options): Promise<Response>
}

export interface Webhook {
  id: string
  name: string
  url: string
  events: string[]
  state: 'enabled' | 'disabled' | 'paused'
  created_at: number
  updated_at: number
  /** Only of a new webhook or a new secret. */
  secret?: string
  [key: string]: unknown
}

export interface Delivery {
  id: string
  event_id: string
  state: 'pending' | 'delivered' | 'failed'
  attempts: number
  [key: string]: unknown
}

export interface WebhookChanges {
  name?: string
  url?: string
  events?: string[]
  state?: 'enabled' | 'disabled'
}

export interface Webhooks extends Omit<Objects<Webhook, WebhookChanges, 'name' | 'url' | 'events'>, 'bulk'> {
  roll(id: string, options?: Options): Promise<Webhook & About>
  test(id: string, body: { type: string }, options?: Options): Promise<Delivery & About>
  resend(id: string, body: { since: number | string | Date }, options?: Options): Promise<Record<string, unknown> & About>
  readonly deliveries: {
    list(webhookId: string, query?: Query, options?: Options): List<Delivery>
    get(webhookId: string, id: string, options?: Options): Promise<Delivery & About>
    resend(webhookId: string, id: string, options?: Options): Promise<Delivery & About>
  }
}

export interface Groups extends Objects<Group, GroupChanges, 'name'> {
  /** The file as it arrives: its body is a stream. */
  export(query?: Query, options?: Options): Promise<Response>
  archive(id: string, options?: Options): Promise<Group & About>
  restore(id: string, options?: Options): Promise<Group & About>
  batch(
    operations: { action: 'create' | 'update' | 'archive' | 'restore' | 'delete'; id?: string; group?: GroupChanges }[],
    options?: Options & { atomic?: boolean },
  ): Promise<{ results: { status: number; group?: Group; error?: Record<string, unknown> }[] } & About>
}

export interface Messages {
  list(conversationId: string, query?: Query, options?: Options): List<Message>
  create(conversationId: string, body: { message: string; contact_id?: string | null }, options?: Options): Promise<Message & About>
  delete(id: string, query: { reason: string }, options?: Options): Promise<null>
}

export declare class ApiError extends Error {
  readonly status: number
  readonly type: 'invalid_request' | 'api_error'
  readonly code: string | null
  readonly param: string | null
  readonly requestId: string | null
  readonly documentationUrl: string | null
  readonly errors: { code: string; param: string | null; message: string }[]
}

export declare class WebhookError extends Error {}

export default class ApiClient {
  constructor(token: string, options?: { baseUrl?: string; maxRetries?: number; timeout?: number; fetch?: typeof fetch })

  readonly groups: Groups
  readonly contacts: Contacts
  readonly members: {
    list(groupId: string, query?: Query, options?: Options): List<Contact>
    add(groupId: string, contacts: ContactRef[], options?: Options): Promise<Group & About>
    remove(groupId: string, contactId: string, options?: Options): Promise<null>
    export(groupId: string, query?: Query, options?: Options): Promise<Response>
  }
  readonly conversations: { readonly messages: Messages }
  readonly messages: Messages
  readonly jobs: {
    list(query?: Query, options?: Options): List<Job>
    get(id: string, options?: Options): Promise<Job & About>
    cancel(id: string, options?: Options): Promise<Job & About>
    undo(id: string, options?: Options): Promise<Job & About>
    start(id: string, options?: Options): Promise<Job & About>
    results(id: string, query?: Query, options?: Options): List<Record<string, unknown>>
  }
  readonly activity: {
    list(query?: Query, options?: Options): List<Record<string, unknown>>
    get(id: string, options?: Options): Promise<Record<string, unknown> & About>
    verify(query?: Query, options?: Options): Promise<Record<string, unknown> & About>
  }
  readonly webhooks: Webhooks
  readonly imports: {
    create(file: Blob | string | Uint8Array, query?: Query, options?: Options & { contentType?: string }): Promise<Job & About>
  }
  readonly me: { get(options?: Options): Promise<Record<string, unknown> & About> }

  readonly events: {
    list(query?: Query, options?: Options): List<Event>
  }

  request(
    method: string,
    path: string,
    options?: Options & { query?: Query; body?: unknown; contentType?: string; raw?: boolean },
  ): Promise<any>
  list<T = any>(path: string, query?: Query, options?: Options): List<T>

  static verifyWebhook(
    secret: string,
    body: string | Uint8Array | ArrayBuffer,
    headers: Headers | Record<string, string | string[] | undefined>,
    options?: { tolerance?: number; now?: number },
  ): Promise<any>
  static verifySignature(secret: string, body: string | Uint8Array | ArrayBuffer, signature: string): Promise<boolean>
}
