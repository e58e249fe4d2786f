package api

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestEnvelope(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		second, category, text string
	}{
		"CategoryAndText":        {"INVALID_DATA :: Wrong", "INVALID_DATA", "Wrong"},
		"OnlyTheFirstSeparates":  {"AUTHENTICATION_FAILED :: No match: a&b :: 6B27", "AUTHENTICATION_FAILED", "No match: a&b :: 6B27"},
		"WithoutText":            {"TECHNICAL_ERROR", "TECHNICAL_ERROR", ""},
		"WithSeparatorOnly":      {"TECHNICAL_ERROR ::", "TECHNICAL_ERROR", ""},
		"ASentence":              {"Something went wrong", "", "Something went wrong"},
		"ASentenceWithSeparator": {"Something :: went", "", "Something :: went"},
		"Nothing":                {"", "", ""},
	} {
		category, text := Envelope{Statuses: []string{"FAILED", c.second}}.Failure()
		if category != c.category || text != c.text {
			t.Errorf("%s: %q, %q", name, category, text)
		}
	}
	if category, text := (Envelope{Statuses: []string{"FAILED"}}).Failure(); category != "" || text != "" {
		t.Error("nothing to take apart")
	}
	if (Envelope{}).OK() || !(Envelope{HasData: true}).OK() || !(Envelope{Statuses: []string{"ok"}}).OK() ||
		(Envelope{Statuses: []string{"FAILED"}, HasData: true}).OK() {
		t.Error("OK")
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"200,3": "200.3", "249,90": "249.90", "200": "200", "-1,5": "-1.5", "1 234,50": "1234.50", "1\u00a0234": "1234", "12.5": "12.5",
		"": "-", "abc": "-", "1,2,3": "-", "1.234,50": "-", "-": "-", ",5": "-", "5,": "5", "1e3": "-", "--1": "-",
	} {
		got, ok := Decimal(given)
		if !ok {
			got = "-"
		}
		if got != want {
			t.Errorf("Decimal(%q) = %q, want %q", given, got, want)
		}
	}
	for given, want := range map[string]string{
		"5.6.2023 16:12:09": "2023-06-05 16:12:09", "21.11.2026 12:00:00": "2026-11-21 12:00:00", "07.02.2014 09:05:01": "2014-02-07 09:05:01",
		"7.2.2014 9.05.01": "2014-02-07 09:05:01", "7.2.2014 9:05": "2014-02-07 09:05:00", "2026-01-15T10:30:00": "2026-01-15 10:30:00",
		"": "", "31.2.2026 10:00:00": "", "soon": "",
	} {
		got := ""
		if at, ok := Time(given, time.UTC); ok {
			got = at.Format(time.DateTime)
		}
		if got != want {
			t.Errorf("Time(%q) = %q, want %q", given, got, want)
		}
	}
}

func TestErrorsOfTheReaderAreNotOfTheReply(t *testing.T) {
	t.Parallel()
	text := "<Root><ResponseStatus><Status>OK</Status></ResponseStatus><Customerlist>" + strings.Repeat("<Customer><Name>a</Name></Customer>", 50)
	down := errors.New("connection lost")
	for _, head := range []string{"", "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>"} {
		_, err := ReadList(io.MultiReader(strings.NewReader(head+text), iotest.ErrReader(down)), func(Row) error { return nil })
		if _, broken := errors.AsType[*BrokenError](err); broken || !errors.Is(err, down) {
			t.Errorf("got %v", err)
		}
	}
	stop := errors.New("enough")
	if _, err := ReadList(strings.NewReader(text), func(Row) error { return stop }); err != stop { //nolint:errorlint // the very error, not one around it
		t.Errorf("got %v", err)
	}
	if _, err := ReadList(iotest.OneByteReader(strings.NewReader(text+"</Customerlist></Root>")), func(Row) error { return nil }); err != nil {
		t.Errorf("byte by byte: %v", err)
	}
}

// endless gives the same bytes again and again, up to a limit.
type endless struct {
	head, again string
	left        int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	s := e.head
	if s == "" {
		s = e.again
	}
	n := copy(p, s)
	if e.head != "" {
		e.head = e.head[n:]
	} else {
		// Always whole pieces, so that the text stays well formed.
		for n < len(p) && n+len(s) <= len(p) {
			n += copy(p[n:], s)
		}
	}
	e.left -= n
	return n, nil
}

