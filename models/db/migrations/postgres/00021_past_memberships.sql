-- +goose Up

-- Who was in which group, and until when. A membership moves here when it ends, so that adding
-- members costs nothing more. One that ends in the second in which it began leaves no row.
CREATE TABLE past_memberships (
    group_id   text COLLATE "C" NOT NULL CHECK (length(group_id) = 16),
    contact_id text COLLATE "C" NOT NULL CHECK (length(contact_id) = 16),
    joined_at  bigint NOT NULL,
    left_at    bigint NOT NULL CHECK (left_at > joined_at),
    PRIMARY KEY (group_id, left_at, contact_id)
);
-- To forget those whose activity has been deleted.
CREATE INDEX past_memberships_left ON past_memberships (left_at);

-- From when on they are known: who left before has no row.
INSERT INTO settings (key, value) VALUES ('past_memberships_since', (floor(extract(epoch FROM now()))::bigint + 1)::text);
