package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
)

func createUser(ctx context.Context, c *command) error {
	var user identity.NewUser
	c.database()
	c.flags.StringVar(&user.Email, "email", "", "`EMAIL` to sign in with")
	c.flags.StringVar(&user.Name, "name", "", "`NAME` of the user")
	c.flags.StringVar((*string)(&user.Role), "role", string(access.Owner), "`ROLE` of the user: owner, admin, editor, moderator or auditor")
	fromStdin := c.passwordFlag()
	if _, err := c.parse(); err != nil {
		return err
	}
	return c.withStore(ctx, func(store *models.Store) error {
		var err error
		if user.Password, err = c.password(ctx, *fromStdin); err != nil {
			return err
		}
		made, err := store.Identity.Users.CreateUser(ctx, c.actor(), user)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.stdout, "%s can sign in as %s.\n", made.Name, made.Email)
		return err
	})
}

func setPassword(ctx context.Context, c *command) error {
	fromStdin := c.passwordFlag()
	return c.withUser(ctx, func(store *models.Store, user identity.User) error {
		password, err := c.password(ctx, *fromStdin)
		if err != nil {
			return err
		}
		if err := store.Identity.Users.SetPassword(ctx, c.actor(), user.Email, password); err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.stdout, "Changed the password of %s.\n", user.Email)
		return err
	})
}

func listUsers(ctx context.Context, c *command) error {
	c.database()
	if _, err := c.parse(); err != nil {
		return err
	}
	return c.withStoreToRead(ctx, func(store *models.Store) error {
		accounts, err := store.Identity.Users.Accounts(ctx, c.actor())
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "EMAIL\tNAME\tROLE\tSECOND FACTOR\tLAST SEEN\tSTATUS")
		for _, a := range accounts {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", a.Email, a.Name, a.Role, onOff(a.SecondFactor()), day(a.SeenAt, "never"), userState(a.User))
		}
		return table.Flush()
	})
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func userState(u identity.User) string {
	if u.DisabledAt != nil {
		return "disabled " + day(u.DisabledAt, "")
	}
	return "active"
}

func changeRole(ctx context.Context, c *command) error {
	role := c.flags.String("role", "", "new `ROLE`: owner, admin, editor, moderator or auditor")
	return changeUser(ctx, c, "has the new role", func(store *models.Store, id string) (identity.User, error) {
		return store.Identity.Users.ChangeRole(ctx, c.actor(), id, access.Role(*role))
	})
}

func disableUser(ctx context.Context, c *command) error {
	return changeUser(ctx, c, "is disabled", func(store *models.Store, id string) (identity.User, error) {
		return store.Identity.Users.Disable(ctx, c.actor(), id)
	})
}

func enableUser(ctx context.Context, c *command) error {
	return changeUser(ctx, c, "can sign in again", func(store *models.Store, id string) (identity.User, error) {
		return store.Identity.Users.Enable(ctx, c.actor(), id)
	})
}

func resetSecondFactor(ctx context.Context, c *command) error {
	return changeUser(ctx, c, "no longer has a second factor", func(store *models.Store, id string) (identity.User, error) {
		return store.Identity.Users.ResetSecondFactor(ctx, c.actor(), id)
	})
}

// changeUser runs do on the user with the address -email, and prints the result.
func changeUser(ctx context.Context, c *command, then string, do func(store *models.Store, id string) (identity.User, error)) error {
	return c.withUser(ctx, func(store *models.Store, user identity.User) error {
		user, err := do(store, user.ID)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.stdout, "%s %s.\n", user.Email, then)
		return err
	})
}

// withUser opens the store and calls do with the user with the address -email.
func (c *command) withUser(ctx context.Context, do func(store *models.Store, user identity.User) error) error {
	c.database()
	email := c.flags.String("email", "", "`EMAIL` of the user")
	if _, err := c.parse(); err != nil {
		return err
	}
	if *email == "" {
		return misusef("-email is required")
	}
	return c.withStore(ctx, func(store *models.Store) error {
		user, err := userByEmail(ctx, store, *email)
		if err != nil {
			return err
		}
		return do(store, user)
	})
}

func userByEmail(ctx context.Context, store *models.Store, email string) (identity.User, error) {
	user, err := store.Identity.Users.UserByEmail(ctx, email)
	if errors.Is(err, access.ErrNotFound) {
		return user, fmt.Errorf("no user with the email %s", email)
	}
	return user, err
}
