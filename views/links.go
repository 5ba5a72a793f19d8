package views

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// GroupsAt is a page of the list of groups, as its address has it. The zero GroupsAt is the first
// page of the active groups, newest first.
type GroupsAt struct {
	// Q is the search.
	Q string
	// Status is "" for active groups, "archived" or "all".
	Status string
	// Member is the id of a contact, or "" for any.
	Member string
	// CreatedAfter and CreatedBefore are days, as 2026-01-31.
	CreatedAfter, CreatedBefore string
	// Sort is "" for newest first, "name", "members", "archived", "updated" or "active"; a "-"
	// before it, as in "-created", reverses it.
	Sort string
	// After and Before are cursors, and Last says that this is the last page; at most one is
	// given. Jump is where in the list a page is to begin, for an address only.
	After, Before string
	Last          bool
	Jump          string
	// Limit is the number of rows; 0 means the reader's page size.
	Limit int
	// Cols are the columns, as words; "" is the reader's own.
	Cols string
	// Select says that all groups that match are selected.
	Select bool
}

// byArchived reports whether the list is in the order of archiving, which only archived groups
// have.
func (at GroupsAt) byArchived() bool { return strings.TrimPrefix(at.Sort, "-") == "archived_at" }

// ContactsAt is a page of the list of contacts, as its address has it. Its fields are those of
// GroupsAt; Sort is "" for the newest first, "created_at",
// "name" or "-name".
type ContactsAt struct {
	Q, Sort, After, Before string
	Limit                  int
	Select                 bool
}

// MembersAt is a page of the list of a group's members. Its fields are those of GroupsAt; Sort is
// "" for the oldest contact first, "name", "added_at" or "last_active_at", or one of these after a "-".
// List is as in GroupDetail.
type MembersAt struct {
	Q, Sort, After, Before string
	Select                 bool
	List                   templ.SafeURL
}

// MessagesAt is a page of the list of a group's messages. Its fields are those of GroupsAt; List is as
// in GroupDetail.
type MessagesAt struct {
	Q, After, Before string
	List             templ.SafeURL
}

// page returns the newest messages.
func (at MessagesAt) page() MessagesAt {
	at.After, at.Before = "", ""
	return at
}

// page returns the list's first page, with nothing selected.
func (at MembersAt) page() MembersAt {
	at.After, at.Before, at.Select = "", "", false
	return at
}

// sorted returns the first page of the list in another order, or in the reverse one if it is sorted
// so already.
func (at MembersAt) sorted(column string) MembersAt {
	at = at.page()
	at.Sort = toggleSort(at.Sort, column)
	return at
}

// page returns the list's first page, with nothing selected.
func (at ContactsAt) page() ContactsAt {
	at.After, at.Before, at.Select = "", "", false
	return at
}

// GroupsURL returns the address of the list of groups.
func GroupsURL(at GroupsAt) templ.SafeURL {
	return withParams("/groups",
		"q", at.Q, "status", at.Status, "member", at.Member,
		"created_after", at.CreatedAfter, "created_before", at.CreatedBefore,
		"sort", at.Sort, "cols", at.Cols, "limit", number(at.Limit), "after", at.After, "before", at.Before, "last", flag(at.Last, "1"), "jump", at.Jump, "select", flag(at.Select, "all"))
}

// flag returns the value of a parameter that is left out if it isn't set.
func flag(set bool, value string) string {
	if set {
		return value
	}
	return ""
}

// ExportGroupsURL returns the address that exports a list of groups: all of it, not its page.
func ExportGroupsURL(at GroupsAt) templ.SafeURL {
	return withParams("/groups/export",
		"q", at.Q, "status", at.Status, "member", at.Member,
		"created_after", at.CreatedAfter, "created_before", at.CreatedBefore, "sort", at.Sort)
}

// Next is the end of an action's address that says where it leads when it is done; "" is the
// default.
type Next string

// Then returns the Next that leads to an address.
func Then(address templ.SafeURL) Next {
	if address == "" {
		return ""
	}
	return Next("?next=" + url.QueryEscape(string(address)))
}

// at returns n with the focus on a row of its list.
func (n Next) at(id string) Next { return n + "%23open-" + Next(id) }

// FromList returns the end of the address of a page that was opened from a list, so that it leads
// back to the list with its filters, order and page. It is "" if the page leads there anyway.
func FromList(list templ.SafeURL) templ.SafeURL {
	if !strings.Contains(string(list), "?") {
		return ""
	}
	return templ.SafeURL("?list=" + url.QueryEscape(string(list)))
}

// The addresses of one group.

func HomeURL() templ.SafeURL     { return "/" }
func NewGroupURL() templ.SafeURL { return "/groups/new" }

// CopyGroupURL returns the address of the form for a new group like another.
func CopyGroupURL(id string) templ.SafeURL { return withParams(NewGroupURL(), "copy", id) }

