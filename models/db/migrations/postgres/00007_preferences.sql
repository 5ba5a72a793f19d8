-- +goose Up
-- What people choose for themselves: how dates and numbers are written, how many rows a
-- page of a list has (0 is the usual number), and whether single keys are shortcuts.
ALTER TABLE users
    ADD COLUMN locale text NOT NULL DEFAULT '',
    ADD COLUMN page_size integer NOT NULL DEFAULT 0,
    ADD COLUMN shortcuts text NOT NULL DEFAULT '';