// TestT12 reads hostile replies of 200 MB and looks at what they cost.
func TestT12(t *testing.T) {
	const size = 200 << 20
	if testing.Short() {
		t.Skip("reads hundreds of megabytes")
	}
	for name, e := range map[string]*endless{
		"OneEndlessText":     {head: "<Root><Customerlist><Customer><Name>", again: strings.Repeat("a", 4096)},
		"OneEndlessName":     {head: "<Root><", again: strings.Repeat("a", 4096)},
		"EndlessAttributes":  {head: "<Root><a ", again: `b="c" `},
		"OneEndlessComment":  {head: "<Root><!--", again: strings.Repeat("a", 4096)},
		"OneEndlessRecord":   {head: "<Root><Customers><Customer>", again: "<CustomerOfficeDetails></CustomerOfficeDetails>"},
		"EndlessTextPieces":  {head: "<Root><Customers><Customer><CustomerBaseInformation><Name>", again: "aaaa<b/>"},
		"EndlessDepth":       {head: "<Root>", again: "<a>"},
		"EndlessStatuses":    {head: "<Root><ResponseStatus>", again: "<Status>OK</Status>"},
		"EndlessUnknownRows": {head: "<Root><Customers>", again: "<Other></Other>"},
		"EndlessNULs":        {head: "<Root>", again: strings.Repeat("\x00", 4096)},
		"EndlessControl":     {head: "<Root>", again: strings.Repeat("\x01", 4096)},
		"EndlessLatin1":      {head: `<?xml version="1.0" encoding="iso-8859-1"?><Root><Customerlist><Customer><Name>`, again: strings.Repeat("\xe4", 4096)},
		"EndlessSpaces":      {head: "", again: strings.Repeat(" ", 4096)},
	} {
		t.Run(name, func(t *testing.T) {
			e.left = size
			if name == "EndlessStatuses" || name == "EndlessUnknownRows" {
				// Harmless, so these are read to their end.
				e.left = size / 64
			}
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			peak := uint64(0)
			read := 0
			_, err := ReadCustomers(readerFunc(func(p []byte) (int, error) {
				n, err := e.Read(p)
				if read += n; read>>23 != (read-n)>>23 {
					runtime.GC()
					runtime.ReadMemStats(&after)
					peak = max(peak, after.HeapAlloc)
				}
				return n, err
			}), func(Customer) error { return nil })
			if err == nil {
				t.Fatal("accepted")
			}
			if grown := int64(peak) - int64(before.HeapAlloc); grown > 64<<20 {
				t.Errorf("held %d MB after %d MB", grown>>20, read>>20)
			}
			t.Logf("%d KB read: %.200v", read>>10, err)
		})
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// FuzzReply holds that no input makes the reader panic, believe a reply without its end, or hand on what it should not.
func FuzzReply(f *testing.F) {
	paths, err := filepath.Glob("../testdata/golden/*.xml")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, read := range []func(io.Reader) (Envelope, error){
			func(r io.Reader) (Envelope, error) {
				return ReadList(r, func(row Row) error { return clean(t, texts(row)...) })
			},
			func(r io.Reader) (Envelope, error) {
				return ReadCustomers(r, func(c Customer) error {
					return clean(t, c.CustomerBaseInformation.Name, c.CustomerBaseInformation.NetvisorKey, strings.Join(c.Unknown, ""))
				})
			},
		} {
			env, err := read(bytes.NewReader(data))
			again, errAgain := read(iotest.HalfReader(bytes.NewReader(data)))
			if (err == nil) != (errAgain == nil) || env.OK() != again.OK() {
				t.Errorf("the way it arrives matters: %v, then %v", err, errAgain)
			}
			if err != nil {
				_, broken := errors.AsType[*BrokenError](err)
				_, other := errors.AsType[*NotReplyError](err)
				if !broken && !other {
					t.Errorf("unclassified: %v", err)
				}
				continue
			}
			// What was accepted is refused without its last element's end.
			trimmed := bytes.TrimRight(data, " \t\r\n")
			if len(trimmed) > 0 && trimmed[len(trimmed)-1] == '>' && !bytes.HasSuffix(trimmed, []byte("-->")) && !bytes.HasSuffix(trimmed, []byte("?>")) {
				if _, err := read(bytes.NewReader(trimmed[:len(trimmed)-1])); err == nil {
					t.Error("accepted without its end")
				}
			}
		}
	})
}

// texts are the texts of a row.
func texts(r Row) []string {
	return []string{r.NetvisorKey, r.Name, r.Code, r.OrganisationIdentifier, r.CustomerGroupID, r.CustomerGroupName, r.URI}
}

func clean(t *testing.T, texts ...string) error {
	for _, s := range texts {
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' && r != '\r' }) || strings.TrimSpace(s) != s {
			t.Errorf("not cleaned: %q", s)
		}
	}
	return nil
}
