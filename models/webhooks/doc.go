// Package webhooks sends events to other systems: each event becomes a delivery to every
// webhook that wants it, and a delivery is sent until the receiver accepts it.
//
// Deliver makes the deliveries in the transaction that numbers the events, so that none is
// lost and none is invented. Run sends what is due (run.go), each webhook by itself
// (sender.go), so that a slow one delays no other. A receiver gets the events of an object
// one after the other, in their order: of the pending deliveries of an object only the first
// has a time at which it is due, and whatever ends it makes the next one due (queue.go).
//
// Any number of programs may run on one database. Who sends for a webhook holds its lease
// (lease.go). What was sent is written down afterwards, many deliveries in a transaction
// (record.go); a program that is killed in between sends them again, under the same event id.
//
// Requests are signed (sign.go) and made by a client that reaches no private network
// (client.go). What fails is tried again for 72 hours; a webhook that fails again and again is
// paused.
package webhooks
