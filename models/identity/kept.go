package identity

import (
	"fmt"

	"protocol.chat/console/models/db"
)

// Kept is what users leave that grows. SweepSignIns deletes it, but for calls, of which each new
// one replaces the oldest.
var Kept = []db.Kept{
	{What: "Sessions", Tables: []string{"sessions", "undo_steps"}, Since: "until they expire", Sweeper: "SweepSignIns"},
	{What: "Sign-ins under way", Tables: []string{"challenges", "setup_codes"}, Since: "until they expire", Sweeper: "SweepSignIns"},
	{What: "Invitations", Tables: []string{"invitations"}, For: keepInvitations, Since: "after they expire", Sweeper: "SweepSignIns"},
	{What: "Browsers that users signed in with", Tables: []string{"devices"}, For: keepDevices, Since: "after the last sign-in", Sweeper: "SweepSignIns"},
	{What: "Failed sign-ins", Tables: []string{"throttles"}, For: forgetFailures, Since: "after the last one", Sweeper: "SweepSignIns"},
	{What: "Drafts of forms", Tables: []string{"drafts"}, For: keepDrafts, Since: "after the last change", Sweeper: "SweepSignIns"},
	{What: "Forms that are open", Tables: []string{"open_forms"}, For: formOpen, Since: "after they were opened", Sweeper: "SweepSignIns"},
	{What: "Hours of API tokens", Tables: []string{"token_hours"}, For: keepHours, Since: "after the hour", Sweeper: "SweepSignIns"},
	{What: "Calls of API tokens", Tables: []string{"token_requests"}, Since: fmt.Sprintf("the last %d of each token", KeptRequests), Sweeper: "Tokens.FlushUses"},
}
