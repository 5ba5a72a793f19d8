<?php
// To try it: php -S localhost:8000 receiver.php
$secret = getenv('WEBHOOK_SECRET'); // whsec_…

function verify(string $secret, string $body): bool
{
    $sent = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (!ctype_digit($sent) || abs(time() - (int) $sent) > 300) {
        return false;
    }
    $key = base64_decode(str_replace('whsec_', '', $secret));
    $signed = ($_SERVER['HTTP_WEBHOOK_ID'] ?? '') . ".$sent.$body";
    $wanted = 'v1,' . base64_encode(hash_hmac('sha256', $signed, $key, true));
    foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $part) {
        if (hash_equals($wanted, $part)) {
            return true;
        }
    }
    return false;
}

$body = file_get_contents('php://input');
if (!verify($secret, $body)) {
    http_response_code(401);
    exit;
}
$event = json_decode($body, true);
error_log("{$event['type']} {$event['id']}"); // store it here
http_response_code(204);
