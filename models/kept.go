package models

import (
	"slices"

	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/events"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/webhooks"
)

// Kept is everything that grows by itself, and how long it is kept: what the documentation and
// Settings show. What isn't in it stays until somebody deletes it.
var Kept = slices.Concat([]db.Kept{
	{What: "Activity", Tables: []string{"audit_lines", "audit_seals", "audit_tail"}, Setting: db.RetentionSetting, Sweeper: "Retention.DeleteOld"},
	{What: "Past memberships", Tables: []string{"past_memberships"}, Since: "as long as activity", Setting: db.RetentionSetting, Sweeper: "History.Sweep"},
	{What: "What remains of deleted groups", Tables: []string{"tombstones"}, Since: "as long as activity", Setting: db.RetentionSetting, Sweeper: "History.Sweep"},
	{What: "What remains of merged and erased contacts", Tables: []string{"contact_tombstones"}, Since: "as long as activity", Setting: db.RetentionSetting, Sweeper: "History.Sweep"},
	{What: "Reverts of changes", Tables: []string{"reverts"}, Since: "as long as activity", Setting: db.RetentionSetting, Sweeper: "History.Sweep"},
	{What: "Deleted groups that can be restored", Tables: []string{"held_groups", "held_imported_ids"}, Since: "as long as deletions can be undone", Setting: db.RetentionSetting, Sweeper: "Holds.Release"},
	{What: "Rows of deleted groups and contacts", Tables: []string{"clearings"}, Since: "until all of them are deleted, at once", Sweeper: "Deletions.Purge"},
	{What: "Events", Tables: []string{"events"}, For: events.Kept, Since: "after the change", Sweeper: "Events.Sweep"},
	{What: "Webhook deliveries", Tables: []string{"webhook_deliveries", "webhook_attempts"}, For: webhooks.Kept, Since: "after the event", Sweeper: "Webhooks.Sweep"},
	{What: "Jobs and their results", Tables: []string{"jobs", "job_results"}, For: jobs.Undoable, Since: "after they end", Sweeper: "Jobs.Sweep"},
	{What: "Files of jobs", Tables: []string{"job_files", "job_file_parts"}, For: jobs.FileKept, Since: "after they were made or uploaded", Sweeper: "Jobs.Sweep"},
	{What: "Numbers of groups over time", Tables: []string{"group_counts"}, For: KeptCounts, Since: "after they were counted", Sweeper: "Overviews.Count"},
	{What: "Idempotency keys", Tables: []string{"idempotency_keys"}, For: audit.KeepKeys, Since: "after the call", Sweeper: "Audit.SweepKeys"},
}, identity.Kept)
