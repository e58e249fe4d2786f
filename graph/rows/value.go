package rows

import (
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/jackc/pgx/v5"
)

// value is one value of a row as Postgres sent it; nil is NULL. Texts, enums and JSON come as they are, all else in
// Postgres's binary form, which is what pgx asks for.
type value []byte

func (v value) integer() int64 {
	switch len(v) {
	case 8:
		return int64(binary.BigEndian.Uint64(v))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(v)))
	case 2:
		return int64(int16(binary.BigEndian.Uint16(v)))
	}
	return 0
}

func (v value) boolean() bool { return len(v) == 1 && v[0] == 1 }

// postgresEpoch is the moment from which Postgres counts, in microseconds and days.
var postgresEpoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func (v value) moment() time.Time {
	micros := v.integer()
	return time.UnixMicro(postgresEpoch.UnixMicro() + micros).UTC()
}

func (v value) day() time.Time { return postgresEpoch.AddDate(0, 0, int(v.integer())) }

// key is a UUID, by which rows find each other.
type key [16]byte

func (v value) key() (k key) {
	copy(k[:], v)
	return k
}

const uuidLength = 36

// appendUUID writes a UUID in its usual text form.
func appendUUID(out []byte, v value) []byte {
	if len(v) != len(key{}) {
		return out
	}
	for i, end := range [...]int{4, 6, 8, 10, 16} {
		if i > 0 {
			out = append(out, '-')
		}
		begin := [...]int{0, 4, 6, 8, 10}[i]
		out = hex.AppendEncode(out, v[begin:end])
	}
	return out
}

// texts walks a text[]: it calls each with every element.
func (v value) texts(each func(text []byte)) {
	const head, dimension = 12, 8
	if len(v) < head+dimension {
		return // NULL, or the empty array, which has no dimension
	}
	n := int(binary.BigEndian.Uint32(v[head:]))
	rest := v[head+dimension:]
	for ; n > 0 && len(rest) >= 4; n-- {
		size := int(int32(binary.BigEndian.Uint32(rest)))
		rest = rest[4:]
		if size < 0 {
			size = 0
		}
		each(rest[:size])
		rest = rest[size:]
	}
}

// rowset is what a statement gave: all values one behind the other.
type rowset struct {
	width int
	bytes []byte
	// ends are the ends of the values in bytes; a negative one is NULL, and the value is empty.
	ends []int
}

// read takes all rows in.
func (s *rowset) read(rows pgx.Rows) error {
	defer rows.Close()
	s.width = len(rows.FieldDescriptions())
	for rows.Next() {
		for _, raw := range rows.RawValues() {
			s.bytes = append(s.bytes, raw...)
			end := len(s.bytes)
			if raw == nil {
				end = -end - 1
			}
			s.ends = append(s.ends, end)
		}
	}
	return rows.Err()
}

func (s *rowset) len() int {
	if s.width == 0 {
		return 0
	}
	return len(s.ends) / s.width
}

// cut leaves the first n rows.
func (s *rowset) cut(n int) { s.ends = s.ends[:n*s.width] }

func (s *rowset) at(row, column int) value {
	i := row*s.width + column
	end := s.ends[i]
	if end < 0 {
		return nil
	}
	begin := 0
	if i > 0 {
		if begin = s.ends[i-1]; begin < 0 {
			begin = -begin - 1
		}
	}
	return value(s.bytes[begin:end:end])
}
