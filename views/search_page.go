package views

import (
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
)

// FoundRegion is what a search over everything found. palette.js shows it over any page.
const FoundRegion = "found"

// Found is what a search over everything found.
type Found struct {
	Q string
	// From is the page that the search was opened from, which may have actions; "" if there is none.
	From    string
	Notes   []string
	Results []Result
}

// Result is something that a search over everything found, which leads to its page.
type Result struct {
	// Kind says what it is, such as "Group"; Detail says more, or is "".
	Kind, Name, Detail string
	Href               templ.SafeURL
	// Post says that Href carries out an action.
	Post  bool
	icon  string
	image templ.Component // takes the place of the icon
	// also are other words that it is found by. verb is the part of an action's name without what the
	// action is done with, of which a search has a word.
	also, verb string
}

// SearchURL returns the address of a search over everything, opened from a page.
func SearchURL(q, from string) templ.SafeURL { return withParams("/search", "q", q, "from", from) }

// searchURL returns the address of a search opened from the page. Only pages of one object have actions.
func (p Page) searchURL() templ.SafeURL {
	path, _, _ := strings.Cut(p.Frame.Path, "?")
	if folder, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/"); rest == "" || folder != "groups" && folder != "contacts" {
		path = ""
	}
	return SearchURL("", path)
}

// summary says how many results there are.
func (f Found) summary() string {
	switch n := len(f.Results); n {
	case 0:
		return "No results"
	case 1:
		return "1 result"
	default:
		return strconv.Itoa(n) + " results"
	}
}

// named reports whether all words are in one of the names of something.
func named(words []string, names string) bool {
	for _, word := range words {
		if len(text.Marks(names, []string{word})) == 0 {
			return false
		}
	}
	return true
}

// Named returns the results that have all words of a search in their names, up to a number. Without
// words all have them.
func Named(q string, results []Result, most int) []Result {
	words := strings.Fields(q)
	results = slices.DeleteFunc(results, func(r Result) bool {
		names := r.Name + " " + r.Detail + " " + r.also
		acts := r.verb == "" || len(words) == 0 || len(text.Marks(r.verb, words)) > 0
		return !acts || !named(words, names)
	})
	return results[:min(len(results), most)]
}

// GroupResult returns a group as a result.
func GroupResult(g models.Group) Result {
	image := groupAvatar(g.ID, g.Name, g.AvatarURL, "small")
	r := Result{Kind: "Group", Name: g.Name, Href: GroupURL(g.ID), image: image}
	if g.Archived() {
		r.Kind = "Archived group"
	}
	return r
}

// ContactResult returns a contact as a result.
func ContactResult(c models.Contact) Result {
	image := contactAvatar(c.ID, c.Name(), c.AvatarURL, "round small")
	r := Result{Kind: "Contact", Name: c.Name(), Href: ContactURL(c.ID), image: image}
	if c.Name() != c.Username {
		r.Detail = c.Username
	}
	return r
}

// UserResult returns a user as a result.
func UserResult(u identity.User) Result {
	return Result{Kind: "User", Name: u.Name, Detail: u.Email, Href: UserURL(u.ID), icon: "user"}
}

// ActorResult returns a user or a token as a result, which leads to what it did.
func ActorResult(kind, name string, at ActivityAt) Result {
	image := "user"
	if kind != "User" {
		image = "key"
	}
	return Result{Kind: kind, Name: name, Href: ActivityURL(at), icon: image}
}

// ViewResult returns a view of a list of groups as a result. owner is the name of whose it is, or "".
func ViewResult(title, query, owner string) Result {
	r := Result{Kind: "View", Name: title, Href: "/groups", icon: "bookmark"}
	if query != "" {
		r.Href += templ.SafeURL("?" + query)
	}
	if owner != "" {
		r.Detail = owner
	}
	return r
}

// MoreGroups returns the result that leads to all groups that match.
func MoreGroups(q string) Result {
	return Result{Kind: "Groups", Name: "All groups matching “" + text.Isolated(q) + "”", Href: GroupsURL(GroupsAt{Q: q, Status: "all"}), icon: "search"}
}

// MoreContacts returns the result that leads to all contacts that match.
func MoreContacts(q string) Result {
	return Result{Kind: "Contacts", Name: "All contacts matching “" + text.Isolated(q) + "”", Href: ContactsURL(ContactsAt{Q: q}), icon: "search"}
}

// GroupActions returns what a reader can do with the group that is open.
func GroupActions(g models.Group, by access.Actor) []Result {
	open := actions{of: text.Isolated(g.Name)}
	open.add("Members of", MembersURL(g.ID, MembersAt{}), "users")
	if by.May(access.EditGroups) {
		open.add("Edit", EditGroupURL(g.ID), "pencil")
	}
	switch {
	case by.May(access.ArchiveGroups) && g.Archived():
		open.post("Restore", RestoreGroupURL(g.ID, ""), "archive-restore")
	case by.May(access.ArchiveGroups):
		open.post("Archive", ArchiveGroupURL(g.ID, ""), "archive")
	}
	if by.May(access.ReadActivity) {
		open.add("Activity of", GroupActivityURL(g.ID, ActivityAt{}), "activity")
	}
	open.add("API calls for", GroupAPIURL(g.ID, "", ""), "terminal")
	if by.May(access.DeleteGroups) {
		open.add("Delete", DeleteGroupURL(g.ID, ""), "trash")
	}
	return open.all
}

