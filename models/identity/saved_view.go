package identity

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// MaxViews is how many views a user can save.
const MaxViews = 100

// maxViewQuery is how long the query of a view can be, in bytes.
const maxViewQuery = 2000

// maxViewsListed is how many views are listed at most: a user's own and those that others
// share.
const maxViewsListed = 1000

// SavedView is a list that a user has saved under a name.
type SavedView struct {
	ID      string
	OwnerID string
	Name    string
	// Shared reports whether all users see the view, or only its owner.
	Shared bool
	// Query is the query of the list's address: "q=plaza&sort=name".
	Query string
	// Times are Unix seconds.
	CreatedAt, UpdatedAt int64

	// OwnerName is the name of the owner.
	OwnerName string `gorm:"->;-:migration"`
	// NameKey is the identity key of Name, unique among the owner's views.
	NameKey string
}

// ViewExists is the code of the problem that another view of the owner has the name.
const ViewExists = "view_exists"

// The actions on views.
const (
	CreatedView  audit.Action = "view.create"
	UpdatedView  audit.Action = "view.update"
	DeletedView  audit.Action = "view.delete"
	PinnedView   audit.Action = "view.pin"
	UnpinnedView audit.Action = "view.unpin"
)

// ViewChange is what a new view gets or what to change about one; nil leaves a value as it
// is.
type ViewChange struct {
	Name, Query *string
	Shared      *bool
}

// apply changes the view, and returns what is wrong with the change.
func (c ViewChange) apply(v *SavedView) access.Invalid {
	var problems access.Invalid
	if name := problems.Require("name", c.Name, "Enter a name for the view.", viewName); name != nil {
		v.Name, v.NameKey = *name, viewKey(*name)
	}
	if query := problems.Check("", c.Query, viewQuery); query != nil {
		v.Query = *query
	}
	if c.Shared != nil {
		v.Shared = *c.Shared
	}
	return problems
}

func viewName(s string) (string, string) { return text.Visible(text.ProperName("The name", s)) }

func viewQuery(s string) (string, string) {
	if _, err := url.ParseQuery(s); err != nil || len(s) > maxViewQuery || !text.IsPlain(s) {
		return s, "This list can't be saved as a view. Use a shorter search."
	}
	return s, ""
}

// manage returns an error if the actor may not change the view: they must be its owner, or
// manage the views of others. It is ErrNotFound if they can't see it.
func (v SavedView) manage(by access.Actor) error {
	switch {
	case v.OwnerID == by.UserID:
		return nil
	case !v.Shared:
		return access.ErrNotFound
	}
	return by.Check(access.ManageViews)
}

// MayChange reports whether the actor may change and delete the view.
func (v SavedView) MayChange(by access.Actor) bool { return v.manage(by) == nil }

// Views returns the views that the actor sees: their own and those that others share, by
// name. Errors: Denied.
func (s *SavedViews) Views(ctx context.Context, by access.Actor) ([]SavedView, error) {
	if err := by.Check(access.SignedInOnly); err != nil {
		return nil, err
	}
	var found []SavedView
	err := selectViews(s.db.ReaderFor(ctx)).Where("owner_id = ? OR shared", by.UserID).
		Order("saved_views.id DESC").Limit(maxViewsListed).Find(&found).Error
	text.SortByName(found, func(v SavedView) string { return v.Name })
	return found, s.db.Failed(ctx, err)
}

// View returns a view that the actor sees. Errors: ErrNotFound, Denied.
func (s *SavedViews) View(ctx context.Context, by access.Actor, id string) (SavedView, error) {
	if err := by.Check(access.SignedInOnly); err != nil {
		return SavedView{}, err
	}
	v, err := viewIn(s.db.ReaderFor(ctx), by, id)
	return v, s.db.Failed(ctx, err)
}

func selectViews(db *gorm.DB) *gorm.DB {
	return db.Model(&SavedView{}).Select("saved_views.*, users.name AS owner_name").Joins("JOIN users ON users.id = saved_views.owner_id")
}

func viewIn(tx *gorm.DB, by access.Actor, id string) (SavedView, error) {
	var v SavedView
	if !text.ValidID(id) {
		return v, access.ErrNotFound
	}
	err := selectViews(tx).Where("saved_views.id = ? AND (owner_id = ? OR shared)", id, by.UserID).Take(&v).Error
	return v, err
}

