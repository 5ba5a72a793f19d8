package views

import (
	"slices"

	"github.com/a-h/templ"
)

// Doc is a page of the documentation. It is open to everybody, so it says nothing about
// this installation.
type Doc struct {
	// Topic is its name in the address: /docs/{topic}.
	Topic string
	Title string
	// Summary is a sentence about it, for the index.
	Summary string
	// body is nil if the page needs something from its handler.
	body templ.Component
}

// The topics whose pages have handlers of their own.
const (
	RolesTopic  = "roles"
	ErrorsTopic = "errors"
)

// docSection is a part of the documentation.
type docSection struct {
	title string
	docs  []Doc
}

// docsGuides is the section for developers, after which the reference stands.
const docsGuides = "API guides"

// docSections are all pages of the documentation, in reading order.
var docSections = []docSection{
	{docsGuides, []Doc{
		{"start", "Getting started", "Create a token and make the first API call.", docStart()},
		{"authentication", "Authentication", "Send a token with every call, and keep it secret.", docAuthentication()},
		{"requests", "Requests and answers", "JSON and forms, objects, times and text.", docRequests()},
		{"pagination", "Pagination", "Read lists of any length, page by page.", docPagination()},
		{"filtering", "Search and filters", "Find groups and contacts, and sort lists.", docFiltering()},
		{ErrorsTopic, "API errors", "Every error code, what it means and how to fix it.", nil},
		{"idempotency", "Idempotency and retries", "Send a call again without doing it twice.", docIdempotency()},
		{"conditional", "Conditional requests", "Change only what nobody else has changed.", docConditional()},
		{"limits", "Limits", "Rate limits and maximum sizes.", docLimits()},
		{"batches", "Batches and dry runs", "Several operations in one call, and calls that only try.", docBatches()},
		{"bulk", "Bulk changes and jobs", "Change all groups that match, follow, cancel and undo it.", docBulk()},
		{"files", "Imports and exports", "Send and get whole files.", docFiles()},
		{"events", "Events", "Read every change as a feed, and miss none.", docEvents()},
		{"webhooks", "Webhooks", "Get events as they happen, and verify them.", docWebhooks()},
		{"clients", "Client libraries", "Clients for JavaScript, Python and PHP, each a single file.", docClients()},
		{APITopic, "All calls", "Every call by what it is about, and a file that tools understand.", docAPI()},
	}},
	{"Console", []Doc{
		{"search", "Search", "Find groups by name, description, member, ID, status or date.", docSearch()},
		{"views", "Filters and views", "Filter lists of groups, save and share them, and choose their columns.", docViews()},
		{"contacts", "Contacts", "Merge contacts that are the same person, and erase personal data.", docContacts()},
		{"import", "Imports", "Create and update groups and contacts from CSV and NDJSON files.", docImport()},
		{"export", "Exports", "Download lists as CSV, XLSX, JSON or NDJSON.", docExport()},
		{"preferences", "Preferences and shortcuts", "Time zone, formats, rows per page and single-key shortcuts.", docPreferences()},
		{"activity", "Activity log", "What is logged, how to revert a change, and how to verify the log.", docActivity()},
	}},
	{"Users and access", []Doc{
		{RolesTopic, "Roles and permissions", "What owners, admins, editors, moderators and auditors can do.", nil},
		{"users", "Users and invitations", "Invite users, change their roles, disable them and require a second factor.", docUsers()},
		{"tokens", "API tokens", "Restrict, rotate and revoke the tokens of the API.", docTokens()},
		{"sign-in", "Signing in", "Passwords, authenticator apps, passkeys, sessions and OpenID Connect.", docSignIn()},
	}},
	{"Administration", []Doc{
		{"install", "Installing and upgrading", "Packages for Debian, containers, upgrades and licenses.", docInstall()},
		{"running", "Running the console", "Databases, health checks, logs and resources.", docRunning()},
		{"metrics", "Metrics and alerts", "What Prometheus can read from a console, and when to be woken.", docMetrics()},
		{"servers", "Several servers", "Several consoles on one database, a replica to read from, failover and standbys.", docServers()},
		{"proxy", "Reverse proxy and TLS", "nginx and Caddy, Unix sockets, HTTPS, the public URL and client addresses.", docProxy()},
		{"retention", "Retention", "Delete old activity automatically, and keep deleted groups for a while.", docRetention()},
		{"keys", "Encryption keys", "Where keys are kept, and how to rotate them.", docKeys()},
		{"replication", "Replication and moving", "Keep a copy that is seconds old, move to the other engine, and try a restore.", docReplication()},
		{"recovery", "Backup and recovery", "Back up and restore the database, and let locked-out users in again.", docRecovery()},
	}},
}

// allDocs returns the pages of all sections.
func allDocs() []Doc {
	var all []Doc
	for _, s := range docSections {
		all = append(all, s.docs...)
	}
	return all
}

// DocOf returns the page of a topic that needs nothing from its handler.
func DocOf(topic string) (Doc, bool) {
	docs := allDocs()
	i := slices.IndexFunc(docs, func(d Doc) bool { return d.Topic == topic && d.body != nil })
	if i < 0 {
		return Doc{}, false
	}
	return docs[i], true
}

// parts returns the parts of the page that have headings.
func (d Doc) parts() []DocPart {
	var parts []DocPart
	for _, part := range guideParts() {
		if part.Page == d.Title && part.Heading != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// docAfter returns the page to read after a topic, if there is one.
func docAfter(topic string) (Doc, bool) {
	docs := allDocs()
	i := slices.IndexFunc(docs, func(d Doc) bool { return d.Topic == topic }) + 1
	if i == 0 || i == len(docs) {
		return Doc{}, false
	}
	return docs[i], true
}
