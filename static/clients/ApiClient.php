<?php

// A client of Protocol's JSON API, for PHP 8.1 and later. It is one file without dependencies:
// save it beside your program, and require it.

declare(strict_types=1);

namespace Protocol;

/** A call that was refused or failed. Its status is 0 if there was no answer. */
class ApiError extends \RuntimeException
{
    public readonly string $type;
    public readonly ?string $errorCode;
    public readonly ?string $param;
    public readonly ?string $requestId;
    public readonly ?string $documentationUrl;
    public readonly array $errors;

    public function __construct(public readonly int $status, array $body, ?string $requestId = null)
    {
        parent::__construct($body['message'] ?? "The server answered with status $status.", $status);
        $this->type = $body['type'] ?? 'api_error';
        $this->errorCode = $body['code'] ?? null;
        $this->param = $body['param'] ?? null;
        $this->requestId = $body['request_id'] ?? $requestId;
        $this->documentationUrl = $body['documentation_url'] ?? null;
        $this->errors = $body['errors'] ?? [];
    }
}

/** A webhook that didn't come from the console, was changed on its way, or is too old. */
class WebhookError extends \RuntimeException
{
}

/** What was answered, used as an array, with its ETag and the ID of the request. */
class ApiObject extends \ArrayObject implements \JsonSerializable
{
    public ?string $etag = null;
    public ?string $requestId = null;

    public function jsonSerialize(): mixed
    {
        return $this->getArrayCopy();
    }
}

/** A page of a list. Iterating over it goes on with the pages after it. */
class Page implements \IteratorAggregate
{
    public readonly array $data;
    public readonly bool $has_more;
    public readonly ?array $total;

    public function __construct(private \Closure $load, private array $query)
    {
        $answer = $load($query);
        $this->data = $answer['data'];
        $this->has_more = $answer['has_more'];
        $this->total = $answer['total'] ?? null;
    }

    /** Returns the page after this one, or null. */
    public function nextPage(): ?self
    {
        if (!$this->has_more || !$this->data) {
            return null;
        }
        $back = isset($this->query['ending_before']);
        $end = $this->data[$back ? 0 : count($this->data) - 1];
        $cursor = [$back ? 'ending_before' : 'starting_after' => $end['id']];
        return new self($this->load, $cursor + $this->query);
    }

    public function getIterator(): \Generator
    {
        for ($page = $this; $page; $page = $page->nextPage()) {
            foreach (isset($page->query['ending_before']) ? array_reverse($page->data) : $page->data as $object) {
                yield $object;
            }
        }
    }
}

class ApiClient
{
    public readonly Groups $groups;
    public readonly Contacts $contacts;
    public readonly Members $members;
    public readonly Conversations $conversations;
    public readonly Messages $messages;
    public readonly Jobs $jobs;
    public readonly Activity $activity;
    public readonly Events $events;
    public readonly Webhooks $webhooks;
    public readonly Imports $imports;
    public readonly Me $me;

    private string $baseUrl;
    private int $maxRetries;
    private float $timeout;

