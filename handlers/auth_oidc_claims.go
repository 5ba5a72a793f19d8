package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"protocol.chat/console/models/identity"
)

// claims are what a token says about a user.
type claims struct {
	Email    string `json:"email"`
	Verified answer `json:"email_verified"`
}

// answer is yes, no or missing. Some providers send it as text.
type answer struct{ given, yes bool }

// UnmarshalJSON takes true and "true" for yes, and null for missing.
func (a *answer) UnmarshalJSON(b []byte) error {
	if string(b) != "null" {
		*a = answer{given: true, yes: string(bytes.Trim(b, `"`)) == "true"}
	}
	return nil
}

// verifyToken exchanges the code for a token, checks it, and returns whom it names.
func (p *provider) verifyToken(r *http.Request, request identity.OIDCRequest, browser string) (identity.ProviderClaims, error) {
	if named := r.FormValue("iss"); named != "" && !sameIssuer(named, p.Issuer) {
		return identity.ProviderClaims{}, fmt.Errorf("the answer is from %q", clip(named)) // RFC 9207
	}
	ctx := oidc.ClientContext(r.Context(), p.client)
	found, err := p.discover(ctx)
	if err != nil {
		return identity.ProviderClaims{}, err
	}
	token, err := p.config(found).Exchange(ctx, r.FormValue("code"), oauth2.VerifierOption(verifier(browser, request.State)))
	if err != nil {
		return identity.ProviderClaims{}, redactOAuthError(err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := found.VerifierContext(ctx, &oidc.Config{ClientID: p.ClientID}).Verify(ctx, raw)
	if err == nil {
		err = p.checkToken(id, request.Nonce)
	}
	if err != nil {
		return identity.ProviderClaims{}, err
	}
	claimed, err := p.claims(ctx, found, id, token)
	return identity.ProviderClaims{Issuer: id.Issuer, Subject: id.Subject, Email: claimed.Email, Verified: claimed.Verified.yes}, err
}

// checkToken checks what the library leaves to its caller: OpenID Connect Core, 2 and
// 3.1.3.7. A token without a subject would be everybody's.
func (p *provider) checkToken(id *oidc.IDToken, nonce string) error {
	var party struct {
		Authorized *string `json:"azp"`
	}
	if err := id.Claims(&party); err != nil {
		return err
	}
	switch {
	case id.Nonce != nonce:
		return errors.New("the token has another nonce")
	case strings.TrimSpace(id.Subject) == "":
		return errors.New("the token names no subject")
	case party.Authorized == nil && len(id.Audience) > 1:
		return errors.New("the token is for several clients, and does not say for which it was made")
	case party.Authorized != nil && *party.Authorized != p.ClientID:
		return fmt.Errorf("the token was made for the client %q", clip(*party.Authorized))
	}
	return nil
}

// claims returns what the token says. If it leaves out the address, or whether that is verified, the
// provider is asked.
func (p *provider) claims(ctx context.Context, found *oidc.Provider, id *oidc.IDToken, token *oauth2.Token) (claims, error) {
	var claimed claims
	if err := id.Claims(&claimed); err != nil || claimed.Email != "" && claimed.Verified.given || found.UserInfoEndpoint() == "" {
		return claimed, err
	}
	info, err := found.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return claimed, err
	}
	if info.Subject != id.Subject {
		return claimed, errors.New("the provider answered about another user than its token does")
	}
	return claimed, info.Claims(&claimed)
}
