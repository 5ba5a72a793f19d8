-- +goose Up

-- What other systems hear of: see models/events. Positions are given while an object is locked,
-- so they have the order of its changes; numbers, after the commit and without gaps, are what
-- events are read by.
CREATE TABLE events (
    position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         text NOT NULL UNIQUE CHECK (length(id) = 16),
    number     bigint CHECK (number > 0),
    type       text NOT NULL CHECK (type <> ''),
    object_id  text NOT NULL CHECK (length(object_id) = 16),
    payload    text NOT NULL CHECK (payload <> ''),
    created_at bigint NOT NULL,
    request_id text NOT NULL
);
CREATE INDEX events_new ON events (position) WHERE number IS NULL;
CREATE UNIQUE INDEX events_number ON events (number) WHERE number IS NOT NULL;
CREATE INDEX events_of_type ON events (type, number) WHERE number IS NOT NULL;
CREATE INDEX events_of_object ON events (object_id, type, number) WHERE number IS NOT NULL;

-- The last number that was given.
CREATE TABLE event_head (number bigint NOT NULL);
INSERT INTO event_head (number) VALUES (0);
