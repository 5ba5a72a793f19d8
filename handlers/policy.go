package handlers

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// noticeDays is how many days a new rule leaves people to set up a second factor, unless
// another day is chosen.
const noticeDays = 14

// policy shows the form for the rules for signing in.
func (c *Console) policy(w http.ResponseWriter, r *http.Request) error {
	p, err := c.store.Identity.Policy(r.Context())
	if err != nil {
		return err
	}
	form := views.PolicyForm{Tokens: p.Tokens}
	for _, role := range access.Roles {
		rule := views.PolicyRule{Role: role, From: c.now(r).UTC().AddDate(0, 0, noticeDays).Format(time.DateOnly)}
		if from, need := p.SecondFactor[role]; need {
			rule.Need, rule.From = true, time.Unix(from, 0).UTC().Format(time.DateOnly)
		}
		form.Rules = append(form.Rules, rule)
	}
	return c.showPolicy(w, r, http.StatusOK, form)
}

func (c *Console) showPolicy(w http.ResponseWriter, r *http.Request, status int, form views.PolicyForm) error {
	counts, err := c.store.Identity.FactorCounts(r.Context(), by(r))
	if err != nil {
		return err
	}
	form.Now = c.now(r)
	for i := range form.Rules {
		form.Rules[i].FactorCount = counts[form.Rules[i].Role]
	}
	return c.showPeople(w, r, status, "Rules for signing in", form.Problems, views.PolicyPage(form))
}

// setPolicy makes what was filled in the rules.
func (c *Console) setPolicy(w http.ResponseWriter, r *http.Request) error {
	form, policy := readPolicy(r)
	if len(form.Problems) > 0 {
		return c.showPolicy(w, r, http.StatusUnprocessableEntity, form)
	}
	if err := c.store.Identity.SetPolicy(r.Context(), by(r), policy); err != nil {
		return err
	}
	return c.done(w, r, views.UsersURL(), views.Flash{Text: "Saved. " + views.PolicySummary(policy, c.now(r))})
}

// readPolicy reads the form for the rules. A role that needs a second factor needs a day.
func readPolicy(r *http.Request) (views.PolicyForm, identity.Policy) {
	form, policy := views.PolicyForm{Tokens: r.PostFormValue("tokens") != ""}, identity.Policy{SecondFactor: map[access.Role]int64{}}
	policy.Tokens = form.Tokens
	for _, role := range access.Roles {
		rule := views.PolicyRule{Role: role, From: r.PostFormValue(string(role)), Need: slices.Contains(r.PostForm["need"], string(role))}
		form.Rules = append(form.Rules, rule)
		if !rule.Need {
			continue
		}
		if rule.From == "" {
			form.Problems = append(form.Problems, access.Problem{Field: string(role), Code: access.Missing, Message: "Choose the day from which this holds."})
			continue
		}
		day, err := time.Parse(time.DateOnly, rule.From)
		if err != nil || day.Year() < 1970 || day.Year() > 9998 {
			form.Problems = append(form.Problems, access.Problem{Field: string(role), Code: access.Bad, Message: "Choose a day like 2027-01-31."})
		}
		policy.SecondFactor[role] = day.Unix()
	}
	return form, policy
}

// errNeedsFactor is the answer to whoever must set up a second factor before anything else.
var errNeedsFactor = errors.New("a second factor is missing")

// securityPath is where a second factor is set up.
const securityPath = "/profile/security"

// setsUp reports whether a request may be made by whoever must set up a second factor.
func setsUp(r *http.Request) bool {
	path := r.URL.Path
	return path == securityPath || strings.HasPrefix(path, securityPath+"/") || path == "/confirm" || path == "/logout"
}

// sendToSetUp leads somebody to where they set up a second factor, and from there to the
// page that they asked for.
func (c *Console) sendToSetUp(w http.ResponseWriter, r *http.Request) error {
	if isPartial(r) || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return errNeedsFactor
	}
	return redirect(w, r, views.WithNext(securityPath, localPath(r.URL.RequestURI())))
}
