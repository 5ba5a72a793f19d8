-- +goose Up

-- Jobs that begin with a file: it is uploaded, checked, and waits to be started. expected
-- is what the check foresees, as JSON; detail is where in the file a job failed. SQLite
-- changes no constraint, so the tables are copied.
ALTER TABLE jobs RENAME TO old_jobs;
ALTER TABLE job_results RENAME TO old_job_results;
DROP INDEX jobs_unfinished;
DROP INDEX jobs_finished;
DROP INDEX jobs_undoing;
DROP INDEX jobs_undo_of;
CREATE TABLE jobs (
    id             text PRIMARY KEY CHECK (length(id) = 16),
    kind           text NOT NULL CHECK (kind <> ''),
    state          text NOT NULL CHECK (state IN
        ('uploaded', 'checking', 'checked', 'queued', 'running', 'cancelling', 'cancelled', 'done', 'failed')),
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
    expected       text,
    detail         text NOT NULL DEFAULT '',
    CHECK (done >= 0 AND skipped >= 0 AND failed >= 0 AND done + skipped + failed <= total),
    CHECK ((finished_at IS NULL) = (state IN ('uploaded', 'checking', 'checked', 'queued', 'running', 'cancelling'))),
    CHECK (state <> 'done' OR counted AND done + skipped + failed = total)
);
INSERT INTO jobs SELECT *, NULL, '' FROM old_jobs ORDER BY id; -- a job is older than the one that undoes it
CREATE INDEX jobs_unfinished ON jobs (id) WHERE finished_at IS NULL;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
-- A job is undone by one job at a time.
CREATE UNIQUE INDEX jobs_undoing ON jobs (undo_of) WHERE finished_at IS NULL;
CREATE INDEX jobs_undo_of ON jobs (undo_of) WHERE undo_of IS NOT NULL;

-- key is what a row of a file is known by, if it is to be in the file once; detail is where
-- it is in the file, with what is wrong there, as JSON.
CREATE TABLE job_results (
    job_id    text NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    object_id text NOT NULL,
    name      text NOT NULL,
    result    text NOT NULL DEFAULT '' CHECK (result IN ('', 'done', 'skipped', 'failed')),
    reason    text NOT NULL DEFAULT '',
    undo      text NOT NULL DEFAULT '',
    key       text NOT NULL DEFAULT '',
    detail    text NOT NULL DEFAULT '',
    PRIMARY KEY (job_id, object_id)
) WITHOUT ROWID;
INSERT INTO job_results SELECT *, '', '' FROM old_job_results;
CREATE INDEX job_results_key ON job_results (job_id, key) WHERE key <> '';
CREATE INDEX job_results_failed ON job_results (job_id, object_id) WHERE result = 'failed';
DROP TABLE old_job_results;
DROP TABLE old_jobs;

-- The file of a job, once it is complete: size is in bytes.
CREATE TABLE job_files (
    job_id     text PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    name       text NOT NULL CHECK (name <> ''),
    media_type text NOT NULL,
    size       integer NOT NULL CHECK (size >= 0),
    created_at integer NOT NULL,
    expires_at integer NOT NULL
);
CREATE INDEX job_files_expires ON job_files (expires_at);

-- A part of a file, compressed by itself. All but the last have the same size.
CREATE TABLE job_file_parts (
    job_id text NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    part   integer NOT NULL,
    data   blob NOT NULL,
    PRIMARY KEY (job_id, part)
);

-- What files from elsewhere call the groups and contacts that they were imported to.
CREATE TABLE imported_ids (
    foreign_id text NOT NULL CHECK (foreign_id <> '' AND length(foreign_id) <= 64),
    group_id   text REFERENCES groups (id) ON DELETE CASCADE,
    contact_id text REFERENCES contacts (id) ON DELETE CASCADE,
    CHECK ((group_id IS NULL) <> (contact_id IS NULL))
);
CREATE UNIQUE INDEX imported_ids_groups   ON imported_ids (foreign_id) WHERE group_id IS NOT NULL;
CREATE UNIQUE INDEX imported_ids_contacts ON imported_ids (foreign_id) WHERE contact_id IS NOT NULL;
CREATE INDEX imported_ids_group   ON imported_ids (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX imported_ids_contact ON imported_ids (contact_id) WHERE contact_id IS NOT NULL;
