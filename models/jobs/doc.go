// Package jobs is work that takes time: bulk changes, and whatever else is done in small
// transactions, can be watched and cancelled, and says what became of each object.
//
// A job is a row (Job) with a kind, what it is for (Spec), who asked for it with which
// rights, counts and a checkpoint. It first gathers its objects, so that the set is what
// matched when the job was asked for, and then changes them, a part at a time. Each part is
// one transaction, together with its results, its counts and the checkpoint: a kill at any
// moment loses nothing and repeats nothing. Whoever runs a part holds the lock of the job's
// row, which ends with the connection. So any number of programs work through the same
// jobs, no part is ever done by two, a crashed program is replaced at once, and no clock
// has a say. Before each part the actor is read again.
//
// What a kind does is registered with functions (Kind). The package knows no groups.
//
// # Why not River
//
// github.com/riverqueue/river v0.51.2 was tried on both engines first. It takes GORM's
// transactions (*sql.Tx behind PrepareStmt), works behind PgBouncer in transaction mode
// if default_query_exec_mode is exec, cache_describe or simple_protocol (with pgx's default
// even its start fails), runs on modernc's driver over one connection, and idles at 2
// fsyncs in 15 s. But:
//
//   - After a kill a job stays "running" until it is rescued, an hour after it began by
//     default: there is no heartbeat, so the wait must be longer than the longest job. Here
//     it is over when the connection is.
//   - Parts that follow one another wait for its polls: 40 in a row took 42 s on
//     PostgreSQL through database/sql and 12 s on SQLite, without any work in them. Here
//     there is no wait.
//   - It brings 63 packages of 8 modules (a second PostgreSQL driver, lib/pq, among them),
//     1.5 MB of program, and 5 tables with 13 indexes under migrations of its own; rows
//     for what people see, with counts, checkpoint, results and undo, are needed all the
//     same, and so the state of a job would be kept twice.
//
// What remained to be written is runner.go.
package jobs