// ContactActions returns what a reader can do with the contact that is open.
func ContactActions(c models.Contact, by access.Actor) []Result {
	open := actions{of: text.Isolated(c.Name())}
	open.add("Groups of", GroupsURL(GroupsAt{Member: c.ID, Status: "all"}), "groups")
	if by.May(access.EditContacts) {
		open.add("Edit", EditContactURL(c.ID), "pencil")
	}
	if by.May(access.ReadActivity) {
		open.add("Activity of", ActivityURL(ActivityAt{Object: c.ID}), "activity")
	}
	open.add("API calls for", ContactAPIURL(c.ID, "", ""), "terminal")
	if by.May(access.DeleteContacts) {
		open.add("Delete", DeleteContactURL(c.ID, ""), "trash")
	}
	return open.all
}

// actions are those of one object, by its name.
type actions struct {
	of  string
	all []Result
}

// add adds an action that has a page of its own.
func (a *actions) add(verb string, href templ.SafeURL, icon string) {
	a.all = append(a.all, Result{Kind: "Action", Name: verb + " " + a.of, Href: href, icon: icon, verb: verb})
}

// post adds an action that is carried out at once.
func (a *actions) post(verb string, href templ.SafeURL, icon string) {
	a.add(verb, href, icon)
	a.all[len(a.all)-1].Post = true
}

// Places returns the pages that a search over everything finds by name, those of the menu first. Whoever
// shows them leaves out those that their reader can't open.
func Places() []Result {
	const page, action, setting = "Page", "Action", "Settings"
	return []Result{
		{Kind: page, Name: Overview, Href: HomeURL(), icon: "overview", also: "home dashboard charts numbers"},
		{Kind: page, Name: Groups, Href: GroupsURL(GroupsAt{}), icon: "groups"},
		{Kind: page, Name: Contacts, Href: ContactsURL(ContactsAt{}), icon: "contacts", also: "people"},
		{Kind: page, Name: Jobs, Href: JobsURL(JobsAt{}), icon: "clock", also: "imports exports bulk"},
		{Kind: page, Name: Activity, Href: ActivityURL(ActivityAt{}), icon: "activity", also: "audit log history"},
		{Kind: page, Name: Users, Href: UsersURL(), icon: "users", also: "staff people roles invitations"},
		{Kind: setting, Name: Tokens, Href: TokensURL(), icon: "key"},
		{Kind: action, Name: "New group", Href: NewGroupURL(), icon: "plus", also: "create add"},
		{Kind: action, Name: "New contact", Href: NewContactURL(), icon: "user-plus", also: "create add"},
		{Kind: setting, Name: "General settings", Href: SettingsURL(), icon: "sliders", also: "avatars workspace name time zone"},
		{Kind: setting, Name: "Webhooks", Href: WebhooksURL(), icon: "external-link", also: "events"},
		{Kind: setting, Name: "Webhook deliveries", Href: DeliveriesURL(DeliveriesAt{}), icon: "external-link", also: "events"},
		{Kind: setting, Name: "Sign-in policy", Href: PolicyURL(), icon: "shield-check", also: "two-factor second factor 2fa"},
		{Kind: setting, Name: "Activity retention", Href: RetentionURL(), icon: "activity", also: "audit log"},
		{Kind: setting, Name: "Archive rules", Href: RulesURL(""), icon: "archive", also: "schedule automatic"},
		{Kind: setting, Name: "About this console", Href: AboutURL(), icon: "info", also: "version database checks"},
		{Kind: setting, Name: "Profile", Href: ProfileURL(), icon: "user", also: "time zone density shortcuts account"},
		{Kind: setting, Name: "Security", Href: SecurityURL(), icon: "shield", also: "passkeys authenticator sessions two-factor 2fa"},
		{Kind: setting, Name: "Change password", Href: PasswordURL(), icon: "shield"},
		{Kind: page, Name: "Archived groups", Href: GroupsURL(GroupsAt{Status: "archived"}), icon: "archive"},
		{Kind: page, Name: "Views", Href: ViewsURL(""), icon: "bookmark", also: "saved searches"},
		{Kind: page, Name: "Your activity", Href: OwnActivityURL(ActivityAt{}), icon: "undo", also: "history"},
		{Kind: page, Name: "Keyboard shortcuts", Href: ShortcutsURL(), icon: "keyboard", also: "keys help"},
		{Kind: action, Name: "Invite user", Href: InviteURL(), icon: "user-plus", also: "add staff"},
		{Kind: action, Name: "Create API token", Href: NewTokenURL(), icon: "key", also: "new add"},
		{Kind: action, Name: "Create webhook", Href: NewWebhookURL(), icon: "plus", also: "new add"},
		{Kind: action, Name: "Import groups", Href: ImportURL(models.ImportGroups), icon: "upload", also: "csv"},
		{Kind: action, Name: "Import contacts", Href: ImportURL(models.ImportContacts), icon: "upload", also: "csv"},
		{Kind: action, Name: "Export groups", Href: ExportGroupsURL(GroupsAt{}), icon: "download", also: "csv download"},
		{Kind: action, Name: "Export contacts", Href: ExportContactsURL(ContactsAt{}), icon: "download", also: "csv download"},
		{Kind: action, Name: "Verify activity log", Href: VerifyActivityURL(""), icon: "shield-check", also: "audit"},
		{Kind: page, Name: "Documentation", Href: DocsURL(), icon: "book-open", also: "help"},
	}
}

// DocResults returns the parts of the documentation with all words of a search in their headings.
func DocResults(q string, most int) []Result {
	words := strings.Fields(q)
	var results []Result
	for _, part := range guideParts() {
		if len(results) == most || len(words) == 0 {
			break
		}
		if named(words, part.Page+" "+part.Heading) {
			r := Result{Kind: "Documentation", Name: part.Page, Href: part.Href, icon: "book-open"}
			if part.Heading != "" {
				r.Name, r.Detail = part.Heading, part.Page
			}
			results = append(results, r)
		}
	}
	return results
}