// Create saves a view of the actor. To share it takes the right to. Errors: Invalid, Denied.
func (s *SavedViews) Create(ctx context.Context, by access.Actor, c ViewChange) (SavedView, error) {
	now := s.db.Now()
	v := SavedView{ID: s.db.IDs.Next(now, ""), OwnerID: by.UserID, OwnerName: by.Name, CreatedAt: now.Unix(), UpdatedAt: now.Unix()}
	c.Name, c.Query = new(text.Deref(c.Name)), new(text.Deref(c.Query))
	if err := c.apply(&v).OrNil(); err != nil {
		return SavedView{}, err
	}
	err := s.write(ctx, by, CreatedView, func(tx *gorm.DB, line *audit.Line) error {
		if err := checkShare(line, v); err != nil {
			return err
		}
		if err := s.db.Dialect.Lock(tx, "views:"+by.UserID); err != nil {
			return err
		}
		var own int64
		if err := tx.Model(&SavedView{}).Where("owner_id = ?", by.UserID).Count(&own).Error; err != nil {
			return err
		}
		if own >= MaxViews {
			return access.Refused("name", "You already have %d views. Delete one first.", MaxViews)
		}
		line.SetObject("view", v.ID, v.Name)
		err := named(tx.Omit("owner_name").Create(&v).Error)
		return cmp.Or(err, line.SetChanges(viewChanges(SavedView{}, v)))
	})
	return v, err
}

// Update changes a view. Errors: ErrNotFound, Invalid, Denied.
func (s *SavedViews) Update(ctx context.Context, by access.Actor, id string, c ViewChange) (SavedView, error) {
	var v SavedView
	err := s.write(ctx, by, UpdatedView, func(tx *gorm.DB, line *audit.Line) error {
		was, err := viewIn(tx, by, id)
		if err := cmp.Or(err, was.manage(*line.By)); err != nil {
			return err
		}
		v = was
		if err := c.apply(&v).OrNil(); err != nil {
			return err
		}
		changes := viewChanges(was, v)
		if len(changes) == 0 {
			return audit.ErrNothing
		}
		if err := checkShare(line, v); err != nil {
			return err
		}
		v.UpdatedAt = s.db.Now().Unix()
		line.SetObject("view", v.ID, v.Name)
		if was.Shared && !v.Shared {
			if err := tx.Where("saved_id = ? AND user_id <> ?", v.ID, v.OwnerID).Delete(&viewPin{}).Error; err != nil {
				return err
			}
		}
		err = named(tx.Select("name", "name_key", "shared", "query", "updated_at").Updates(&v).Error)
		return cmp.Or(err, line.SetChanges(changes))
	})
	return v, err
}

// Delete deletes a view, and its pins. Errors: ErrNotFound, Denied.
func (s *SavedViews) Delete(ctx context.Context, by access.Actor, id string) error {
	return s.write(ctx, by, DeletedView, func(tx *gorm.DB, line *audit.Line) error {
		v, err := viewIn(tx, by, id)
		if err := cmp.Or(err, v.manage(*line.By)); err != nil {
			return err
		}
		line.SetObject("view", v.ID, v.Name)
		err = tx.Where("id = ?", v.ID).Delete(&SavedView{}).Error
		return cmp.Or(err, line.SetChanges(viewChanges(v, SavedView{})))
	})
}

// write is audit.Log.Write for what users may do with views, after which all menus are read
// again.
func (s *SavedViews) write(ctx context.Context, by access.Actor, action audit.Action, fn func(tx *gorm.DB, line *audit.Line) error) error {
	defer s.pins.Forget()
	return s.db.Failed(ctx, s.log.Write(ctx, by, access.SignedInOnly, action, fn))
}

// checkShare returns an error if the view is shared and the actor may not share views.
func checkShare(line *audit.Line, v SavedView) error {
	if !v.Shared {
		return nil
	}
	return line.By.Check(access.ShareViews)
}

// Replace changes the actor's view with the name of c, or creates it. Errors: Invalid,
// Denied.
func (s *SavedViews) Replace(ctx context.Context, by access.Actor, c ViewChange) (SavedView, error) {
	var named SavedView
	err := s.db.ReaderFor(ctx).Where("owner_id = ? AND name_key = ?", by.UserID, viewKey(text.Deref(c.Name))).Limit(1).Find(&named).Error
	switch {
	case err != nil:
		return named, s.db.Failed(ctx, err)
	case named.ID == "":
		return s.Create(ctx, by, c)
	}
	return s.Update(ctx, by, named.ID, c)
}

// viewKey returns the identity key of a name.
func viewKey(name string) string {
	name, _ = viewName(name)
	return lowerCase(name)
}

// named returns err, as a problem with the name if another view has it.
func named(err error) error {
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return access.Invalid{{Field: "name", Code: ViewExists, Message: "You already have a view with this name."}}
	}
	return err
}

// viewChanges returns what differs between two views for the audit line; those of a view
// that is created or deleted differ from the zero SavedView.
func viewChanges(was, is SavedView) map[string]audit.Change {
	return audit.Changes([]audit.Difference{
		{Field: "name", Before: text.OrNil(was.Name), After: text.OrNil(is.Name)},
		{Field: "shared", Before: was.sharing(), After: is.sharing()},
		{Field: "query", Before: was.query(), After: is.query()},
	})
}

// sharing returns who sees the view, in words; nil if there is none.
func (v SavedView) sharing() *string {
	switch {
	case v.ID == "":
		return nil
	case v.Shared:
		return new("yes")
	}
	return new("no")
}