    /** Options are base_url, max_retries and timeout, in seconds. */
    public function __construct(#[\SensitiveParameter] private string $token, array $options = [])
    {
        if ($token === '') {
            throw new \InvalidArgumentException('ApiClient needs a token.');
        }
        $this->baseUrl = rtrim($options['base_url'] ?? (getenv('PROTOCOL_API_URL') ?: 'https://api.protocol.chat'), '/');
        $this->maxRetries = $options['max_retries'] ?? 3;
        $this->timeout = $options['timeout'] ?? 30;
        $this->groups = new Groups($this, '/v1/groups');
        $this->contacts = new Contacts($this, '/v1/contacts');
        $this->members = new Members($this);
        $this->messages = new Messages($this);
        $this->conversations = new Conversations($this->messages);
        $this->jobs = new Jobs($this);
        $this->activity = new Activity($this);
        $this->events = new Events($this);
        $this->webhooks = new Webhooks($this, '/v1/webhooks');
        $this->imports = new Imports($this);
        $this->me = new Me($this);
    }

    /**
     * Makes a call, again if it failed for reasons that pass, and returns what was answered.
     * Options are query, body, idempotency_key, if_match and dry_run; or content, which is sent as it
     * is, with its content_type.
     */
    public function request(string $method, string $path, array $options = []): ?ApiObject
    {
        return self::answer(...$this->attempt($method, $path, $options));
    }

    /** Makes a call whose answer is a file, and returns that as a stream to read. */
    public function download(string $path, array $query = [])
    {
        [$status, $headers, $stream] = $this->attempt('GET', $path, ['query' => $query, 'raw' => true]);
        if (is_resource($stream)) {
            return $stream;
        }
        self::answer($status, $headers, $stream);
        throw new ApiError($status, ['message' => 'The server did not answer with a file.']);
    }

    private function attempt(string $method, string $path, array $options): array
    {
        $raw = $options['raw'] ?? false;
        $headers = ['Authorization: Bearer ' . $this->token, 'Accept: ' . ($raw ? '*/*' : 'application/json')];
        if (isset($options['body']) || isset($options['content'])) {
            $headers[] = 'Content-Type: ' . ($options['content_type'] ?? 'application/json');
        }
        if (isset($options['if_match'])) {
            $headers[] = 'If-Match: ' . $options['if_match'];
        }
        if ($options['dry_run'] ?? false) {
            $headers[] = 'Dry-Run: true';
        }
        if ($method === 'POST') {
            // Every attempt has the same key, so that what was lost on the way back isn't done twice.
            $headers[] = 'Idempotency-Key: ' . ($options['idempotency_key'] ?? bin2hex(random_bytes(16)));
        }
        $url = $this->baseUrl . $path . self::queryString($options['query'] ?? []);
        $body = $options['content'] ?? (isset($options['body']) ? json_encode((object) $options['body'], JSON_THROW_ON_ERROR) : '');
        for ($attempt = 0; ; $attempt++) {
            [$status, $answered, $text] = $this->send($method, $url, $headers, $body, $raw);
            $delay = self::retryDelay($status, $answered, $attempt);
            if ($attempt >= $this->maxRetries || $delay === null) {
                return [$status, $answered, $text];
            }
            usleep((int) ($delay * 1e6));
        }
    }

    /** Returns the first page of a list. */
    public function page(string $path, array $query = []): Page
    {
        return new Page(fn (array $query) => $this->request('GET', $path, ['query' => $query]), $query);
    }

    /**
     * Verifies a delivery by webhook-id, webhook-timestamp and webhook-signature, and returns its
     * event. The body must be as it was received: file_get_contents('php://input').
     */
    public static function verifyWebhook(
        #[\SensitiveParameter] string $secret,
        string $body,
        array $headers,
        int $tolerance = 300,
        ?int $now = null,
    ): array {
        $headers = array_change_key_case($headers);
        $id = $headers['webhook-id'] ?? '';
        $timestamp = $headers['webhook-timestamp'] ?? '';
        $signatures = $headers['webhook-signature'] ?? '';
        if ($id === '' || $timestamp === '' || $signatures === '') {
            throw new WebhookError('The headers of a webhook are missing.');
        }
        if (!preg_match('/^\d{1,12}$/D', $timestamp)) {
            throw new WebhookError('webhook-timestamp is not a time.');
        }
        if (abs(($now ?? time()) - (int) $timestamp) > $tolerance) {
            throw new WebhookError('The webhook is too old, or a clock is wrong.');
        }
        $key = base64_decode(preg_replace('/^whsec_/', '', $secret), true);
        if ($key === false) {
            throw new WebhookError('The secret is not base64.');
        }
        $expected = base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
        foreach (explode(' ', $signatures) as $part) {
            [$version, $signature] = explode(',', $part, 2) + ['', ''];
            if ($version === 'v1' && hash_equals($expected, $signature)) {
                return json_decode($body, true, 512, JSON_THROW_ON_ERROR);
            }
        }
        throw new WebhookError('The signature is wrong.');
    }

    /** Reports whether x-protocol-signature is that of the body. It says nothing of the delivery's age. */
    public static function verifySignature(#[\SensitiveParameter] string $secret, string $body, string $signature): bool
    {
        return hash_equals(hash_hmac('sha256', $body, $secret), strtolower($signature));
    }

    /**
     * Returns the status, the headers and the body of an answer; the status is 0 if there was none. With
     * raw, the body of one that was accepted is a stream.
     */
    private function send(string $method, string $url, array $headers, string $body, bool $raw): array
    {
        $context = stream_context_create(['http' => [
            'method' => $method,
            'header' => $headers,
            'content' => $body,
            'timeout' => $this->timeout,
            'ignore_errors' => true,
            'follow_location' => 0, // a redirect would carry the token elsewhere
            'protocol_version' => 1.1,
        ]]);
        $stream = @fopen($url, 'rb', false, $context);
        if ($stream === false) {
            return [0, [], error_get_last()['message'] ?? ''];
        }
        $status = 0;
        $answered = [];
        foreach (stream_get_meta_data($stream)['wrapper_data'] as $line) {
            if (preg_match('#^HTTP/\S+ (\d+)#', $line, $found)) {
                [$status, $answered] = [(int) $found[1], []];
            } elseif (str_contains($line, ':')) {
                [$name, $value] = explode(':', $line, 2);
                $answered[strtolower($name)] = trim($value);
            }
        }
        if ($raw && $status >= 200 && $status < 300) {
            return [$status, $answered, $stream];
        }
        $text = stream_get_contents($stream);
        $late = stream_get_meta_data($stream)['timed_out'];
        fclose($stream);
        if ($text === false || $late) {
            return [0, [], 'The connection ended too early.'];
        }
        return [$status, $answered, $text];
    }

    private static function answer(int $status, array $headers, string $text): ?ApiObject
    {
        if ($status === 0) {
            throw new ApiError(0, ['message' => "The server can't be reached: $text"]);
        }
        $body = $text === '' ? null : json_decode($text, true);
        $requestId = $headers['request-id'] ?? null;
        if ($status < 200 || $status > 299) {
            throw new ApiError($status, is_array($body) ? $body : [], $requestId);
        }
        if ($text === '') {
            return null;
        }
        if (!is_array($body)) {
            // Something between here and the console answered with a page of its own.
            throw new ApiError($status, ['message' => 'The server did not answer with JSON.'], $requestId);
        }
        $object = new ApiObject($body);
        $object->etag = $headers['etag'] ?? null;
        $object->requestId = $requestId;
        return $object;
    }

    /** Returns how many seconds to wait before the next attempt, or null if it would be useless. */
    private static function retryDelay(int $status, array $headers, int $attempt): ?float
    {
        if (!in_array($status, [0, 429, 502, 503, 504], true)) {
            return null;
        }
        $random = random_int(0, 1000) / 1000;
        $after = $headers['retry-after'] ?? '';
        if (!ctype_digit($after)) {
            return 0.5 * 2 ** $attempt * (0.5 + $random / 2);
        }
        return (int) $after <= 60 ? (int) $after + $random / 4 : null;
    }

    private static function queryString(array $query): string
    {
        $pairs = [];
        foreach ($query as $key => $value) {
            foreach (is_array($value) ? $value : [$value] as $one) {
                if ($one === null) {
                    continue;
                }
                $one = match (true) {
                    is_bool($one) => $one ? 'true' : 'false',
                    $one instanceof \DateTimeInterface => $one->format(\DateTimeInterface::RFC3339),
                    default => (string) $one,
                };
                $pairs[] = rawurlencode(is_array($value) ? $key . '[]' : $key) . '=' . rawurlencode($one);
            }
        }
        return $pairs ? '?' . implode('&', $pairs) : '';
    }

    /** Returns an ID as a part of a path. An empty one would be the address of the list. */
    public static function segment(string $id): string
    {
        if ($id === '') {
            throw new \InvalidArgumentException('An ID is missing.');
        }
        return '/' . rawurlencode($id);
    }
}

class Objects
{
    public function __construct(protected ApiClient $client, protected string $path)
    {
    }

    public function list(array $query = []): Page
    {
        return $this->client->page($this->path, $query);
    }

    public function create(array $body, array $options = []): ApiObject
    {
        return $this->client->request('POST', $this->path, ['body' => $body] + $options);
    }

    public function get(string $id, array $query = []): ApiObject
    {
        return $this->client->request('GET', $this->path . ApiClient::segment($id), ['query' => $query]);
    }

    public function update(string $id, array $body, array $options = []): ApiObject
    {
        return $this->client->request('PUT', $this->path . ApiClient::segment($id), ['body' => $body] + $options);
    }

    public function delete(string $id, array $options = []): void
    {
        $this->client->request('DELETE', $this->path . ApiClient::segment($id), $options);
    }

    public function bulk(array $body, array $options = []): ApiObject
    {
        return $this->client->request('POST', $this->path . '/bulk', ['body' => $body] + $options);
    }
}

class Contacts extends Objects
{
    /** Returns the file as a stream to read. */
    public function export(array $query = [])
    {
        return $this->client->download($this->path . '/export', $query);
    }
}

class Groups extends Objects
{
    /** Returns the file as a stream to read. */
    public function export(array $query = [])
    {
        return $this->client->download($this->path . '/export', $query);
    }

    public function archive(string $id, array $options = []): ApiObject
    {
        return $this->client->request('POST', $this->path . ApiClient::segment($id) . '/archive', $options);
    }

    public function restore(string $id, array $options = []): ApiObject
    {
        return $this->client->request('POST', $this->path . ApiClient::segment($id) . '/restore', $options);
    }

    public function batch(array $operations, bool $atomic = false, array $options = []): ApiObject
    {
        $body = ['atomic' => $atomic, 'operations' => $operations];
        return $this->client->request('POST', $this->path . '/batch', ['body' => $body] + $options);
    }
}

class Members
{
    public function __construct(private ApiClient $client)
    {
    }

    public function list(string $groupId, array $query = []): Page
    {
        return $this->client->page('/v1/groups' . ApiClient::segment($groupId) . '/contacts', $query);
    }

    public function add(string $groupId, array $contacts, array $options = []): ApiObject
    {
        $path = '/v1/groups' . ApiClient::segment($groupId) . '/contacts';
        return $this->client->request('POST', $path, ['body' => ['contacts' => $contacts]] + $options);
    }

    public function export(string $groupId, array $query = [])
    {
        return $this->client->download('/v1/groups' . ApiClient::segment($groupId) . '/contacts/export', $query);
    }

    public function remove(string $groupId, string $contactId, array $options = []): void
    {
        $path = '/v1/groups' . ApiClient::segment($groupId) . '/contacts' . ApiClient::segment($contactId);
        $this->client->request('DELETE', $path, $options);
    }
}

class Messages
{
    public function __construct(private ApiClient $client)
    {
    }

    public function list(string $conversationId, array $query = []): Page
    {
        return $this->client->page('/v1/conversations' . ApiClient::segment($conversationId) . '/messages', $query);
    }

    public function create(string $conversationId, array $body, array $options = []): ApiObject
    {
        $path = '/v1/conversations' . ApiClient::segment($conversationId) . '/messages';
        return $this->client->request('POST', $path, ['body' => $body] + $options);
    }

    public function delete(string $id, array $query, array $options = []): void
    {
        $this->client->request('DELETE', '/v1/messages' . ApiClient::segment($id), ['query' => $query] + $options);
    }
}

class Conversations
{
    public function __construct(public readonly Messages $messages)
    {
    }
}

class Jobs
{
    public function __construct(private ApiClient $client)
    {
    }

    public function list(array $query = []): Page
    {
        return $this->client->page('/v1/jobs', $query);
    }

    public function get(string $id): ApiObject
    {
        return $this->client->request('GET', '/v1/jobs' . ApiClient::segment($id));
    }

    public function cancel(string $id, array $options = []): ApiObject
    {
        return $this->client->request('POST', '/v1/jobs' . ApiClient::segment($id) . '/cancel', $options);
    }

    public function undo(string $id, array $options = []): ApiObject
    {
        return $this->client->request('POST', '/v1/jobs' . ApiClient::segment($id) . '/undo', $options);
    }

    public function start(string $id, array $options = []): ApiObject
    {
        return $this->client->request('POST', '/v1/jobs' . ApiClient::segment($id) . '/start', $options);
    }

    public function results(string $id, array $query = []): Page
    {
        return $this->client->page('/v1/jobs' . ApiClient::segment($id) . '/results', $query);
    }
}

class Activity
{
    public function __construct(private ApiClient $client)
    {
    }

    public function list(array $query = []): Page
    {
        return $this->client->page('/v1/activity', $query);
    }

    public function get(string $id): ApiObject
    {
        return $this->client->request('GET', '/v1/activity' . ApiClient::segment($id));
    }

    public function verify(array $query = []): ApiObject
    {
        return $this->client->request('GET', '/v1/activity/verify', ['query' => $query]);
    }
}

class Events
{
    public function __construct(private ApiClient $client)
    {
    }

    public function list(array $query = []): Page
    {
        return $this->client->page('/v1/events', $query);
    }
}

class Webhooks extends Objects
{
    public readonly Deliveries $deliveries;

    public function __construct(ApiClient $client, string $path)
    {
        parent::__construct($client, $path);
        $this->deliveries = new Deliveries($client, $path);
    }

    public function roll(string $id, array $options = []): ApiObject
    {
        return $this->client->request('POST', $this->path . ApiClient::segment($id) . '/roll', $options);
    }

    public function test(string $id, array $body, array $options = []): ApiObject
    {
        return $this->client->request('POST', $this->path . ApiClient::segment($id) . '/test', ['body' => $body] + $options);
    }

    public function resend(string $id, array $body, array $options = []): ApiObject
    {
        return $this->client->request('POST', $this->path . ApiClient::segment($id) . '/resend', ['body' => $body] + $options);
    }
}

class Deliveries
{
    public function __construct(private ApiClient $client, private string $path)
    {
    }

    public function list(string $webhookId, array $query = []): Page
    {
        return $this->client->page($this->path . ApiClient::segment($webhookId) . '/deliveries', $query);
    }

    public function get(string $webhookId, string $id): ApiObject
    {
        return $this->client->request('GET', $this->path . ApiClient::segment($webhookId) . '/deliveries' . ApiClient::segment($id));
    }

    public function resend(string $webhookId, string $id, array $options = []): ApiObject
    {
        $path = $this->path . ApiClient::segment($webhookId) . '/deliveries' . ApiClient::segment($id) . '/resend';
        return $this->client->request('POST', $path, $options);
    }
}

class Imports
{
    public function __construct(private ApiClient $client)
    {
    }

    /** Uploads the content of a file, and returns the job that checks it; jobs->start($id) imports it. */
    public function create(string $content, array $query = [], array $options = []): ApiObject
    {
        return $this->client->request('POST', '/v1/imports', ['query' => $query, 'content' => $content] + $options + ['content_type' => 'text/csv']);
    }
}

class Me
{
    public function __construct(private ApiClient $client)
    {
    }

    public function get(): ApiObject
    {
        return $this->client->request('GET', '/v1/me');
    }
}
