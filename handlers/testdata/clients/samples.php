<?php

// The samples of the product's public reference, as it prints them but for the IDs and a group that
// it updates as a message, and what else the documentation promises of the client. TestClients
// runs this against a console.

require 'ApiClient.php';

function check(bool $holds): void
{
    $holds || throw new Exception('This does not hold.');
}

function refused(callable $call, string $kind): Throwable
{
    try {
        $call();
    } catch (Throwable $err) {
        check($err instanceof $kind);
        return $err;
    }
    throw new Exception('Nothing was thrown.');
}

$token = getenv('TOKEN');

$client = new \Protocol\ApiClient($token);

$client->groups->list();

$made = $client->groups->create(['name' => 'Plaza Hotel']);

$client = new \Protocol\ApiClient($token);

$client->groups->create([
  'name' => 'Plaza Hotel',
]);

$client = new \Protocol\ApiClient($token);

$client->groups->get($made['id']);

$client = new \Protocol\ApiClient($token);

$client->groups->update($made['id'], [
  'description' => 'The finest in New York.',
]);

check($client->groups->get($made['id'])['description'] === 'The finest in New York.');

$client = new \Protocol\ApiClient($token);

$client->groups->delete($made['id']);

$client = new \Protocol\ApiClient($token, ['base_url' => getenv('PROTOCOL_API_URL')]);

// Errors.
$err = refused(fn () => $client->groups->get($made['id']), \Protocol\ApiError::class);
check([$err->status, $err->errorCode, $err->param, $err->type] === [404, 'resource_missing', 'id', 'invalid_request']);
check($err->requestId !== null);
$err = refused(fn () => $client->groups->create(['name' => '']), \Protocol\ApiError::class);
check($err->errorCode === 'parameter_missing' && count($err->errors) === 1);
refused(fn () => $client->groups->delete(''), InvalidArgumentException::class);

// Pages, members, messages and conditions.
$hector = $client->contacts->create(['username' => 'php.hector']);
$group = $client->groups->create(['name' => 'Grand', 'contacts' => [$hector['id']]]);
$seen = [];
foreach ($client->groups->list(['limit' => 1, 'q' => 'Grand']) as $each) {
    $seen[] = $each['id'];
}
check(in_array($group['id'], $seen, true) && array_unique($seen) === $seen);
$listed = $client->groups->list(['include' => ['total'], 'archived' => false]);
check($listed->total['value'] >= 1 && count($listed->data) >= 1);
$read = $client->groups->get($group['id']);
$client->groups->update($group['id'], $read->getArrayCopy(), ['if_match' => $read->etag]);
$client->groups->update($group['id'], ['name' => 'Grander']);
$late = fn () => $client->groups->update($group['id'], ['name' => 'Late'], ['if_match' => $read->etag]);
check(refused($late, \Protocol\ApiError::class)->status === 412);
check($client->groups->update($group['id'], ['name' => 'Dry'], ['dry_run' => true])['name'] === 'Dry');
check($client->groups->get($group['id'])['name'] === 'Grander');
check($client->members->list($group['id'])->data[0]['username'] === 'php.hector');
$client->members->remove($group['id'], $hector['id']);
check($client->members->add($group['id'], [$hector['id']])['contacts_count'] === 1);
$client->conversations->messages->create($group['conversation_id'], ['message' => 'Welcome.']);
check(count($client->messages->list($group['conversation_id'])->data) === 1);
check($client->groups->archive($group['id'])['archived_at'] !== null);
check($client->groups->restore($group['id'])['archived_at'] === null);
check($client->groups->batch([['action' => 'delete', 'id' => $group['id']]])['results'][0]['status'] === 204);
check($client->jobs->list()->has_more === false);

// The same key does the same once.
$once = fn () => $client->groups->create(['name' => 'Once'], ['idempotency_key' => 'php-once'])['id'];
check($once() === $once());

// Webhooks.
['secret' => $secret, 'body' => $body, 'headers' => $headers, 'signature' => $signature] = json_decode(getenv('WEBHOOK'), true);
check(\Protocol\ApiClient::verifyWebhook($secret, $body, $headers)['type'] === 'group.created');
$altered = fn () => \Protocol\ApiClient::verifyWebhook($secret, "$body ", $headers);
refused($altered, \Protocol\WebhookError::class);
$old = fn () => \Protocol\ApiClient::verifyWebhook($secret, $body, $headers, now: time() + 600);
refused($old, \Protocol\WebhookError::class);
check(\Protocol\ApiClient::verifySignature($secret, $body, $signature));
check(!\Protocol\ApiClient::verifySignature($secret, "$body ", $signature));