func GroupURL(id string) templ.SafeURL     { return pathTo("/groups/", id, "", "") }
func EditGroupURL(id string) templ.SafeURL { return pathTo("/groups/", id, "/edit", "") }

func ArchiveGroupURL(id string, next Next) templ.SafeURL {
	return pathTo("/groups/", id, "/archive", next)
}

func RestoreGroupURL(id string, next Next) templ.SafeURL {
	return pathTo("/groups/", id, "/restore", next)
}

func DeleteGroupURL(id string, next Next) templ.SafeURL {
	return pathTo("/groups/", id, "/delete", next)
}

func MembersURL(id string, at MembersAt) templ.SafeURL {
	return withParams(pathTo("/groups/", id, "/members", ""), "q", at.Q, "sort", at.Sort, "after", at.After, "before", at.Before, "select", flag(at.Select, "all"), "list", string(at.List))
}

// MessagesURL returns the address of a list of a group's messages.
func MessagesURL(id string, at MessagesAt) templ.SafeURL {
	return withParams(pathTo("/groups/", id, "/messages", ""), "q", at.Q, "after", at.After, "before", at.Before, "list", string(at.List))
}

// DeleteMessageURL returns the address that deletes a message.
func DeleteMessageURL(id string, next Next) templ.SafeURL {
	return pathTo("/messages/", id, "/delete", next)
}

// ExportGroupURL returns the address that exports a group with its members and messages.
func ExportGroupURL(id string) templ.SafeURL { return pathTo("/groups/", id, "/export", "") }

// ExportMembersURL returns the address that exports a list of members, not only its page.
func ExportMembersURL(id string, at MembersAt) templ.SafeURL {
	return withParams(pathTo("/groups/", id, "/members/export", ""), "q", at.Q, "list", string(at.List))
}

func RemoveMemberURL(id string, next Next) templ.SafeURL {
	return pathTo("/groups/", id, "/members/remove", next)
}

// ContactsURL returns the address of the list of contacts.
func ContactsURL(at ContactsAt) templ.SafeURL {
	return withParams("/contacts", "q", at.Q, "sort", at.Sort, "limit", number(at.Limit), "after", at.After, "before", at.Before, "select", flag(at.Select, "all"))
}

// GroupAvatarURL returns the address of a group's picture, whose own address is address. It changes
// with that, so that browsers can keep what they have.
func GroupAvatarURL(id, address string) templ.SafeURL {
	return avatarURL("/avatars/groups/", id, address)
}

// ContactAvatarURL is GroupAvatarURL for a contact.
func ContactAvatarURL(id, address string) templ.SafeURL {
	return avatarURL("/avatars/contacts/", id, address)
}

func avatarURL(folder, id, address string) templ.SafeURL {
	return pathTo(folder, id, "", "") + "?v=" + templ.SafeURL(strconv.FormatUint(uint64(fnv(address)), 36))
}

// SettingsURL returns the address of the general settings.
func SettingsURL() templ.SafeURL { return "/settings/general" }

// AboutURL returns the address of what the settings say about the installation.
func AboutURL() templ.SafeURL { return "/settings/about" }

// The addresses of users.

func UsersURL() templ.SafeURL            { return "/users" }
func InviteURL() templ.SafeURL           { return "/users/invite" }
func PolicyURL() templ.SafeURL           { return "/users/policy" }
func UserURL(id string) templ.SafeURL    { return pathTo("/users/", id, "", "") }
func RoleURL(id string) templ.SafeURL    { return pathTo("/users/", id, "/role", "") }
func DisableURL(id string) templ.SafeURL { return pathTo("/users/", id, "/disable", "") }
func EnableURL(id string) templ.SafeURL  { return pathTo("/users/", id, "/enable", "") }
func UnlinkURL(issuer string) templ.SafeURL {
	return withParams("/profile/security/identity/remove", "issuer", issuer)
}

func UnlinkUserURL(id, issuer string) templ.SafeURL {
	return withParams(pathTo("/users/", id, "/identity", ""), "issuer", issuer)
}
func ResetFactorURL(id string) templ.SafeURL { return pathTo("/users/", id, "/second-factor", "") }
func EndSessionsURL(id string) templ.SafeURL { return pathTo("/users/", id, "/sessions", "") }
func RenewInviteURL(id string) templ.SafeURL { return pathTo("/users/invitations/", id, "/renew", "") }

func RevokeInviteURL(id string) templ.SafeURL {
	return pathTo("/users/invitations/", id, "/revoke", "")
}
func WelcomeURL(secret string) templ.SafeURL { return pathTo("/invite/", secret, "", "") }
func RolesURL() templ.SafeURL                { return "/docs/roles" }

// The addresses of signing in, and of what every page has.

