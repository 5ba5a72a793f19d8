package avatars

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // the formats that are read; of a GIF, the first frame
	_ "image/jpeg"
	"image/png"
	"sync"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
)

const (
	// Size is the width and height of what is shown, in pixels: twice what the largest avatar of
	// a page takes.
	Size = 96
	// maxPixels is how many pixels a picture may have. Its file says so before any is decoded.
	maxPixels = 20_000_000
	// maxProgressive is that of a progressive JPEG, whose decoder takes five times as much memory.
	maxProgressive = 10_000_000
)

var errTooManyPixels = errors.New("the picture has too many pixels")

// decoding is held while a picture is decoded, which takes up to 200 MB:
// there is never memory for more than one.
var decoding sync.Mutex

// render makes what is shown out of a file: the middle of the picture as an opaque PNG, upright,
// of Size. Nothing else of the file gets into it.
func render(file []byte) (shown []byte, err error) {
	decoding.Lock()
	defer decoding.Unlock()
	defer func() {
		if fault := recover(); fault != nil { // a decoder's, over what somebody made for it
			err = fmt.Errorf("decode the picture: %v", fault)
		}
	}()
	config, format, err := image.DecodeConfig(bytes.NewReader(file))
	most := maxPixels
	if format == "jpeg" && progressive(file) {
		most = maxProgressive
	}
	switch {
	case err != nil:
		return nil, err
	case config.Width <= 0 || config.Height <= 0 || config.Width > most/config.Height:
		return nil, errTooManyPixels
	}
	picture, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	small := image.NewRGBA(image.Rect(0, 0, Size, Size))
	draw.Draw(small, small.Bounds(), image.White, image.Point{}, draw.Src)
	draw.CatmullRom.Scale(small, small.Bounds(), picture, middle(picture.Bounds()), draw.Over, nil)
	if format == "jpeg" {
		small = upright(small, orientation(file))
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	err = encoder.Encode(&out, small)
	return out.Bytes(), err
}

// middle returns the largest square in the middle of a picture.
func middle(r image.Rectangle) image.Rectangle {
	side := min(r.Dx(), r.Dy())
	corner := r.Min.Add(image.Pt((r.Dx()-side)/2, (r.Dy()-side)/2))
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))}
}

// upright returns a square picture as its Exif orientation, from 1 to 8, says that it is seen.
func upright(p *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return p
	}
	last := p.Bounds().Dx() - 1
	turned := image.NewRGBA(p.Bounds())
	for y := range last + 1 {
		for x := range last + 1 {
			from := image.Pt(x, y)
			if orientation >= 5 { // rows are columns
				from = image.Pt(y, x)
			}
			if orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8 {
				from.X = last - from.X
			}
			if orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7 {
				from.Y = last - from.Y
			}
			turned.SetRGBA(x, y, p.RGBAAt(from.X, from.Y))
		}
	}
	return turned
}

// None is what is answered in place of a picture that can't be shown: one transparent pixel, which
// leaves the initials under it visible.
var None = nothing()

func nothing() []byte {
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.Transparent})); err != nil {
		panic(err) // can't be: it is always the same
	}
	return out.Bytes()
}
