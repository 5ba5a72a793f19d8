-- +goose Up

-- Jobs that begin with a file: it is uploaded, checked, and waits to be started. expected
-- is what the check foresees, as JSON; detail is where in the file a job failed.
ALTER TABLE jobs
    DROP CONSTRAINT jobs_state_check,
    ADD CONSTRAINT jobs_state_check CHECK (state IN
        ('uploaded', 'checking', 'checked', 'queued', 'running', 'cancelling', 'cancelled', 'done', 'failed')),
    DROP CONSTRAINT jobs_check1,
    ADD CONSTRAINT jobs_finished_check CHECK ((finished_at IS NULL) =
        (state IN ('uploaded', 'checking', 'checked', 'queued', 'running', 'cancelling'))),
    ADD COLUMN expected text,
    ADD COLUMN detail text NOT NULL DEFAULT '';

-- What a row of a file is known by, if it is to be in the file once; and where it is in the
-- file, with what is wrong there, as JSON.
ALTER TABLE job_results
    ADD COLUMN key text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN detail text NOT NULL DEFAULT '';
CREATE INDEX job_results_key ON job_results (job_id, key) WHERE key <> '';
CREATE INDEX job_results_failed ON job_results (job_id, object_id) WHERE result = 'failed';

-- The file of a job, once it is complete: size is in bytes.
CREATE TABLE job_files (
    job_id     text COLLATE "C" PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    name       text NOT NULL CHECK (name <> ''),
    media_type text NOT NULL,
    size       bigint NOT NULL CHECK (size >= 0),
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX job_files_expires ON job_files (expires_at);

-- A part of a file, compressed by itself. All but the last have the same size.
CREATE TABLE job_file_parts (
    job_id text COLLATE "C" NOT NULL REFERENCES jobs ON DELETE CASCADE,
    part   integer NOT NULL,
    data   bytea NOT NULL,
    PRIMARY KEY (job_id, part)
);
-- It is compressed already.
ALTER TABLE job_file_parts ALTER COLUMN data SET STORAGE EXTERNAL;

-- What files from elsewhere call the groups and contacts that they were imported to.
CREATE TABLE imported_ids (
    foreign_id text COLLATE "C" NOT NULL CHECK (foreign_id <> '' AND char_length(foreign_id) <= 64),
    group_id   text COLLATE "C" REFERENCES groups ON DELETE CASCADE,
    contact_id text COLLATE "C" REFERENCES contacts ON DELETE CASCADE,
    CHECK ((group_id IS NULL) <> (contact_id IS NULL))
);
CREATE UNIQUE INDEX imported_ids_groups   ON imported_ids (foreign_id) WHERE group_id IS NOT NULL;
CREATE UNIQUE INDEX imported_ids_contacts ON imported_ids (foreign_id) WHERE contact_id IS NOT NULL;
CREATE INDEX imported_ids_group   ON imported_ids (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX imported_ids_contact ON imported_ids (contact_id) WHERE contact_id IS NOT NULL;
