package avatars

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// segments returns the markers of a JPEG before its first scan, with what follows each.
func segments(jpeg []byte) iter.Seq2[byte, []byte] {
	const startOfScan = 0xda
	return func(yield func(byte, []byte) bool) {
		rest := jpeg[min(len(jpeg), 2):] // after the start of the image
		for len(rest) >= 4 && rest[0] == 0xff && rest[1] != startOfScan {
			length := int(binary.BigEndian.Uint16(rest[2:])) // with its own two bytes
			if length < 2 || 2+length > len(rest) || !yield(rest[1], rest[4:2+length]) {
				return
			}
			rest = rest[2+length:]
		}
	}
}

// orientation returns how a JPEG is to be turned, from 1 (not at all) to 8, as its Exif data say.
// What can't be read counts as 1.
func orientation(jpeg []byte) int {
	const app1 = 0xe1
	for marker, content := range segments(jpeg) {
		if tiff, isExif := bytes.CutPrefix(content, []byte("Exif\x00\x00")); isExif && marker == app1 {
			return exifOrientation(tiff)
		}
	}
	return 1
}

// progressive reports whether a JPEG comes in several scans, all of which are in memory at once.
func progressive(jpeg []byte) bool {
	const startOfProgressive = 0xc2
	for marker := range segments(jpeg) {
		if marker == startOfProgressive {
			return true
		}
	}
	return false
}

// exifOrientation returns the orientation in the first directory of Exif data, which are a TIFF
// file.
func exifOrientation(tiff []byte) int {
	const tag, short, entry = 0x0112, 3, 12
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if string(tiff[:2]) == "II" {
		order = binary.LittleEndian
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 1
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < entry {
			return 1
		}
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short {
			if turn := int(order.Uint16(entries[8:])); turn >= 1 && turn <= 8 {
				return turn
			}
			return 1
		}
		entries = entries[entry:]
	}
	return 1
}
