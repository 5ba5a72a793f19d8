package main

import (
	"context"
	"errors"
	"fmt"

	"protocol.chat/console/models"
)

func createUser(ctx context.Context, c *command) error {
	var user models.NewUser
	c.database()
	c.flags.StringVar(&user.Email, "email", "", "`ADDRESS` to sign in with")
	c.flags.StringVar(&user.Name, "name", "", "`NAME` of the person")
	c.flags.StringVar((*string)(&user.Role), "role", string(models.Owner), "`ROLE` of the person: owner, admin, editor, moderator or auditor")
	fromStdin := c.passwordFlag()
	if _, err := c.parse(); err != nil {
		return err
	}
	return c.withStore(ctx, func(store *models.Store) error {
		var err error
		if user.Password, err = c.password(ctx, *fromStdin); err != nil {
			return err
		}
		made, err := store.CreateUser(ctx, c.actor(), user)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.stdout, "%s can sign in as %s.\n", made.Name, made.Email)
		return err
	})
}

func setPassword(ctx context.Context, c *command) error {
	c.database()
	email := c.flags.String("email", "", "`ADDRESS` that the person signs in with")
	fromStdin := c.passwordFlag()
	if _, err := c.parse(); err != nil {
		return err
	}
	if *email == "" {
		return misusef("say whose password: -email ADDRESS")
	}
	return c.withStore(ctx, func(store *models.Store) error {
		user, err := userByEmail(ctx, store, *email)
		if err != nil {
			return err
		}
		password, err := c.password(ctx, *fromStdin)
		if err != nil {
			return err
		}
		if err := store.SetPassword(ctx, c.actor(), user.Email, password); err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.stdout, "%s has a new password.\n", user.Email)
		return err
	})
}

func userByEmail(ctx context.Context, store *models.Store, email string) (models.User, error) {
	user, err := store.UserByEmail(ctx, email)
	if errors.Is(err, models.ErrNotFound) {
		return user, fmt.Errorf("nobody signs in as %s", email)
	}
	return user, err
}
