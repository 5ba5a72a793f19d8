package handlers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/webhooks"
)

// question is what every route is asked: how it is called when all is well, and
// what must come of it.
type question struct {
	// fields are the form of a POST.
	fields func(s *site) []string
	// status is what comes of it when all is well.
	status int
	// action is the audit line that it writes; "" for none.
	action audit.Action
	// also is a second line that it writes, about another object; "" for none.
	also audit.Action
	// public says that nobody needs to be signed in.
	public bool
	// id makes what the path's {id} or {secret} stands for; nil where there is none.
	id func(s *site) string
}

func fields(values ...string) func(*site) []string { return func(*site) []string { return values } }

// routes has a row for every route; TestEveryRoute fails for one without.
var routes = map[string]question{
	"GET /healthz":                     {status: 200, public: true},
	"GET /readyz":                      {status: 200, public: true},
	"GET /docs":                        {status: 200, public: true},
	"GET /docs/{topic}":                {status: 200, public: true},
	"GET /docs/api/{group}":            {status: 200, public: true},
	"GET /docs/calls":                  {status: 200},
	"GET /docs/errors/{code}":          {status: 200, public: true},
	"GET /docs/clients/{file}":         {status: 200, public: true},
	"GET /docs/metrics/alerts.yml":     {status: 200, public: true},
	"GET /docs/metrics/dashboard.json": {status: 200, public: true},
	"GET /setup":                       {status: 404, public: true},
	"POST /setup":                      {status: 404, public: true, fields: fields("code", "x")},
	"GET /login":                       {status: 303, public: true},
	"POST /login":                      {status: 303, public: true, fields: fields("email", email, "password", password), action: audit.SignedIn},
	"GET /login/oidc":                  {status: 404, public: true}, // no provider is configured
	"GET /login/oidc/callback":         {status: 404, public: true},
	"POST /theme":                      {status: 303, public: true, fields: fields("theme", "dark")},
	"GET /{$}":                         {status: 200},
	"GET /overview/groups.csv":         {status: 200},
	"POST /overview/checklist/skip":    {status: 303, action: audit.ChangedSettings},
	"POST /undo":                       {status: 303},
	"POST /logout":                     {status: 303, action: audit.SignedOut},
	"POST /drafts/{form}":              {status: 204, fields: fields("name", "Half a name")},

	"GET /login/code":             {status: 303, public: true},
	"POST /login/code":            {status: 303, public: true, fields: fields("code", "123456")},
	"POST /login/passkey":         {status: 422, public: true, fields: fields("credential", "{}")},
	"POST /login/passkey/options": {status: 200, public: true},
	"POST /confirm":               {status: 303, fields: fields("confirm.password", password)},
	"GET /profile":                {status: 200},
	"GET /profile/shortcuts":      {status: 200},
	"POST /profile":               {status: 303, fields: fields("name", "Anna A.", "email", email, "time_zone", "Europe/Zurich"), action: identity.UpdatedProfile},
	"GET /profile/password":       {status: 200},
	"POST /profile/password":      {status: 422, fields: fields("old_password", password, "new_password", "short")},
	"GET /profile/activity":       {status: 200},
	"GET /profile/security":       {status: 200},
	"GET /profile/security/app":   {status: 200},
	"POST /profile/security/app":  {status: 422, fields: fields("code", "123")},

	"GET /profile/security/app/off":               {status: 200},
	"POST /profile/security/app/off":              {status: 303},
	"GET /profile/security/codes":                 {status: 200},
	"POST /profile/security/codes":                {status: 409},
	"POST /profile/security/codes/file":           {status: 200, fields: fields("code", "0000-0000-0000-0000")},
	"GET /profile/security/sessions/end":          {status: 200},
	"POST /profile/security/sessions/end":         {status: 303, action: audit.SignedOut},
	"POST /profile/security/sessions/{id}/end":    {status: 303, id: aSession, action: audit.SignedOut},
	"POST /profile/security/passkeys/options":     {status: 200},
	"GET /profile/security/passkeys/new":          {status: 200},
	"POST /profile/security/passkeys/new":         {status: 422, fields: fields("name", "Phone", "credential", "{}")},
	"GET /profile/security/passkeys/{id}/rename":  {status: 200, id: aPasskey},
	"POST /profile/security/passkeys/{id}/rename": {status: 303, id: aPasskey, fields: fields("name", "Laptop"), action: identity.RenamedPasskey},
	"GET /profile/security/passkeys/{id}/remove":  {status: 200, id: aPasskey},
	"POST /profile/security/passkeys/{id}/remove": {status: 303, id: aPasskey, action: identity.RemovedPasskey},
	"GET /profile/security/identity/remove":       {status: 409}, // none is linked
	"POST /profile/security/identity/remove":      {status: 409},

	"GET /search":                      {status: 200},
	"GET /groups":                      {status: 200},
	"GET /groups/new":                  {status: 200},
	"POST /groups/new":                 {status: 303, fields: fields("name", "New"), action: audit.CreatedGroup},
	"GET /groups/export":               {status: 200},
	"POST /groups/export":              {status: 200, action: audit.ExportedGroups},
	"GET /groups/{id}/members/export":  {status: 200, id: aGroup},
	"POST /groups/{id}/members/export": {status: 200, id: aGroup, action: audit.ExportedMembers},
	"POST /groups/{id}/export":         {status: 200, id: aGroup, action: audit.ExportedGroup},
	"GET /groups/{id}":                 {status: 200, id: aGroup},
	"GET /groups/{id}/edit":            {status: 200, id: aGroup},
	"POST /groups/{id}/edit":           {status: 303, id: aGroup, fields: fields("name", "Other", "was_name", "Plaza Hotel"), action: audit.UpdatedGroup},
	"POST /groups/{id}/archive":        {status: 303, id: aGroup, action: audit.ArchivedGroup},
	"POST /groups/{id}/restore":        {status: 303, id: archivedGroup, action: audit.RestoredGroup},
	"GET /groups/{id}/delete":          {status: 200, id: aGroup},
	"POST /groups/{id}/delete":         {status: 303, id: aGroup, action: audit.DeletedGroup},
	"POST /groups/{id}/undelete":       {status: 303, id: heldGroup, action: audit.UndeletedGroup},
	"GET /groups/{id}/messages":        {status: 200, id: aGroup},
	"POST /groups/{id}/messages":       {status: 303, id: aGroup, fields: fields("message", "Hello."), action: audit.PostedMessage},
	"GET /messages/{id}/delete":        {status: 200, id: aMessage},
	"POST /messages/{id}/delete":       {status: 303, id: aMessage, fields: fields("reason", "Spam"), action: audit.DeletedMessage},
	"GET /groups/{id}/members":         {status: 200, id: aGroup},
	"POST /groups/{id}/members":        {status: 303, id: aGroup, fields: someContact("contacts"), action: audit.AddedMembers},
	"POST /groups/{id}/members/remove": {status: 303, id: groupOfOne, fields: member, action: audit.RemovedMember},

	"GET /groups/bulk":         {status: 303}, // nothing is selected
	"POST /groups/bulk":        {status: 200, fields: selected("archive")},
	"GET /groups/pick":         {status: 200},
	"GET /groups/bulk/delete":  {status: 303},
	"POST /groups/bulk/delete": {status: 200, fields: selected("delete")},

	"GET /groups/filters":            {status: 200},
	"GET /groups/columns":            {status: 200},
	"POST /groups/columns":           {status: 303, fields: fields("cols", "members", "cols", "id"), action: identity.UpdatedProfile},
	"GET /groups/views":              {status: 200},
	"GET /groups/views/new":          {status: 200},
	"POST /groups/views/new":         {status: 303, fields: fields("name", "Mine"), action: identity.CreatedView},
	"POST /groups/views/pin":         {status: 303, fields: fields("view", "empty", "pinned", "yes"), action: identity.PinnedView},
	"GET /groups/views/{id}/edit":    {status: 200, id: aView},
	"POST /groups/views/{id}/edit":   {status: 303, id: aView, fields: fields("name", "Renamed"), action: identity.UpdatedView},
	"GET /groups/views/{id}/delete":  {status: 200, id: aView},
	"POST /groups/views/{id}/delete": {status: 303, id: aView, action: identity.DeletedView},
	"GET /groups/rules":              {status: 200},
	"GET /groups/rules/new":          {status: 200},
	"POST /groups/rules/new":         {status: 303, fields: fields("name", "Idle", "days", "90", "do", "save"), action: models.CreatedRule},
	"GET /groups/rules/{id}/edit":    {status: 200, id: aRule},
	"POST /groups/rules/{id}/edit":   {status: 303, id: aRule, fields: fields("name", "Idle", "days", "60", "do", "save"), action: models.UpdatedRule},
	"POST /groups/rules/{id}/pause":  {status: 303, id: aRule, action: models.PausedRule},
	"GET /groups/rules/{id}/delete":  {status: 200, id: aRule},
	"POST /groups/rules/{id}/delete": {status: 303, id: aRule, action: models.DeletedRule},
	"GET /groups/{id}/schedule":      {status: 200, id: aGroup},
	"POST /groups/{id}/schedule":     {status: 303, id: aGroup, fields: fields("date", "2999-05-03"), action: models.ScheduledGroup},
	"POST /groups/{id}/unschedule":   {status: 303, id: aScheduledGroup, action: models.UnscheduledGroup},
	"POST /groups/{id}/exempt":       {status: 303, id: aGroup, fields: fields("exempt", "yes"), action: models.ExemptedGroup},
	"GET /groups/{id}/members/bulk":  {status: 303, id: aGroup},
	"POST /groups/{id}/members/bulk": {status: 200, id: groupOfOne, fields: selectedContact("remove_from_groups")},

	"GET /contacts":              {status: 200},
	"GET /contacts/pick":         {status: 200},
	"GET /contacts/new":          {status: 200},
	"POST /contacts/new":         {status: 303, fields: fields("username", "cedric"), action: audit.CreatedContact},
	"GET /contacts/export":       {status: 200},
	"POST /contacts/export":      {status: 200, action: audit.ExportedContacts},
	"POST /contacts/{id}/export": {status: 200, id: aContact, action: audit.ExportedContact},
	"GET /contacts/merge":        {status: 200},
	"POST /contacts/merge":       {status: 303, fields: twoContacts, action: audit.MergedContact, also: audit.MergedAway},
	"GET /contacts/bulk":         {status: 303},
	"POST /contacts/bulk":        {status: 200, fields: selectedContact("add_to_groups")},
	"GET /contacts/bulk/delete":  {status: 303},
	"POST /contacts/bulk/delete": {status: 200, fields: selectedContact("delete")},
	"GET /contacts/{id}":         {status: 200, id: aContact},
	"GET /contacts/{id}/edit":    {status: 200, id: aContact},
	"POST /contacts/{id}/edit":   {status: 303, id: aContact, fields: fields("display_name", "Hector", "was_display_name", ""), action: audit.UpdatedContact},
	"GET /contacts/{id}/delete":  {status: 200, id: aContact},
	"POST /contacts/{id}/delete": {status: 303, id: aContact, action: audit.DeletedContact},
	"GET /contacts/{id}/erase":   {status: 200, id: aContact},
	"POST /contacts/{id}/erase":  {status: 422, id: aContact, fields: fields("reason", "Privacy request", "typed", "nobody")},

	"POST /contacts/pick/missing": {status: 200, fields: fields("paste", "hector, nobody")},

	"GET /groups/import":           {status: 200},
	"POST /groups/import":          {status: 422}, // no file is sent
	"GET /groups/import/example":   {status: 200},
	"GET /contacts/import":         {status: 200},
	"POST /contacts/import":        {status: 422},
	"GET /contacts/import/example": {status: 200},
	"GET /jobs/{id}/import":        {status: 200, id: anUpload},
	"POST /jobs/{id}/import":       {status: 303, id: anUpload, fields: fields("mapping", "name", "match", "name", "mode", "best_effort")},
	"POST /jobs/{id}/start":        {status: 409, id: anUpload}, // it is not checked

	"GET /live":              {status: 200},
	"GET /jobs":              {status: 200},
	"GET /jobs/{id}":         {status: 200, id: aJob},
	"GET /jobs/{id}/results": {status: 200, id: aJob},
	"POST /jobs/{id}/file":   {status: 200, id: anExport, action: jobs.Downloaded},
	"POST /jobs/{id}/cancel": {status: 303, id: aQueuedJob, action: jobs.Cancelled},
	"POST /jobs/{id}/retry":  {status: 409, id: aJob},       // nothing failed
	"POST /jobs/{id}/undo":   {status: 409, id: aQueuedJob}, // it goes on

	"GET /activity":               {status: 200},
	"POST /activity/export":       {status: 200, action: audit.ExportedActivity},
	"GET /activity/verify":        {status: 200},
	"GET /activity/retention":     {status: 200},
	"POST /activity/retention":    {status: 303, fields: fields("kept", "P10Y"), action: audit.ChangedRetention},
	"POST /activity/hold":         {status: 303, fields: fields("hold", "3600"), action: audit.ChangedHold},
	"GET /activity/{id}":          {status: 200, id: aChange},
	"GET /activity/{id}/revert":   {status: 200, id: aChange},
	"POST /activity/{id}/revert":  {status: 303, id: aChange, fields: fields("field", "name"), action: audit.RevertedGroup},
	"GET /groups/{id}/api":        {status: 200, id: aGroup},
	"GET /groups/{id}/deliveries": {status: 200, id: aGroup},
	"GET /contacts/{id}/api":      {status: 200, id: aContact},
	"GET /groups/{id}/past":       {status: 200, id: aGroup},
	// without a time, these ask for one
	"GET /groups/{id}/past/revert":  {status: 303, id: aGroup},
	"POST /groups/{id}/past/revert": {status: 303, id: aGroup},
	"GET /groups/{id}/activity":     {status: 200, id: aGroup},

	"GET /settings/webhooks":                    {status: 200},
	"GET /settings/webhooks/new":                {status: 200},
	"POST /settings/webhooks/new":               {status: 201, fields: fields("name", "Receiver", "url", "http://127.0.0.1:9/", "events", "*"), action: webhooks.CreatedWebhook},
	"GET /settings/deliveries":                  {status: 200},
	"GET /settings/deliveries/{id}":             {status: 200, id: aDelivery},
	"POST /settings/deliveries/{id}/resend":     {status: 303, id: aDelivery, action: webhooks.ResentDelivery},
	"GET /settings/webhooks/{id}":               {status: 200, id: aWebhook},
	"GET /settings/webhooks/{id}/edit":          {status: 200, id: aWebhook},
	"POST /settings/webhooks/{id}/edit":         {status: 303, id: aWebhook, fields: fields("name", "Other", "url", "http://127.0.0.1:9/", "events", "group.*"), action: webhooks.UpdatedWebhook},
	"POST /settings/webhooks/{id}/state":        {status: 303, id: aWebhook, fields: fields("state", "disabled"), action: webhooks.UpdatedWebhook},
	"POST /settings/webhooks/{id}/secret":       {status: 200, id: aWebhook, action: webhooks.RevealedSecret},
	"GET /settings/webhooks/{id}/rotate":        {status: 200, id: aWebhook},
	"POST /settings/webhooks/{id}/rotate":       {status: 200, id: aWebhook, action: webhooks.RolledWebhook},
	"GET /settings/webhooks/{id}/delete":        {status: 200, id: aWebhook},
	"POST /settings/webhooks/{id}/delete":       {status: 303, id: aWebhook, action: webhooks.DeletedWebhook},
	"POST /settings/webhooks/{id}/test":         {status: 303, id: aWebhook, fields: fields("type", "group.created"), action: webhooks.TestedWebhook},
	"GET /settings/webhooks/{id}/resend":        {status: 200, id: aWebhook},
	"POST /settings/webhooks/{id}/resend":       {status: 303, id: aWebhook, fields: fields("since", "24")},
	"GET /settings/webhooks/{id}/check":         {status: 200, id: aWebhook},
	"POST /settings/webhooks/{id}/check":        {status: 200, id: aWebhook, fields: fields("body", "{}")},
	"GET /settings/tokens":                      {status: 200},
	"GET /settings/tokens/new":                  {status: 200},
	"POST /settings/tokens/new":                 {status: 201, fields: fields("name", "CI", "scope", "read", "expires", "30"), action: audit.CreatedToken},
	"GET /settings/tokens/{id}":                 {status: 200, id: aToken},
	"GET /settings/tokens/{id}/rotate":          {status: 200, id: aToken},
	"POST /settings/tokens/{id}/rotate":         {status: 200, id: aToken, fields: fields("overlap", "24"), action: audit.RotatedToken},
	"GET /settings/tokens/{id}/end-old-secret":  {status: 200, id: aToken},
	"POST /settings/tokens/{id}/end-old-secret": {status: 303, id: aRotatedToken, action: audit.EndedOldSecret},
	"GET /settings/tokens/{id}/revoke":          {status: 200, id: aToken},
	"POST /settings/tokens/{id}/revoke":         {status: 303, id: aToken, action: audit.RevokedToken},

	"GET /docs/roles":                     {status: 200, public: true},
	"GET /invite/{secret}":                {status: 200, public: true, id: aLink},
	"POST /invite/{secret}":               {status: 303, public: true, id: aLink, fields: fields("name", "Carl", "password", password), action: audit.SignedIn},
	"GET /users":                          {status: 200},
	"GET /users/invite":                   {status: 200},
	"POST /users/invite":                  {status: 201, fields: fields("email", "dora@example.com", "role", "editor"), action: audit.Invited},
	"POST /users/invitations/{id}/renew":  {status: 201, id: anInvitation, action: audit.RenewedInvite},
	"GET /users/invitations/{id}/revoke":  {status: 200, id: anInvitation},
	"POST /users/invitations/{id}/revoke": {status: 303, id: anInvitation, action: audit.RevokedInvite},
	"GET /avatars/groups/{id}":            {status: 200, id: aGroup},
	"GET /avatars/contacts/{id}":          {status: 200, id: aContact},
	"GET /settings/about":                 {status: 200},
	"GET /settings/general":               {status: 200},
	"POST /settings/general":              {status: 303, action: audit.ChangedSettings},
	"GET /users/policy":                   {status: 200},
	"POST /users/policy":                  {status: 303, fields: fields("need", "editor", "editor", "2099-01-31"), action: audit.ChangedPolicy},
	"GET /users/{id}":                     {status: 200, id: anEditor},
	"GET /users/{id}/role":                {status: 200, id: anEditor},
	"POST /users/{id}/role":               {status: 303, id: anEditor, fields: fields("role", "auditor"), action: audit.ChangedRole},
	"GET /users/{id}/disable":             {status: 200, id: anEditor},
	"POST /users/{id}/disable":            {status: 303, id: anEditor, action: audit.DisabledUser},
	"POST /users/{id}/enable":             {status: 303, id: aDisabled, action: audit.EnabledUser},
	"GET /users/{id}/second-factor":       {status: 200, id: anEditor},
	"POST /users/{id}/second-factor":      {status: 409, id: anEditor}, // there is none to reset
	"GET /users/{id}/identity":            {status: 200, id: anEditor},
	"POST /users/{id}/identity":           {status: 409, id: anEditor}, // none is linked
	"GET /users/{id}/sessions":            {status: 200, id: signedInEditor},
	"POST /users/{id}/sessions":           {status: 303, id: signedInEditor, action: audit.EndedSessions},
}

