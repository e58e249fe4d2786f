package netvisor

import (
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// latin9 are the eight places where ISO-8859-15 differs from ISO-8859-1.
var latin9 = map[byte]rune{0xA4: '€', 0xA6: 'Š', 0xA8: 'š', 0xB4: 'Ž', 0xB8: 'ž', 0xBC: 'Œ', 0xBD: 'œ', 0xBE: 'Ÿ'}

// windows1252 are bytes 0x80 to 0x9F; zero is a byte without a character.
var windows1252 = [32]rune{
	'€', 0, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0, 'Ž', 0,
	0, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0, 'ž', 'Ÿ',
}

// decodeText reads bytes in a named encoding. An empty name, and UTF-8 that turns out not to be, are tried as UTF-8 and then as
// ISO-8859-15, since declarations lie [inferred]. Unknown names are an error.
func decodeText(b []byte, charset string) (string, error) {
	switch strings.ToLower(strings.TrimSpace(charset)) {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		if utf8.Valid(b) {
			return string(b), nil
		}
		return decodeBytes(b, latin9Rune), nil
	case "iso-8859-15", "iso8859-15", "latin-9", "latin9", "iso_8859-15":
		return decodeBytes(b, latin9Rune), nil
	case "iso-8859-1", "iso8859-1", "latin1", "latin-1", "iso_8859-1":
		return decodeBytes(b, func(c byte) rune { return rune(c) }), nil
	case "windows-1252", "cp1252", "cp-1252", "ansi":
		return decodeBytes(b, func(c byte) rune {
			if c >= 0x80 && c <= 0x9F {
				if r := windows1252[c-0x80]; r != 0 {
					return r
				}
				return utf8.RuneError
			}
			return rune(c)
		}), nil
	default:
		return "", errors.New("encoding " + charset + " is not known here; save the file as UTF-8")
	}
}

func latin9Rune(c byte) rune {
	if r, ok := latin9[c]; ok {
		return r
	}
	return rune(c)
}

func decodeBytes(b []byte, to func(byte) rune) string {
	var s strings.Builder
	s.Grow(len(b) + len(b)/8)
	for _, c := range b {
		s.WriteRune(to(c))
	}
	return s.String()
}

// decodeUTF16 reads UTF-16 without its byte order mark.
func decodeUTF16(b []byte, bigEndian bool) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		lo, hi := b[2*i], b[2*i+1]
		if bigEndian {
			lo, hi = hi, lo
		}
		units[i] = uint16(lo) | uint16(hi)<<8
	}
	return string(utf16.Decode(units))
}

// encodeLatin9 writes ISO-8859-15; false when a character does not fit.
func encodeLatin9(s string) (string, bool) {
	b := make([]byte, 0, len(s))
next:
	for _, r := range s {
		if r > 0xFF {
			for c, l := range latin9 {
				if l == r {
					b = append(b, c)
					continue next
				}
			}
			return "", false
		}
		if _, moved := latin9[byte(r)]; moved {
			return "", false
		}
		b = append(b, byte(r))
	}
	return string(b), true
}