func SetupURL() templ.SafeURL  { return "/setup" }
func LogoutURL() templ.SafeURL { return "/logout" }

// OIDCURL returns the address that signs in with the configured provider.
func OIDCURL(next string) templ.SafeURL { return withParams("/login/oidc", "next", next) }

// OIDCCallbackURL returns the address that the provider redirects to.
func OIDCCallbackURL() templ.SafeURL { return "/login/oidc/callback" }

func ThemeURL() templ.SafeURL { return "/theme" }
func LoginURL(next string) templ.SafeURL {
	return withParams("/login", "next", next)
}

// The addresses of the rest of signing in.

func PasskeyLoginURL() templ.SafeURL    { return "/login/passkey" }
func PasskeyQuestionURL() templ.SafeURL { return "/login/passkey/options" }
func ConfirmURL() templ.SafeURL         { return "/confirm" }

// CodeURL returns the address of the second page of signing in; with is "" or WithRecovery.
func CodeURL(with string) templ.SafeURL { return withParams("/login/code", "with", with) }

// WithRecovery signs in with a recovery code.
const WithRecovery = "recovery"

// The addresses of a user's own pages.

func ProfileURL() templ.SafeURL          { return "/profile" }
func ShortcutsURL() templ.SafeURL        { return "/profile/shortcuts" }
func SecurityURL() templ.SafeURL         { return "/profile/security" }
func PasswordURL() templ.SafeURL         { return "/profile/password" }
func TOTPURL() templ.SafeURL             { return "/profile/security/app" }
func TOTPOffURL() templ.SafeURL          { return "/profile/security/app/off" }
func RecoveryCodesURL() templ.SafeURL    { return "/profile/security/codes" }
func RecoveryFileURL() templ.SafeURL     { return "/profile/security/codes/file" }
func EndOtherSessionsURL() templ.SafeURL { return "/profile/security/sessions/end" }
func NewPasskeyURL() templ.SafeURL       { return "/profile/security/passkeys/new" }
func NewPasskeyQuestionURL() templ.SafeURL {
	return "/profile/security/passkeys/options"
}

func EndSessionURL(id string) templ.SafeURL {
	return pathTo("/profile/security/sessions/", id, "/end", "")
}

func RenamePasskeyURL(id string) templ.SafeURL {
	return pathTo("/profile/security/passkeys/", id, "/rename", "")
}

func RemovePasskeyURL(id string) templ.SafeURL {
	return pathTo("/profile/security/passkeys/", id, "/remove", "")
}

// DraftURL returns the address that saves the draft of a form, such as GroupDraft.
func DraftURL(form string) templ.SafeURL { return pathTo("/drafts/", form, "", "") }

// GroupDraft and ContactDraft are the forms with drafts.
const (
	GroupDraft   = "new-group"
	ContactDraft = "new-contact"
)

// WithNext returns the address of a page that goes on to next.
func WithNext(page templ.SafeURL, next string) templ.SafeURL {
	return withParams(page, "next", next)
}

// pathTo returns the address of the object with an ID in a folder, or of a page or action of it.
func pathTo(folder, id, page string, next Next) templ.SafeURL {
	return templ.SafeURL(folder + url.PathEscape(id) + page + string(next))
}