func TestEveryRoute(t *testing.T) {
	each(t, func(s *site) {
		for _, pattern := range s.console.Patterns() {
			q, ok := routes[pattern]
			if !ok {
				s.Errorf("the route %s has no row in this test", pattern)
				continue
			}
			method, path, _ := strings.Cut(pattern, " ")
			path = strings.NewReplacer("{$}", "", "{topic}", "search", "{group}", "groups", "{file}", "ApiClient.php", "{code}", "parameter_invalid", "{form}", "new-group").Replace(path)
			s.T.Run(pattern, func(t *testing.T) {
				inner := *s
				inner.T = t
				inner.browser = inner.newBrowser()
				inner.post("/login", "email", email, "password", password).wants(303)
				ask(&inner, q, method, path)
			})
		}
		for pattern := range routes {
			if !slices.Contains(s.console.Patterns(), pattern) {
				s.Errorf("there is no route %s", pattern)
			}
		}
	})
}

// ask puts the questions to one route.
func ask(s *site, q question, method, path string) {
	stranger, right := s.newBrowser(), path
	if q.id != nil {
		for _, wrong := range []string{"0000000000000000", "short", "'--", strings.Repeat("z", 300)} {
			address := withID(path, wrong)
			if p := s.send(s.browser, method, address, nil); p.status != http.StatusNotFound {
				s.Errorf("a wrong id: %s gives %d", address, p.status)
			}
		}
		right = withID(path, q.id(s))
	}
	var form []string
	if q.fields != nil {
		form = q.fields(s)
	}
	before := s.newest().ID
	if method == http.MethodPost {
		for _, header := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
			foreign := s.with(header[0], header[1])
			if header[0] == "Origin" {
				foreign.header.Del("Sec-Fetch-Site")
			}
			s.send(foreign, method, right, form).wants(http.StatusForbidden).has("h1", "another site")
		}
	}
	if !q.public {
		refuseStranger(s, stranger, method, right, form)
	}
	s.send(s.browser, "PATCH", right, nil).wants(http.StatusMethodNotAllowed)
	if allow := s.send(s.browser, "BREW", right, nil).header.Get("Allow"); !strings.Contains(allow, method) {
		s.Errorf("Allow is %q, which lacks %s", allow, method)
	}
	if wrote := s.actionsSince(before); len(wrote) > 0 {
		s.Errorf("refused requests wrote %v", wrote)
	}
	checkAnswer(s, s.send(s.browser, method, right, form), q)
	added := s.actionsSince(before)
	if i := slices.Index(added, q.also); i >= 0 {
		added = slices.Delete(added, i, i+1)
	} else if q.also != "" {
		s.Errorf("wrote %v, without %s", added, q.also)
	}
	switch {
	case q.action == "" && len(added) > 0:
		s.Errorf("wrote %v", added)
	case q.action != "" && (len(added) == 0 || added[len(added)-1] != q.action || method == "POST" && q.action != audit.SignedIn && len(added) != 1):
		s.Errorf("wrote %v, want %s once", added, q.action)
	}
}