func (v SavedView) query() *string {
	if v.ID == "" {
		return nil
	}
	return text.OrNil(v.Query)
}

// pinsTTL is how long another process's change of a menu can go unnoticed.
const pinsTTL = 5 * time.Second

// MaxPins is how many views a user can have in the menu.
const MaxPins = 12

// viewPin is a view in a user's menu.
type viewPin struct {
	UserID   string `gorm:"primaryKey"`
	View     string `gorm:"primaryKey"`
	SavedID  *string
	PinnedAt int64
}

// Pin is a view in a user's menu: a saved one, or by its name one that is built in.
type Pin struct {
	// View is the id of a saved view, or the name of a built-in one.
	View string
	// Name and Query are those of the saved view; Saved is false if there is none.
	Name, Query string
	Saved       bool
}

// Pins returns the views in the actor's menu, in the order in which they were pinned. They
// are cached for some seconds.
func (s *SavedViews) Pins(ctx context.Context, by access.Actor) ([]Pin, error) {
	pins, err := s.pins.Get(by.UserID, s.db.Now(), func() ([]Pin, error) {
		query := db.Selection{
			Columns: "view, coalesce(name, ''), coalesce(query, ''), saved_id IS NOT NULL",
			From:    "view_pins LEFT JOIN saved_views ON id = saved_id",
		}
		query.Where("user_id = ?", by.UserID)
		sql := query.SQL() + " ORDER BY pinned_at, view"
		return db.Collect(s.db.Read(ctx), sql, false, query.Args, func(p *Pin) []any { return []any{&p.View, &p.Name, &p.Query, &p.Saved} })
	})
	return pins, s.db.Failed(ctx, err)
}

// PinnedBy returns the names of the other users in whose menus a view is. Errors:
// ErrNotFound, Denied.
func (s *SavedViews) PinnedBy(ctx context.Context, by access.Actor, id string) ([]string, error) {
	if _, err := s.View(ctx, by, id); err != nil {
		return nil, err
	}
	var names []string
	err := s.db.ReaderFor(ctx).Model(&viewPin{}).Joins("JOIN users ON users.id = user_id").
		Where("saved_id = ? AND user_id <> ?", id, by.UserID).Order("users.name, users.id").Limit(maxAccounts).Pluck("users.name", &names).Error
	return names, s.db.Failed(ctx, err)
}

// Pin puts a saved view in the actor's menu. Errors: ErrNotFound, Conflict if the menu is
// full.
func (s *SavedViews) Pin(ctx context.Context, by access.Actor, id string) error {
	return s.write(ctx, by, PinnedView, func(tx *gorm.DB, line *audit.Line) error {
		v, err := viewIn(tx, by, id)
		if err != nil {
			return err
		}
		line.SetObject("view", v.ID, v.Name)
		return s.insertPin(tx, viewPin{UserID: by.UserID, View: v.ID, SavedID: &v.ID})
	})
}

// PinBuiltIn puts a built-in view in the actor's menu; view is its name, and title what it
// is called. Errors: Conflict if the menu is full.
func (s *SavedViews) PinBuiltIn(ctx context.Context, by access.Actor, view, title string) error {
	return s.write(ctx, by, PinnedView, func(tx *gorm.DB, line *audit.Line) error {
		line.SetObject("view", "", title)
		return s.insertPin(tx, viewPin{UserID: by.UserID, View: view})
	})
}

// insertPin adds a pin. It returns ErrNothing if it is there already.
func (s *SavedViews) insertPin(tx *gorm.DB, p viewPin) error {
	if err := s.db.Dialect.Lock(tx, "views:"+p.UserID); err != nil {
		return err
	}
	var pinned []string
	if err := tx.Model(&viewPin{}).Where("user_id = ?", p.UserID).Pluck("view", &pinned).Error; err != nil {
		return err
	}
	for _, view := range pinned {
		if view == p.View {
			return audit.ErrNothing
		}
	}
	if len(pinned) >= MaxPins {
		return access.Conflict{Message: "The menu has room for 12 views. Unpin one first."}
	}
	p.PinnedAt = s.db.Now().Unix()
	return tx.Create(&p).Error
}

// Unpin removes a view, as Pin.View names it, from the actor's menu; title is what it is
// called.
func (s *SavedViews) Unpin(ctx context.Context, by access.Actor, view, title string) error {
	return s.write(ctx, by, UnpinnedView, func(tx *gorm.DB, line *audit.Line) error {
		removed := tx.Where("user_id = ? AND view = ?", by.UserID, view).Delete(&viewPin{})
		if removed.Error == nil && removed.RowsAffected == 0 {
			return audit.ErrNothing
		}
		id := view
		if !text.ValidID(id) {
			id = ""
		}
		line.SetObject("view", id, title)
		return removed.Error
	})
}
