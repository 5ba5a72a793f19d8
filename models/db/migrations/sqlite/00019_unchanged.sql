-- +goose Up
-- What of an object a job could not change, such as members that an undo could not put back: a name on each line.
ALTER TABLE job_results ADD COLUMN unchanged text NOT NULL DEFAULT '';
