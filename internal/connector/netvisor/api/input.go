package api

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Bounds of a reply. The largest real card is a few hundred kilobytes of offices.
const (
	maxDepth          = 32
	maxTokenBytes     = 1 << 20
	maxRecordBytes    = 8 << 20
	maxRecordElements = 50_000
	maxElements       = 20_000_000
	maxUnknown        = 20
	sniffBytes        = 512
	sampleBytes       = 512 // a power of two
)

var (
	errNUL      = errors.New("a NUL character")
	errDoctype  = errors.New("a document type declaration, which may define entities")
	errDepth    = fmt.Errorf("elements nested deeper than %d", maxDepth)
	errToken    = fmt.Errorf("a name or text longer than %d bytes", maxTokenBytes)
	errRecord   = fmt.Errorf("one customer with more than %d bytes or %d elements", maxRecordBytes, maxRecordElements)
	errElements = fmt.Errorf("more than %d elements", maxElements)
	errTrailing = errors.New("text after the end of the document")
)

// input feeds the XML decoder byte by byte. It takes out control characters that XML forbids, written as they are or as
// references: one customer's name with a pasted control character would otherwise make every reply that names it
// unreadable for good (Promise 7). It ends a token that grows beyond bounds, since the decoder keeps a token in memory.
type input struct {
	src   *bufio.Reader
	count int64 // bytes handed out
	token int64 // count at which the current token is too long
	// last are the bytes handed out last, where count tells the next place: what a broken reply read like where it broke.
	last [sampleBytes]byte
}

func newInput(r io.Reader) (in *input, sample []byte, err error) {
	src := bufio.NewReaderSize(r, 64<<10)
	head, err := src.Peek(sniffBytes)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		_, _ = src.Discard(3)
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}), bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		utf16 := unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
		src = bufio.NewReaderSize(transform.NewReader(src, utf16.NewDecoder()), 64<<10)
	}
	head, err = src.Peek(sniffBytes)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	return &input{src: src, token: maxTokenBytes}, bytes.Clone(head), nil
}

// next allows another token.
func (in *input) next() { in.token = in.count + maxTokenBytes }

// ReadByte implements io.ByteReader, which keeps the XML decoder from reading ahead.
func (in *input) ReadByte() (byte, error) {
	for {
		b, err := in.src.ReadByte()
		if err != nil {
			return 0, err
		}
		in.last[in.count%sampleBytes] = b
		in.count++
		switch {
		case in.count > in.token:
			return 0, errToken
		case b == 0:
			return 0, errNUL
		case b < ' ' && b != '\t' && b != '\n' && b != '\r':
			continue
		case b == '&' && in.skipControlReference():
			continue
		}
		return b, nil
	}
}

// sample is what was handed out last.
func (in *input) sample() string {
	at := in.count % sampleBytes
	text := append(bytes.Clone(in.last[at:]), in.last[:at]...)
	if in.count < sampleBytes {
		text = text[sampleBytes-in.count:]
	}
	return strings.ToValidUTF8(string(text), "\uFFFD")
}

// skipControlReference takes away what follows an ampersand when both are a reference to a character that XML forbids.
func (in *input) skipControlReference() bool {
	head, _ := in.src.Peek(16)
	digits, ok := bytes.CutPrefix(head, []byte("#"))
	if !ok {
		return false
	}
	digits, _, ok = bytes.Cut(digits, []byte(";"))
	if !ok {
		return false
	}
	base, number := 10, string(digits)
	if hex, ok := strings.CutPrefix(number, "x"); ok {
		base, number = 16, hex
	}
	n, err := strconv.ParseUint(number, base, 32)
	if err != nil || !forbidden(rune(n)) {
		return false
	}
	skipped, _ := in.src.Discard(len(digits) + 2)
	in.count += int64(skipped)
	return true
}

// forbidden says whether XML forbids the character although it is one.
func forbidden(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF || r >= 0xD800 && r <= 0xDFFF
}

// Read implements io.Reader for the decoders of other encodings.
func (in *input) Read(p []byte) (int, error) {
	for n := range p {
		b, err := in.ReadByte()
		if err != nil {
			return n, err
		}
		p[n] = b
		if in.src.Buffered() == 0 {
			return n + 1, nil
		}
	}
	return len(p), nil
}

// charset opens the encoding that a reply declares. The names of UTF-16 pass: a reply in it has been converted already,
// and .NET declares it for texts that were never in it.
func charset(label string, in io.Reader) (io.Reader, error) {
	var e encoding.Encoding
	switch strings.ToLower(strings.TrimSpace(label)) {
	case "", "utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "us-ascii", "ascii":
		return in, nil
	case "iso-8859-1", "iso8859-1", "latin1", "latin-1", "iso_8859-1":
		e = charmap.ISO8859_1
	case "iso-8859-15", "iso8859-15", "latin9", "latin-9", "iso_8859-15":
		e = charmap.ISO8859_15
	case "windows-1252", "cp1252":
		e = charmap.Windows1252
	default:
		return nil, fmt.Errorf("the encoding %.40q is not known", label)
	}
	return transform.NewReader(in, e.NewDecoder()), nil
}

// sniff says what a text that is no reply looks like; empty for one that may be a reply.
func sniff(head []byte) string {
	text := strings.TrimSpace(string(head))
	low := strings.ToLower(text)
	switch {
	case text == "":
		return "nothing"
	case strings.HasPrefix(low, "<!doctype html"), strings.HasPrefix(low, "<html"):
		return "a web page"
	case text[0] == '{' || text[0] == '[':
		return "JSON"
	case text[0] != '<':
		return "text that is not XML"
	}
	return ""
}

// NotReplyError is an answer that is not Netvisor's at all: a login or error page, JSON, nothing.
type NotReplyError struct {
	// What says what it is, in words such as "a web page".
	What string
	// Sample is how it begins. It may hold anything.
	Sample string
}

// Error implements error, without the sample.
func (e *NotReplyError) Error() string { return "the answer is " + e.What }

func notReply(what string, sample []byte) error {
	text := strings.ToValidUTF8(string(sample), "\uFFFD")
	for len(text) > sniffBytes {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return &NotReplyError{What: what, Sample: text}
}

// BrokenError is a reply that cannot be trusted: cut off, not well formed, or beyond bounds. Nothing of it may be used.
type BrokenError struct {
	// Offset is how many bytes of it were read.
	Offset int64
	// Sample is how it reads up to there. It may hold anything.
	Sample string
	Err    error
}

// Error implements error. It holds no text of the reply but names of elements.
func (e *BrokenError) Error() string {
	return fmt.Sprintf("the reply is broken at byte %d: %v", e.Offset, e.Err)
}

// Unwrap gives the cause.
func (e *BrokenError) Unwrap() error { return e.Err }
