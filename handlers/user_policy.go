package handlers

import (
	"net/http"
	"slices"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// noticeDays is how many days users have to set up a second factor when it becomes required, unless
// an owner chooses another day.
const noticeDays = 14

// policyPages are for the sign-in policy.
type policyPages struct{ *site }

// edit shows the form for the sign-in policy.
func (p policyPages) edit(w http.ResponseWriter, r *http.Request) error {
	policy, err := p.store.Identity.Policies.Policy(r.Context())
	if err != nil {
		return err
	}
	form := views.PolicyForm{Tokens: policy.Tokens, PublicDocs: policy.PublicDocs}
	for _, role := range access.Roles {
		rule := views.PolicyRule{Role: role, From: p.now(r).UTC().AddDate(0, 0, noticeDays).Format(time.DateOnly)}
		if from, need := policy.SecondFactor[role]; need {
			rule.Need, rule.From = true, time.Unix(from, 0).UTC().Format(time.DateOnly)
		}
		form.Rules = append(form.Rules, rule)
	}
	return p.showEdit(w, r, http.StatusOK, form)
}

func (p policyPages) showEdit(w http.ResponseWriter, r *http.Request, status int, form views.PolicyForm) error {
	counts, err := p.store.Identity.Policies.FactorCounts(r.Context(), by(r))
	if err != nil {
		return err
	}
	form.Now = p.now(r)
	for i := range form.Rules {
		form.Rules[i].FactorCount = counts[form.Rules[i].Role]
	}
	return p.render(w, r, status, views.Page{Title: views.Policy, SettingsTab: true, Failed: len(form.Problems) > 0, Body: views.PolicyPage(form)})
}

// update saves the sign-in policy.
func (p policyPages) update(w http.ResponseWriter, r *http.Request) error {
	form, policy := readPolicy(r)
	if len(form.Problems) > 0 {
		return p.showEdit(w, r, http.StatusUnprocessableEntity, form)
	}
	if err := p.store.Identity.Policies.SetPolicy(r.Context(), by(r), policy); err != nil {
		return err
	}
	return p.done(w, r, views.UsersURL(), views.Flash{Text: "Policy saved. " + views.PolicySummary(policy, p.now(r))})
}

// readPolicy reads the policy's form. A role that needs a second factor needs a day.
func readPolicy(r *http.Request) (views.PolicyForm, identity.Policy) {
	form, policy := views.PolicyForm{Tokens: r.PostFormValue("tokens") != ""}, identity.Policy{SecondFactor: map[access.Role]int64{}}
	policy.Tokens = form.Tokens
	form.PublicDocs = r.PostFormValue("public_docs") != ""
	policy.PublicDocs = form.PublicDocs
	for _, role := range access.Roles {
		rule := views.PolicyRule{Role: role, From: r.PostFormValue(string(role)), Need: slices.Contains(r.PostForm["need"], string(role))}
		form.Rules = append(form.Rules, rule)
		if !rule.Need {
			continue
		}
		if rule.From == "" {
			form.Problems = append(form.Problems, access.Problem{Field: string(role), Code: access.Missing, Message: "Choose the day from which this applies."})
			continue
		}
		day, err := time.Parse(time.DateOnly, rule.From)
		if err != nil || day.Year() < 1970 || day.Year() > 9998 {
			form.Problems = append(form.Problems, access.Problem{Field: string(role), Code: access.Bad, Message: "Enter a date like 2027-01-31."})
		}
		policy.SecondFactor[role] = day.Unix()
	}
	return form, policy
}
