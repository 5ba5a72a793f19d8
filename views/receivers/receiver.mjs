import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const secret = process.env.WEBHOOK_SECRET // whsec_…

function verify(headers, body) {
  const sent = headers['webhook-timestamp']
  if (!(Math.abs(Date.now() / 1000 - sent) <= 300)) return false
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  const mac = createHmac('sha256', key).update(`${headers['webhook-id']}.${sent}.`).update(body)
  const wanted = Buffer.from('v1,' + mac.digest('base64'))
  return (headers['webhook-signature'] ?? '').split(' ').some((part) => {
    const got = Buffer.from(part)
    return got.length === wanted.length && timingSafeEqual(got, wanted)
  })
}

createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray())
  if (!verify(request.headers, body)) return response.writeHead(401).end()
  const event = JSON.parse(body)
  console.log(event.type, event.id) // store it here
  response.writeHead(204).end()
}).listen(process.env.PORT ?? 8000)
