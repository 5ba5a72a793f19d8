package views

const codeEvents = `curl -G https://console.example.com/v1/events \
  -H "Authorization: Bearer $token" -d type=group.* -d limit=100`

const codeEventsAnswer = `{"has_more": false, "data": [{
  "id": "0VblOnpjquG9nmVg",
  "type": "group.created",
  "payload": {"id": "0VblOnpjquG9nmVd", "name": "Plaza Hotel", …},
  "created_at": 1795404617,
  "request_id": "JZVQZVGPNKEW422E"
}]}`
