package avatars

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"strings"
	"testing"
)

var (
	red  = color.NRGBA{R: 255, A: 255}
	blue = color.NRGBA{B: 255, A: 255}
)

// quarter fills the upper left of a picture with red and all else with blue.
func quarter(p interface {
	image.Image
	Set(x, y int, c color.Color)
},
) {
	for y := range p.Bounds().Dy() {
		for x := range p.Bounds().Dx() {
			c := blue
			if x < p.Bounds().Dx()/2 && y < p.Bounds().Dy()/2 {
				c = red
			}
			p.Set(x, y, c)
		}
	}
}

func pngOf(t *testing.T, p image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, p); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func jpegOf(t *testing.T, p image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, p, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func samplePNG(t *testing.T) []byte {
	t.Helper()
	p := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	quarter(p)
	return pngOf(t, p)
}

// colors returns which of a rendered picture's corners are red (r) and blue (b), row by row.
func colors(t *testing.T, shown []byte) string {
	t.Helper()
	p, format, err := image.Decode(bytes.NewReader(shown))
	if err != nil || format != "png" || p.Bounds() != image.Rect(0, 0, Size, Size) {
		t.Fatalf("%s of %v: %v", format, p.Bounds(), err)
	}
	var all strings.Builder
	for _, at := range []image.Point{{10, 10}, {Size - 10, 10}, {10, Size - 10}, {Size - 10, Size - 10}} {
		r, g, b, a := p.At(at.X, at.Y).RGBA()
		switch {
		case a != 0xffff:
			all.WriteString("transparent ")
		case r > 0xc000 && g < 0x4000 && b < 0x4000:
			all.WriteByte('r')
		case b > 0xc000 && g < 0x4000 && r < 0x4000:
			all.WriteByte('b')
		default:
			all.WriteByte('?')
		}
	}
	return all.String()
}

func TestPicturesOfEveryKind(t *testing.T) {
	t.Parallel()
	deep := image.NewNRGBA64(image.Rect(0, 0, 64, 64))
	quarter(deep)
	paletted := image.NewPaletted(image.Rect(0, 0, 64, 64), color.Palette{red, blue})
	quarter(paletted)
	second := image.NewPaletted(paletted.Bounds(), color.Palette{blue})
	var animated bytes.Buffer
	if err := gif.EncodeAll(&animated, &gif.GIF{Image: []*image.Paletted{paletted, second}, Delay: []int{1, 1}}); err != nil {
		t.Fatal(err)
	}
	wide := image.NewNRGBA(image.Rect(0, 0, 1000, 100)) // whose middle is blue
	quarter(wide)
	for name, test := range map[string]struct {
		file []byte
		want string
	}{
		"PNG":                     {samplePNG(t), "rbbb"},
		"PNG of 16 bits":          {pngOf(t, deep), "rbbb"},
		"JPEG":                    {jpegOf(t, deep), "rbbb"},
		"the first frame of many": {animated.Bytes(), "rbbb"},
		"the middle":              {pngOf(t, wide.SubImage(image.Rect(450, 0, 550, 100))), "rbbb"},
		"CMYK":                    {fileOf(t, "testdata/cmyk.jpeg"), "????"},
		"WebP":                    {fileOf(t, "testdata/lossy.webp"), "????"},
		"lossless WebP":           {fileOf(t, "testdata/lossless.webp"), "????"},
	} {
		shown, err := render(test.file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := colors(t, shown); got != test.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func fileOf(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestTransparencyIsWhite(t *testing.T) {
	t.Parallel()
	shown, err := render(pngOf(t, image.NewNRGBA(image.Rect(0, 0, 20, 20))))
	if err != nil {
		t.Fatal(err)
	}
	p, err := png.Decode(bytes.NewReader(shown))
	if err != nil || color.NRGBAModel.Convert(p.At(40, 40)) != (color.NRGBA{255, 255, 255, 255}) {
		t.Errorf("%v, %v", p.At(40, 40), err)
	}
}

// exif puts Exif data with an orientation into a JPEG.
func exif(file []byte, order binary.AppendByteOrder, mark string, orientation uint16) []byte {
	data := []byte("Exif\x00\x00" + mark)
	data = order.AppendUint32(order.AppendUint16(data, 42), 8)
	data = order.AppendUint16(data, 1)
	data = order.AppendUint32(order.AppendUint16(order.AppendUint16(data, 0x0112), 3), 1)
	data = order.AppendUint32(order.AppendUint16(order.AppendUint16(data, orientation), 0), 0)
	segment := append(binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(data)+2)), data...)
	return append(append(append([]byte{}, file[:2]...), segment...), file[2:]...)
}

func TestPhotosAreUpright(t *testing.T) {
	t.Parallel()
	p := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	quarter(p)
	file := jpegOf(t, p)
	// Where the upper left of what is stored is seen, by orientation: see Exif 2.3, 4.6.4.
	for orientation, want := range []string{"rbbb", "rbbb", "brbb", "bbbr", "bbrb", "rbbb", "brbb", "bbbr", "bbrb", "rbbb"} {
		for mark, order := range map[string]binary.AppendByteOrder{"II": binary.LittleEndian, "MM": binary.BigEndian} {
			shown, err := render(exif(file, order, mark, uint16(orientation)))
			if err != nil {
				t.Fatal(err)
			}
			if got := colors(t, shown); got != want {
				t.Errorf("%s %d: %s, want %s", mark, orientation, got, want)
			}
		}
	}
}

// TestBrokenExifIsNone cuts Exif data everywhere, and sets each byte to the largest.
func TestBrokenExifIsNone(t *testing.T) {
	t.Parallel()
	whole := exif([]byte{0xff, 0xd8, 0xff, 0xda}, binary.BigEndian, "MM", 6)
	if got := orientation(whole); got != 6 {
		t.Fatalf("whole: %d", got)
	}
	for i := range whole {
		for _, broken := range [][]byte{whole[:i], append(append(append([]byte{}, whole[:i]...), 0xff), whole[i+1:]...)} {
			if got := orientation(broken); got < 1 || got > 8 {
				t.Errorf("broken at %d: %d", i, got)
			}
		}
	}
}

// bomb is a PNG of few bytes that says it is large.
func bomb(width, height uint32) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("IHDR"), width), height)
	head = append(head, 8, 6, 0, 0, 0)
	file := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(head))
}

