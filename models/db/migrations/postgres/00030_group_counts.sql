-- +goose Up
-- What the charts of the overview are drawn from: how many groups were created in each quarter of an
-- hour, in which all time zones begin their days, and how many there were at its end. A row is
-- written if something changed. The console fills it when it starts.
CREATE TABLE group_counts (
	period   bigint PRIMARY KEY, -- its first second, in Unix seconds
	created  bigint NOT NULL,
	active   bigint NOT NULL,
	archived bigint NOT NULL
);
