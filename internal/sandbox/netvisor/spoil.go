package netvisor

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// spool is an answer that is written down before it is sent, in a file that has no name, so that the answer may be as large as it likes.
type spool struct {
	header http.Header
	status int
	file   *os.File
	out    *bufio.Writer
}

func newSpool() (*spool, error) {
	f, err := os.CreateTemp("", "netvisor-answer-*")
	if err != nil {
		return nil, fmt.Errorf("making room for an answer: %w", err)
	}
	_ = os.Remove(f.Name()) // where open files cannot be removed, the system's cleaning has to do
	return &spool{header: http.Header{}, status: http.StatusOK, file: f, out: bufio.NewWriter(f)}, nil
}

// Header is that of an http.ResponseWriter.
func (s *spool) Header() http.Header { return s.header }

// WriteHeader keeps the status for later.
func (s *spool) WriteHeader(status int) { s.status = status }

func (s *spool) Write(b []byte) (int, error) { return s.out.Write(b) }

func (s *spool) close() { _ = s.file.Close() }

// rewind makes what was written readable and tells its size.
func (s *spool) rewind() (int64, error) {
	if err := s.out.Flush(); err != nil {
		return 0, err
	}
	size, err := s.file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	_, err = s.file.Seek(0, io.SeekStart)
	return size, err
}