func TestWhatIsNoPictureIsRefused(t *testing.T) {
	t.Parallel()
	whole := samplePNG(t)
	for name, file := range map[string][]byte{
		"nothing":         {},
		"SVG":             []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
		"HTML":            []byte("<!DOCTYPE html><title>No picture</title>"),
		"bomb":            bomb(100_000, 100_000),
		"largest bomb":    bomb(1<<31-1, 1<<31-1),
		"wide bomb":       bomb(maxPixels+1, 1),
		"truncated":       whole[:len(whole)-20],
		"truncated JPEG":  jpegOf(t, image.NewNRGBA(image.Rect(0, 0, 64, 64)))[:400],
		"empty GIF frame": []byte("GIF89a\x00\x00\x00\x00\x00\x00\x00;"),
	} {
		if _, err := render(file); err == nil {
			t.Errorf("%s is a picture", name)
		}
	}
	segment := []byte{0xff, 0xc2, 0, 17, 8, 0x0f, 0xa0, 0x0f, 0xa0, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0} // 4000 x 4000
	if _, err := render(append([]byte{0xff, 0xd8}, append(segment, 0xff, 0xda, 0, 2)...)); err != errTooManyPixels {
		t.Errorf("a large progressive JPEG: %v", err)
	}
	if _, err := render(bomb(5000, 5000)); err != errTooManyPixels {
		t.Errorf("bomb: %v", err)
	}
}
