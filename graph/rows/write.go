package rows

import (
	"strconv"
	"time"

	"customerhub/graph/model"
)

// What is written here is what gqlgen would write, byte for byte.

const hexDigits = "0123456789ABCDEF"

// appendText writes a text as a JSON string.
func appendText[T ~string | ~[]byte](out []byte, s T) []byte {
	out = append(out, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '\\' && c != '"' {
			continue
		}
		out = append(out, s[start:i]...)
		switch c {
		case '\t':
			out = append(out, '\\', 't')
		case '\r':
			out = append(out, '\\', 'r')
		case '\n':
			out = append(out, '\\', 'n')
		case '\\', '"':
			out = append(out, '\\', c)
		default:
			out = append(out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		}
		start = i + 1
	}
	return append(append(out, s[start:]...), '"')
}

func appendNull(out []byte) []byte { return append(out, "null"...) }

func appendBool(out []byte, b bool) []byte { return strconv.AppendBool(out, b) }

func appendInt(out []byte, n int64) []byte { return strconv.AppendInt(out, n, 10) }

func appendMoment(out []byte, t time.Time) []byte {
	out = append(out, '"')
	out = t.UTC().AppendFormat(out, time.RFC3339Nano)
	return append(out, '"')
}

func appendID(out []byte, n model.Noun, id value) []byte {
	var text [uuidLength]byte
	out = model.AppendGlobalID(append(out, '"'), n, appendUUID(text[:0], id))
	return append(out, '"')
}

// appendName writes a response name, which is a GraphQL name and needs no quoting, with its colon.
func appendName(name string) []byte {
	return append(appendText(nil, name), ':')
}

func appendDay(out []byte, day time.Time) []byte {
	out = append(out, '"')
	out = day.AppendFormat(out, time.DateOnly)
	return append(out, '"')
}