// page sends what stands in front of the service.
func (r *reply) page(f *Fault) {
	status, kind := f.httpStatus(), "text/html; charset=utf-8"
	var body string
	if f.Kind != FaultGarbage {
		if f.RetryAfter > 0 {
			r.w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		title := strconv.Itoa(status) + " " + http.StatusText(status)
		body = "<!DOCTYPE html>\r\n<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>\r\n"
	} else {
		status = http.StatusOK
		body, kind = garbageText(f.Variant)
	}
	r.category, r.status, r.customers = "", status, 0
	_ = r.control.SetWriteDeadline(time.Now().Add(writePatience))
	r.w.Header().Set("Content-Type", kind)
	r.w.WriteHeader(status)
	if f.Kind == FaultGarbage && f.Variant == GarbageHuge {
		r.huge(f.Size)
		return
	}
	_, err := io.WriteString(r, body)
	r.aborted = err != nil
}

func garbageText(variant string) (body, contentType string) {
	const page, xmlType = "text/html; charset=utf-8", "text/xml; charset=utf-8"
	switch variant {
	case GarbageLoginPage:
		return "<!DOCTYPE html>\r\n<html lang=\"fi\"><head><meta charset=\"utf-8\"><title>Kirjaudu sisään</title></head>\r\n<body><form action=\"/login\" method=\"post\">" +
			"<input name=\"user\"><br><input type=\"password\" name=\"password\">&nbsp;<button>Kirjaudu</button></form></body></html>\r\n", page
	case GarbageJSON:
		return `{"error":"upstream request timeout","status":200}`, "application/json"
	case GarbageEntityBomb:
		var b strings.Builder
		b.WriteString(declaration + "\r\n<!DOCTYPE Root [\r\n<!ENTITY a0 \"lol\">\r\n")
		for i := range 20 {
			fmt.Fprintf(&b, "<!ENTITY a%d \"%s\">\r\n", i+1, strings.Repeat("&a"+strconv.Itoa(i)+";", 10))
		}
		b.WriteString("]>\r\n<Root><ResponseStatus><Status>OK</Status></ResponseStatus><Customerlist><Customer><Netvisorkey>7</Netvisorkey><Name>&a20;</Name></Customer></Customerlist></Root>\r\n")
		return b.String(), xmlType
	case GarbageExternalEntity:
		return declaration + "\r\n<!DOCTYPE Root [<!ENTITY x SYSTEM \"file:///etc/hostname\">]>\r\n<Root><ResponseStatus><Status>OK</Status></ResponseStatus>" +
			"<Customerlist><Customer><Netvisorkey>7</Netvisorkey><Name>&x;</Name></Customer></Customerlist></Root>\r\n", xmlType
	case GarbageDeep:
		return declaration + "\r\n<Root>" + strings.Repeat("<a>", 100_000) + strings.Repeat("</a>", 100_000) + "</Root>\r\n", xmlType
	default:
		return "", page
	}
}

// huge sends a list whose only name does not end, a piece at a time.
func (r *reply) huge(size int64) {
	if size == 0 {
		size = hugeWhenNo
	}
	head, tail := declaration+"\r\n<Root><ResponseStatus><Status>OK</Status></ResponseStatus><Customerlist><Customer><Name>", "</Name></Customer></Customerlist></Root>\r\n"
	filler := bytes.Repeat([]byte("A"), 64<<10)
	left := size - int64(len(head)+len(tail))
	_, err := io.WriteString(r, head)
	for left > 0 && err == nil {
		n := min(left, int64(len(filler)))
		_, err = r.Write(filler[:n])
		left -= n
	}
	if err == nil {
		_, err = io.WriteString(r, tail)
	}
	r.aborted = err != nil
}

// spoil sends a spooled answer the way the faults want it. It returns true when the connection is to be closed.
func (s *Sandbox) spoil(entry *Call, out *reply, from *spool, w http.ResponseWriter) (abort bool) {
	out.w, out.bytes = w, 0
	_ = out.control.SetWriteDeadline(time.Now().Add(writePatience))
	if f := out.strikes.find(FaultSlowAnswer); f != nil && !s.wait(out.ctx, time.Duration(f.Delay)) {
		out.aborted, out.status = true, 0
		return true
	}
	if out.strikes.find(FaultLostAnswer) != nil {
		out.aborted, out.status = true, 0
		return true
	}
	if f := out.strikes.refuse(true); f != nil {
		out.customers = 0
		out.fail(f)
		return false
	}
	if f := out.strikes.page(true); f != nil {
		out.page(f)
		return false
	}
	size, err := from.rewind()
	if err != nil {
		s.opts.Logger.Error("answer lost", "error", err)
		out.aborted = true
		return true
	}
	maps.Copy(w.Header(), from.header)
	var content io.Reader = from.file
	length := int64(-1)
	cut := out.strikes.find(FaultTruncate)
	switch f := out.strikes.find(FaultFewer, FaultGarbage); {
	case f != nil && f.Kind == FaultFewer:
		content, out.customers = fewer(from.file, f.Fraction, out.customers)
	case f != nil:
		content = altered(from.file, f.Variant, size)
	case cut != nil:
		if length, err = cut.place(from.file, size, out.customers); err != nil {
			s.opts.Logger.Error("answer lost", "error", err)
			out.aborted = true
			return true
		}
		content = io.LimitReader(from.file, length)
		declared := size
		if cut.CleanEnd {
			declared = length
		}
		w.Header().Set("Content-Length", strconv.FormatInt(declared, 10))
	}
	w.WriteHeader(from.status)
	closes := cut != nil && !cut.CleanEnd && length >= 0
	out.aborted = closes
	if length > 0 { // a client that counts bytes has the whole answer before this returns, so the log is completed before the last of them
		_, err = io.Copy(out, io.LimitReader(content, length-1))
		out.bytes++
		out.aborted = out.aborted || err != nil
		s.finish(entry, out)
		out.bytes--
	}
	if err == nil {
		_, err = io.Copy(out, content)
	}
	if err != nil {
		out.aborted = true
	}
	if closes {
		_ = out.control.Flush() // what is left is sent before the end
	}
	return closes
}

const customerStart, customerEnd = "<Customer>", "</Customer>"

// place is how many bytes are left of an answer of that size, and rewinds the file.
func (f *Fault) place(file *os.File, size int64, customers int) (int64, error) {
	switch {
	case f.At > 0:
		return min(f.At, size), nil
	case f.Fraction > 0:
		return int64(f.Fraction * float64(size)), nil
	}
	if f.Customers == 0 && customers < 2 { // nothing to cut between
		return size / 2, nil
	}
	want := f.Customers
	if want == 0 {
		want = customers / 2
	}
	at, passed := int64(0), 0
	in := bufio.NewReader(file)
	for passed < want {
		line, err := in.ReadSlice('\n')
		for err == bufio.ErrBufferFull { //nolint:errorlint // this reader returns the bare error
			at += int64(len(line))
			line, err = in.ReadSlice('\n')
		}
		at += int64(len(line))
		if err != nil {
			break
		}
		if string(bytes.TrimSpace(line)) == customerEnd {
			passed++
		}
	}
	_, err := file.Seek(0, io.SeekStart)
	return at, err
}

// fewer keeps the first customers of a list. Lists have one element a line, and only those lines are looked at.
func fewer(from io.Reader, fraction float64, customers int) (io.Reader, int) {
	keep, seen, inside := int(fraction*float64(customers)), 0, false
	return lines(from, func(line []byte) []byte {
		switch string(bytes.TrimSpace(line)) {
		case customerStart:
			seen, inside = seen+1, true
		case customerEnd:
			inside = false
			if seen > keep {
				return nil
			}
		}
		if inside && seen > keep {
			return nil
		}
		return line
	}), keep
}

// altered is the right answer with something wrong about its bytes.
func altered(from io.Reader, variant string, size int64) io.Reader {
	switch variant {
	case GarbageByteOrderMark:
		return io.MultiReader(strings.NewReader("\uFEFF"), from)
	case GarbageNUL:
		return io.MultiReader(io.LimitReader(from, size/2), strings.NewReader("\x00"), from)
	case GarbageLatin:
		return lines(from, func(line []byte) []byte {
			var b []byte
			for len(line) > 0 {
				r, n := utf8.DecodeRune(line)
				if e, ok := encodeLatin9(string(r)); ok {
					b = append(b, e...)
				} else {
					b = append(b, '?')
				}
				line = line[n:]
			}
			return b
		})
	case GarbageUnknownElement, GarbageMissingKey, GarbageDoubled, GarbageBare:
		return lines(from, surprising(variant))
	default: // GarbageNoStatus
		inside := false
		return lines(from, func(line []byte) []byte {
			text := string(bytes.TrimSpace(line))
			if inside = inside || text == "<ResponseStatus>"; inside {
				inside = text != "</ResponseStatus>"
				return nil
			}
			return line
		})
	}
}

// surprising alters customers line by line.
func surprising(variant string) func([]byte) []byte {
	number, inside := 0, false
	var first []byte
	return func(line []byte) []byte {
		text := string(bytes.TrimSpace(line))
		if text == customerStart {
			number++
		}
		inside = text == customerStart || inside && text != customerEnd
		switch variant {
		case GarbageUnknownElement:
			if text == customerStart {
				return append(line, "      <Uutuus laji=\"1\"><Arvo>?</Arvo></Uutuus>\r\n"...)
			}
		case GarbageMissingKey:
			if number == 1 && strings.HasPrefix(strings.ToLower(text), "<netvisorkey>") {
				return nil
			}
		case GarbageBare:
			frame := text == customerStart || strings.HasSuffix(text, "CustomerBaseInformation>") || strings.HasPrefix(strings.ToLower(text), "<netvisorkey>")
			if inside && !frame {
				return nil
			}
		case GarbageDoubled:
			if number == 1 && first != nil || text == customerStart && number == 1 {
				first = append(first, line...)
				if text == customerEnd {
					number++
					return append(line, first...)
				}
			}
		}
		return line
	}
}

// lines reads through a function line by line.
func lines(from io.Reader, f func([]byte) []byte) io.Reader {
	return &lineReader{in: bufio.NewReaderSize(from, 32<<10), f: f}
}

type lineReader struct {
	in   *bufio.Reader
	f    func([]byte) []byte
	rest []byte
	err  error
}

func (l *lineReader) Read(b []byte) (int, error) {
	for len(l.rest) == 0 {
		if l.err != nil {
			return 0, l.err
		}
		var line []byte
		line, l.err = l.in.ReadBytes('\n')
		if len(line) > 0 {
			l.rest = l.f(line)
		}
	}
	n := copy(b, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}
