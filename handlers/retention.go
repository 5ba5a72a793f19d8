package handlers

import (
	"net/http"

	"protocol.chat/console/models/audit"
	"protocol.chat/console/views"
)

// retention shows the form for how long activity is kept.
func (c *Console) retention(w http.ResponseWriter, r *http.Request) error {
	kept, err := c.store.Audit.Retention(r.Context())
	if err != nil {
		return err
	}
	return c.showRetention(w, r, http.StatusOK, views.RetentionForm{Kept: kept})
}

func (c *Console) showRetention(w http.ResponseWriter, r *http.Request, status int, form views.RetentionForm) error {
	for _, kept := range audit.Retentions {
		choice, err := c.retentionChoice(r, kept)
		if err != nil {
			return err
		}
		form.Choices = append(form.Choices, choice)
	}
	return c.show(w, r, status, views.Page{
		Title: "How long activity is kept", Section: views.Activity, Failed: len(form.Problems) > 0, Body: views.RetentionPage(form),
	})
}

// retentionChoice is what it would delete now to keep activity for so long.
func (c *Console) retentionChoice(r *http.Request, kept audit.Retention) (views.RetentionChoice, error) {
	choice := views.RetentionChoice{Retention: kept, Cutoff: kept.Cutoff(c.store.DB.Now()), Now: c.now(r)}
	if choice.Cutoff.IsZero() {
		return choice, nil
	}
	var err error
	choice.Older, err = c.store.Audit.OlderActivity(r.Context(), choice.Cutoff)
	return choice, err
}

// setRetention makes what was chosen the rule. Where that deletes something now, it asks
// once more.
func (c *Console) setRetention(w http.ResponseWriter, r *http.Request) error {
	choice, err := c.retentionChoice(r, audit.Retention(r.PostFormValue("kept")))
	if err != nil {
		return err
	}
	now, err := c.store.Audit.Retention(r.Context())
	if err != nil {
		return err
	}
	if choice.Retention == now && choice.Older.N == 0 { // else it is confirmed: the clock was not believed
		return c.done(w, r, views.ActivityURL(views.ActivityAt{}), views.Flash{Text: "Nothing changed. Activity is kept " + now.Words() + "."})
	}
	if choice.Known() && choice.Older.N > 0 && r.PostFormValue("sure") != string(choice.Retention) {
		return c.show(w, r, http.StatusOK, views.Page{Title: "Delete old activity?", Section: views.Activity, Body: views.ConfirmRetention(choice)})
	}
	err = c.store.Audit.SetRetention(r.Context(), by(r), choice.Retention)
	if invalid, ok := problems(err); ok {
		return c.showRetention(w, r, http.StatusUnprocessableEntity, views.RetentionForm{Kept: now, Problems: invalid})
	}
	if err != nil {
		return err
	}
	return c.done(w, r, views.ActivityURL(views.ActivityAt{}), views.Flash{Text: views.RetentionSaved(choice)})
}
