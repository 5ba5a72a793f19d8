-- +goose Up
-- Lists of groups that users have saved under a name, for themselves or for all: a view is
-- the query of an address. Names are unique for each user.
CREATE TABLE saved_views (
    id         text PRIMARY KEY CHECK (length(id) = 16),
    owner_id   text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       text NOT NULL CHECK (name <> '' AND length(name) <= 255),
    name_key   text NOT NULL,
    shared     boolean NOT NULL DEFAULT 0,
    query      text NOT NULL CHECK (length(query) <= 2000),
    created_at integer NOT NULL,
    updated_at integer NOT NULL
);
CREATE UNIQUE INDEX saved_views_name ON saved_views (owner_id, name_key);
CREATE INDEX saved_views_shared ON saved_views (id) WHERE shared;

-- The views in a user's menu: saved ones, and by their names those that are built in, which
-- have no row of their own.
CREATE TABLE view_pins (
    user_id   text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    view      text NOT NULL CHECK (view <> ''),
    saved_id  text REFERENCES saved_views (id) ON DELETE CASCADE CHECK (saved_id = view),
    pinned_at integer NOT NULL,
    PRIMARY KEY (user_id, view)
) WITHOUT ROWID;
CREATE INDEX view_pins_saved ON view_pins (saved_id) WHERE saved_id IS NOT NULL;

-- The columns of lists of groups that a user has chosen; '' for the usual ones.
ALTER TABLE users ADD COLUMN group_columns text NOT NULL DEFAULT '' CHECK (length(group_columns) <= 200);