// withParams adds parameters, given as alternating names and values, to a path. Empty ones are
// left out.
func withParams(path templ.SafeURL, parameters ...string) templ.SafeURL {
	sep := "?"
	for i := 0; i < len(parameters); i += 2 {
		if name, value := parameters[i], parameters[i+1]; value != "" {
			path += templ.SafeURL(sep + name + "=" + url.QueryEscape(value))
			sep = "&"
		}
	}
	return path
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// page returns the list's first page, with nothing selected.
func (at GroupsAt) page() GroupsAt {
	at.After, at.Before, at.Last, at.Jump, at.Select = "", "", false, "", false
	return at
}

// sorted returns the first page of the list in another order, or in the reverse one if it is
// sorted so already.
func (at GroupsAt) sorted(sort string) GroupsAt {
	at = at.page()
	at.Sort = toggleSort(at.Sort, sort)
	return at
}

// filtered reports whether the list has any filter.
func (at GroupsAt) filtered() bool {
	return at.Q != "" || at.Member != "" || at.CreatedAfter != "" || at.CreatedBefore != "" || at.Status != ""
}

// OnlyStatus reports whether the list has no filter other than a status.
func (at GroupsAt) OnlyStatus() bool {
	at.Status = ""
	return !at.filtered()
}

// savable reports whether there is something to keep in a view.
func (at GroupsAt) savable() bool { return at.filtered() || at.Sort != "" || at.Cols != "" }

// FiltersURL returns the address of the form for the filters of a list.
func FiltersURL(list templ.SafeURL) templ.SafeURL { return "/groups/filters" + FromList(list) }

func (at ContactsAt) sorted(sort string) ContactsAt {
	at = at.page()
	at.Sort = toggleSort(at.Sort, sort)
	return at
}

// toggleSort returns the order that a column's header leads to: its natural one, then the reverse.
// Names are sorted from A, all else from the newest or most.
func toggleSort(now, column string) string {
	natural, reverse := "-"+column, column
	if column == "name" {
		natural, reverse = reverse, natural
	}
	if cmp.Or(now, newest) == natural {
		return reverse
	}
	return OwnSort(natural)
}

// newest is the order of lists that aren't sorted otherwise.
const newest = "-created_at"

// OwnSort returns an order as addresses have it: "" for the usual one.
func OwnSort(sort string) string {
	if sort == newest {
		return ""
	}
	return sort
}

// ariaSort returns the aria-sort of a column, or "" if the list isn't sorted by it.
func ariaSort(now, column string) string {
	switch cmp.Or(now, newest) {
	case column:
		return "ascending"
	case "-" + column:
		return "descending"
	}
	return ""
}

// ActivityAt is a page of the activity log, as its address has it. The zero ActivityAt is the
// newest page.
type ActivityAt struct {
	// Who is the ID of a user or token, Action is an action or an area, Object and Request are
	// IDs; "" for any.
	Who, Action, Object, Request string
	// From and To are days, as 2026-01-31.
	From, To string
	// Q is a search for an ID that nothing has, or "".
	Q string
	// After and Before are cursors; at most one is given.
	After, Before string
	// Limit is the number of rows; 0 means the reader's page size.
	Limit int
	// List is as in GroupDetail.
	List templ.SafeURL
}

// filtered reports whether the list has any filter.
func (at ActivityAt) filtered() bool {
	return at.Who != "" || at.Action != "" || at.Object != "" || at.Request != "" || at.From != "" || at.To != ""
}

// page returns the list's first page.
func (at ActivityAt) page() ActivityAt {
	at.After, at.Before = "", ""
	return at
}

// ActivityURL returns the address of the activity log.
func ActivityURL(at ActivityAt) templ.SafeURL { return activityURL("/activity", at) }

// ExportActivityURL returns the address that exports the activity log.
func ExportActivityURL(at ActivityAt) templ.SafeURL {
	at = at.page()
	at.Limit = 0
	return activityURL("/activity/export", at)
}

// GroupActivityURL returns the address of a group's activity.
func GroupActivityURL(id string, at ActivityAt) templ.SafeURL {
	at.Object = ""
	return activityURL(pathTo("/groups/", id, "/activity", ""), at)
}

// GroupAPIURL returns the address of a group as the API returns it, with samples in a language, or
// in the reader's with "".
func GroupAPIURL(id, language string, list templ.SafeURL) templ.SafeURL {
	return withParams(pathTo("/groups/", id, "/api", ""), "lang", language, "list", string(list))
}

// ContactAPIURL is GroupAPIURL for a contact.
func ContactAPIURL(id, language string, list templ.SafeURL) templ.SafeURL {
	return withParams(pathTo("/contacts/", id, "/api", ""), "lang", language, "list", string(list))
}

// GroupPastURL returns the address of a group as it was at a time, as an input for it sends that.
func GroupPastURL(id, at string, list templ.SafeURL) templ.SafeURL {
	return withParams(pathTo("/groups/", id, "/past", ""), "at", at, "list", string(list))
}

// RevertGroupToURL returns the address that reverts a group to a time.
func RevertGroupToURL(id, at string, list templ.SafeURL) templ.SafeURL {
	return withParams(pathTo("/groups/", id, "/past/revert", ""), "at", at, "list", string(list))
}

// OwnActivityURL returns the address of the user's own activity.
func OwnActivityURL(at ActivityAt) templ.SafeURL {
	at.Who = ""
	return activityURL("/profile/activity", at)
}

func activityURL(path templ.SafeURL, at ActivityAt) templ.SafeURL {
	return withParams(path, "who", at.Who, "action", at.Action, "object", at.Object, "request", at.Request, "q", at.Q,
		"from", at.From, "to", at.To, "limit", number(at.Limit), "after", at.After, "before", at.Before, "list", string(at.List))
}

func ActivityLineURL(id string) templ.SafeURL   { return pathTo("/activity/", id, "", "") }
func RevertActivityURL(id string) templ.SafeURL { return pathTo("/activity/", id, "/revert", "") }

// RetentionURL returns the address of the Retention page.
func RetentionURL() templ.SafeURL { return "/activity/retention" }

// VerifyActivityURL returns the address that verifies the activity log; expect is an earlier
// checkpoint, or "".
func VerifyActivityURL(expect string) templ.SafeURL {
	return withParams("/activity/verify", "expect", expect)
}
