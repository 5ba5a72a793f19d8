package views

import (
	"context"
	"io"

	"github.com/a-h/templ"
)

// avatar is shown beside a name: its initials. class may be "round", "large" or "small".
type avatar struct{ name, class string }

func (a avatar) Render(_ context.Context, w io.Writer) error {
	return write(w, `<span class="avatar `, a.class, `" data-hue="`, hue(a.name), `" aria-hidden="true">`, initials(a.name), `</span>`)
}

// pictured is an avatar with a picture over its initials, which show where the picture can't be had.
type pictured struct {
	avatar
	picture templ.SafeURL
}

func (a pictured) Render(ctx context.Context, w io.Writer) error {
	if a.picture == "" || ctx.Value(picturesKey{}) == nil {
		return a.avatar.Render(ctx, w)
	}
	return write(w, `<span class="avatar `, a.class, `" data-hue="`, hue(a.name), `" aria-hidden="true">`, initials(a.name),
		`<img src="`, string(a.picture), `" alt="" width="30" height="30" loading="lazy" decoding="async"></span>`)
}

// groupAvatar is the avatar of a group whose picture is at address, if it has one.
func groupAvatar(id, name string, address *string, class string) pictured {
	a := pictured{avatar: avatar{name, class}}
	if address != nil {
		a.picture = GroupAvatarURL(id, *address)
	}
	return a
}

// contactAvatar is groupAvatar for a contact.
func contactAvatar(id, name string, address *string, class string) pictured {
	a := pictured{avatar: avatar{name, class}}
	if address != nil {
		a.picture = ContactAvatarURL(id, *address)
	}
	return a
}

type picturesKey struct{}

// WithPictures returns a context in which avatars are rendered with their pictures.
func WithPictures(ctx context.Context) context.Context {
	return context.WithValue(ctx, picturesKey{}, true)
}