// withID is a route's path about something.
func withID(path, id string) string {
	return strings.NewReplacer("{id}", id, "{secret}", id).Replace(path)
}

func (s *site) send(b *browser, method, path string, form []string) *page {
	s.Helper()
	if method == http.MethodPost {
		return b.post(path, form...)
	}
	return b.do(method, path, nil)
}

// refuseStranger expects a page to send somebody who is not signed in to sign in,
// and a form to be kept for them.
func refuseStranger(s *site, b *browser, method, path string, form []string) {
	p := s.send(b, method, path, form)
	if method == http.MethodGet {
		p.wants(http.StatusSeeOther)
		if to := p.header.Get("Location"); !strings.HasPrefix(to, "/login") {
			s.Errorf("leads to %s", to)
		}
		s.send(b.part("results"), method, path, nil).wants(http.StatusUnauthorized)
		return
	}
	p.wants(http.StatusUnauthorized).has("h1", "Sign in")
}

// checkAnswer looks at what holds for every answer.
func checkAnswer(s *site, p *page, q question) {
	p.wants(q.status)
	h := p.header
	if !strings.Contains(h.Get("Content-Security-Policy"), "script-src 'self';") || strings.Contains(h.Get("Content-Security-Policy"), "unsafe") {
		s.Errorf("CSP is %q", h.Get("Content-Security-Policy"))
	}
	if !strings.Contains(h.Get("Content-Security-Policy"), "require-trusted-types-for 'script'") || h.Get("X-Frame-Options") != "DENY" {
		s.Errorf("headers: %v", h)
	}
	picture := strings.HasPrefix(h.Get("Content-Type"), "image/") // which browsers may keep for a minute
	if !picture && (h.Get("Cache-Control") != "no-store" || len(h.Values("Vary")) != 1 || !strings.Contains(h.Get("Vary"), "Accept-Encoding, HX-Request, HX-Request-Type, HX-Target")) {
		s.Errorf("Cache-Control %q, Vary %q", h.Get("Cache-Control"), h.Values("Vary"))
	}
	if len(h.Get("Request-Id")) != 16 || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "same-origin" {
		s.Errorf("headers: %v", h)
	}
	for _, found := range []string{"[style]", "style", "script:not([src])", "[onclick]", "[hx-on]"} {
		p.lacks(found)
	}
	if p.status == 200 && strings.Contains(h.Get("Content-Type"), "text/html") && strings.Contains(p.body, "<main") {
		if n := p.doc.Find("h1").Length(); n != 1 {
			s.Errorf("%d h1", n)
		}
		if !strings.HasSuffix(p.text("title"), "Protocol Console") {
			s.Errorf("title %q", p.text("title"))
		}
	}
}

// TestFewRoutesHaveLimitsOfTheirOwn: all others have the usual ones, and so can't hold a
// connection or memory for long.
func TestFewRoutesHaveLimitsOfTheirOwn(t *testing.T) {
	s := open(t, modelstest.Open(t, modelstest.SQLite))
	var own []string
	for _, row := range s.console.Rows() {
		if row.OwnLimits {
			own = append(own, row.Method+" "+row.Path)
		}
	}
	want := []string{
		"POST /groups/export", "POST /groups/import", "POST /groups/{id}/members/export", "POST /groups/{id}/export", "POST /contacts/export", "POST /contacts/import", "POST /contacts/{id}/export",
		"GET /live", "GET /jobs/{id}/results", "POST /jobs/{id}/file", "POST /activity/export", "GET /activity/verify",
	}
	if !slices.Equal(own, want) {
		t.Errorf("%q have limits of their own, want %q", own, want)
	}
}
