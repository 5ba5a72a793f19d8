package handlers

import (
	"net/http"

	"protocol.chat/console/models/audit"
	"protocol.chat/console/views"
)

// retentionPages are the pages of the retention setting.
type retentionPages struct{ *site }

// edit shows the form for the retention setting.
func (p retentionPages) edit(w http.ResponseWriter, r *http.Request) error {
	kept, err := p.store.Audit.Retention.Rule(r.Context())
	if err != nil {
		return err
	}
	return p.showEdit(w, r, http.StatusOK, views.RetentionForm{Kept: kept})
}

func (p retentionPages) showEdit(w http.ResponseWriter, r *http.Request, status int, form views.RetentionForm) error {
	for _, kept := range audit.Retentions {
		choice, err := p.choice(r, kept)
		if err != nil {
			return err
		}
		form.Choices = append(form.Choices, choice)
	}
	var err error
	if form.Hold.Hold, err = p.store.Holds.Period(r.Context()); err != nil {
		return err
	}
	return p.render(w, r, status, views.Page{
		Title: views.Retention, SettingsTab: true, Failed: len(form.Problems) > 0, Body: views.RetentionPage(form),
	})
}

// choice returns what a retention would delete now.
func (p retentionPages) choice(r *http.Request, kept audit.Retention) (views.RetentionChoice, error) {
	choice := views.RetentionChoice{Retention: kept, Cutoff: kept.Cutoff(p.store.DB.Now()), Now: p.now(r)}
	if choice.Cutoff.IsZero() {
		return choice, nil
	}
	var err error
	choice.Older, err = p.store.Audit.Retention.CountBefore(r.Context(), choice.Cutoff)
	return choice, err
}

// update sets the retention. If that deletes entries now, it asks for confirmation first.
func (p retentionPages) update(w http.ResponseWriter, r *http.Request) error {
	choice, err := p.choice(r, audit.Retention(r.PostFormValue("kept")))
	if err != nil {
		return err
	}
	now, err := p.store.Audit.Retention.Rule(r.Context())
	if err != nil {
		return err
	}
	if choice.Retention == now && choice.Older.N == 0 { // else it is confirmed: the clock was not believed
		return p.done(w, r, views.ActivityURL(views.ActivityAt{}), views.Flash{Text: views.RetentionUnchanged(now)})
	}
	if choice.Known() && choice.Older.N > 0 && r.PostFormValue("sure") != string(choice.Retention) {
		return p.render(w, r, http.StatusOK, views.Page{Title: "Delete old entries?", Body: views.ConfirmRetention(choice)})
	}
	err = p.store.Audit.Retention.SetRule(r.Context(), by(r), choice.Retention)
	if invalid, ok := problems(err); ok {
		return p.showEdit(w, r, http.StatusUnprocessableEntity, views.RetentionForm{Kept: now, Problems: invalid})
	}
	if err != nil {
		return err
	}
	return p.done(w, r, views.ActivityURL(views.ActivityAt{}), views.Flash{Text: views.RetentionSaved(choice)})
}
