-- +goose Up

-- Work that takes time: see models/jobs. A job is found by id, and the few that have not
-- ended by an index of their own.
CREATE TABLE jobs (
    id             text PRIMARY KEY CHECK (length(id) = 16),
    kind           text NOT NULL CHECK (kind <> ''),
    state          text NOT NULL CHECK (state IN ('queued', 'running', 'cancelling', 'cancelled', 'done', 'failed')),
    reason         text NOT NULL DEFAULT '',
    spec           text NOT NULL,
    note           text NOT NULL CHECK (length(note) <= 1000),
    needs          text NOT NULL CHECK (needs <> ''),
    actor_kind     text NOT NULL,
    actor_id       text NOT NULL,
    actor_name     text NOT NULL,
    user_id        text NOT NULL,
    role           text NOT NULL,
    scopes         text NOT NULL,
    ip             text NOT NULL,
    user_agent     text NOT NULL,
    request_id     text NOT NULL,
    counted        boolean NOT NULL DEFAULT 0,
    total          integer NOT NULL DEFAULT 0,
    done           integer NOT NULL DEFAULT 0,
    skipped        integer NOT NULL DEFAULT 0,
    failed         integer NOT NULL DEFAULT 0,
    checkpoint     text NOT NULL DEFAULT '',
    created_at     integer NOT NULL,
    started_at     integer,
    finished_at    integer,
    undo_of        text REFERENCES jobs (id) ON DELETE SET NULL,
    undoable_until integer,
    CHECK (done >= 0 AND skipped >= 0 AND failed >= 0 AND done + skipped + failed <= total),
    CHECK ((finished_at IS NULL) = (state IN ('queued', 'running', 'cancelling'))),
    CHECK (state <> 'done' OR counted AND done + skipped + failed = total)
);
CREATE INDEX jobs_unfinished ON jobs (id) WHERE finished_at IS NULL;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
-- A job is undone by one job at a time.
CREATE UNIQUE INDEX jobs_undoing ON jobs (undo_of) WHERE finished_at IS NULL;
CREATE INDEX jobs_undo_of ON jobs (undo_of) WHERE undo_of IS NOT NULL;

-- An object of a job, and what became of it: '' until the job has come to it. The primary
-- key makes sure that no job changes an object twice.
CREATE TABLE job_results (
    job_id    text NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    object_id text NOT NULL,
    name      text NOT NULL,
    result    text NOT NULL DEFAULT '' CHECK (result IN ('', 'done', 'skipped', 'failed')),
    reason    text NOT NULL DEFAULT '',
    undo      text NOT NULL DEFAULT '',
    PRIMARY KEY (job_id, object_id)
) WITHOUT ROWID;
