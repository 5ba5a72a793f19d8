package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"text/tabwriter"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
)

func createToken(ctx context.Context, c *command) error {
	var token identity.NewToken
	c.database()
	c.flags.StringVar(&token.Name, "name", "", "token `NAME`, such as its purpose")
	scopes := c.flags.String("scopes", "read", "`PERMISSIONS`: read, write, or a list like groups.read,members.edit")
	networks := c.flags.String("networks", "", "allowed `ADDRESSES`, like 203.0.113.7,198.51.100.0/24; any by default")
	expires := c.flags.Duration("expires", 0, "`TIME` until the token expires, like 720h; never by default")
	email := c.flags.String("user", "", "`EMAIL` of the user it belongs to; the first owner by default")
	if _, err := c.parse(); err != nil {
		return err
	}
	given := false
	c.flags.Visit(func(f *flag.Flag) { given = given || f.Name == "expires" })
	if given && *expires <= 0 {
		return misusef("-expires must be a positive time like 720h")
	}
	var err error
	if token.Scopes, err = access.ParseScopes(*scopes); err != nil {
		return explain(err)
	}
	if token.Networks, err = access.ParseNetworks(*networks); err != nil {
		return explain(err)
	}
	return c.withStore(ctx, func(store *models.Store) error {
		user, err := tokenOwner(ctx, store, *email)
		if err != nil {
			return err
		}
		token.UserID = user.ID
		if *expires > 0 {
			at := time.Now().Add(*expires).Unix()
			token.ExpiresAt = &at
		}
		_, secret, err := store.Identity.Tokens.CreateToken(ctx, c.actor(), token, nil)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.stdout, secret)
		return err
	})
}

func tokenOwner(ctx context.Context, store *models.Store, email string) (identity.User, error) {
	if email != "" {
		return userByEmail(ctx, store, email)
	}
	user, err := store.Identity.Users.FirstOwner(ctx)
	if errors.Is(err, access.ErrNotFound) {
		err = errors.New("a token belongs to a user, and there are none yet; create an owner with console user create")
	}
	return user, err
}

func listTokens(ctx context.Context, c *command) error {
	c.database()
	if _, err := c.parse(); err != nil {
		return err
	}
	return c.withStoreToRead(ctx, func(store *models.Store) error {
		tokens, err := allTokens(ctx, store, c.actor())
		if err != nil {
			return err
		}
		return c.printTokens(tokens)
	})
}

// allTokens returns the tokens of all users.
func allTokens(ctx context.Context, store *models.Store, by access.Actor) ([]identity.Token, error) {
	var tokens []identity.Token
	query := identity.TokenQuery{Range: db.Range{Limit: db.MaxLimit}}
	for {
		page, err := store.Identity.Tokens.Tokens(ctx, by, query)
		tokens = append(tokens, page.Tokens...)
		if err != nil || !page.More {
			return tokens, err
		}
		query.After.ID = tokens[len(tokens)-1].ID
	}
}

func (c *command) printTokens(tokens []identity.Token) error {
	table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tTOKEN\tNAME\tUSER\tSCOPES\tCREATED\tLAST USED\tEXPIRES")
	for _, t := range tokens {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			t.ID, t.Hint, t.Name, t.UserName, t.Scopes.Short(), day(&t.CreatedAt, ""), day(t.LastUsedAt, "never"), tokenEnd(t))
	}
	return table.Flush()
}

func tokenEnd(t identity.Token) string {
	if t.RevokedAt != nil {
		return "revoked " + day(t.RevokedAt, "")
	}
	return day(t.ExpiresAt, "never")
}

// day returns a time as tables show it, or otherwise if it is nil.
func day(at *int64, otherwise string) string {
	if at == nil {
		return otherwise
	}
	return time.Unix(*at, 0).UTC().Format(time.DateOnly)
}

func revokeToken(ctx context.Context, c *command) error {
	c.database()
	args, err := c.parse("ID")
	if err != nil {
		return err
	}
	return c.withStore(ctx, func(store *models.Store) error {
		err := store.Identity.Tokens.RevokeToken(ctx, c.actor(), args[0])
		if errors.Is(err, access.ErrNotFound) {
			return noToken(args[0])
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.stdout, "Revoked token %s.\n", args[0])
		return err
	})
}

func rotateToken(ctx context.Context, c *command) error {
	c.database()
	overlap := c.flags.Duration("overlap", 0, "`TIME` the old secret keeps working: 0, 1h, 24h or 72h")
	args, err := c.parse("ID")
	if err != nil {
		return err
	}
	return c.withStore(ctx, func(store *models.Store) error {
		_, secret, err := store.Identity.Tokens.RotateToken(ctx, c.actor(), args[0], *overlap, nil)
		if errors.Is(err, access.ErrNotFound) {
			return noToken(args[0])
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.stdout, secret)
		return err
	})
}

func noToken(id string) error {
	return fmt.Errorf("no token with ID %s; see console token list", id)
}
