package views

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// qrCode is a QR code. The page must also show its content as text.
type qrCode string

// margin is the quiet zone around the code, in modules.
const margin = 4

func (q qrCode) Render(_ context.Context, w io.Writer) error {
	code, err := qr.Encode(string(q), qr.M, qr.Unicode)
	if err != nil {
		return err
	}
	size := code.Bounds().Dx()
	var path strings.Builder
	for y := range size {
		for x := range size {
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+margin, y+margin)
			}
		}
	}
	return write(w, fmt.Sprintf(`<svg class="qr" role="img" aria-label="QR code for your authenticator app" viewBox="0 0 %[1]d %[1]d"><rect width="%[1]d" height="%[1]d"></rect><path d="`, size+2*margin), path.String(), `"></path></svg>`)
}
