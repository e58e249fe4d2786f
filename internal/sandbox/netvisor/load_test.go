package netvisor

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// folder writes captured files, "name" → content.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestCapturedReplies(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	b := setup(t, Options{Load: "testdata/captured", Logger: slog.New(slog.NewTextHandler(&log, nil))})
	list := b.mustGet(t, "customerlist.nv")
	golden(t, "captured-list.golden.xml", list.body)
	keys := list.keys(t)
	cards := b.mustGet(t, "getcustomer.nv?replyoption=1&idlist="+strings.Join(keys, ","))
	golden(t, "captured-cards.golden.xml", cards.body)

	t.Run("ListsFirstThenCardsInNoList", func(t *testing.T) {
		if want := []string{"2601", "2602", "1", "2501", "2502", "2503", "2603"}; !slices.Equal(keys, want) {
			t.Errorf("got %v, want %v", keys, want)
		}
	})
	t.Run("CardsAreServedToTheLetter", func(t *testing.T) {
		captured, err := os.ReadFile("testdata/captured/x.XML")
		if err != nil {
			t.Fatal(err)
		}
		_, from, _ := strings.Cut(string(captured), "<Customers>")
		from, _, _ = strings.Cut(from, "</Customers>")
		for line := range strings.Lines(from) {
			line = strings.TrimSpace(line)
			line = strings.ReplaceAll(line, "></ContactPersonOfficeNetvisorKey>", " />") // the same to a reader
			line = strings.TrimSuffix(line, "<ContactPersonOfficeNetvisorKey />") + strings.Repeat("<ContactPersonOfficeNetvisorKey />", strings.Count(line, "<ContactPersonOfficeNetvisorKey />"))
			if !strings.Contains(cards.body, line) {
				t.Errorf("lost: %s", line)
			}
		}
	})
	t.Run("CardWithoutKeyJoinsByCode", func(t *testing.T) {
		if body := b.mustGet(t, "getcustomer.nv?id=2601").body; !strings.Contains(body, "<Comment>5 €</Comment>") || !strings.Contains(body, "<NetvisorKey>2601</NetvisorKey>") {
			t.Error(body)
		}
	})
	t.Run("CardWithoutKeyAndCodeJoinsByNameAndBusinessID", func(t *testing.T) {
		if body := b.mustGet(t, "getcustomer.nv?id=2602").body; !strings.Contains(body, "<City>Jyväskylä</City>") {
			t.Error(body)
		}
	})
	t.Run("CardWithWronglyDeclaredEncodingInNoListIsListed", func(t *testing.T) {
		if !strings.Contains(list.body, "<Name>Luettelematon Öljy Oy</Name>\r\n      <Code>L-1</Code>\r\n      <OrganisationIdentifier>1478523-8</OrganisationIdentifier>") {
			t.Error(list.body)
		}
	})
	t.Run("RowWithoutCardGetsTheLeast", func(t *testing.T) {
		if body := b.mustGet(t, "getcustomer.nv?id=2503").body; !strings.Contains(body, "<ExternalIdentifier>SE000123456701</ExternalIdentifier>") {
			t.Error(body)
		}
	})
	t.Run("OtherReplyIsSkippedWithAWarning", func(t *testing.T) {
		if !strings.Contains(log.String(), "file=invoices.xml") {
			t.Error(log.String())
		}
	})
	t.Run("EditChangesOneElementAndKeepsTheRest", func(t *testing.T) {
		before := b.mustGet(t, "getcustomer.nv?replyoption=1&id=2501").body
		if err := b.Edit("", 2501, func(c *Customer) error { return c.Set("name", "Toinen Oy") }); err != nil {
			t.Fatal(err)
		}
		after := b.mustGet(t, "getcustomer.nv?replyoption=1&id=2501").body
		if want := strings.Replace(before, "Öljymäen Sähkö &amp; Äänilaite Oy", "Toinen Oy", 1); after != want {
			t.Errorf("got %s", after)
		}
		if row := b.mustGet(t, "customerlist.nv?keyword=toinen").body; !strings.Contains(row, "<Uri>/getcustomer.nv?id=2501</Uri>") || !strings.Contains(row, "<Code>007</Code>") {
			t.Error(row)
		}
		if got := b.mustGet(t, "customerlist.nv?changedsince=2026-06-05T16:12:08").keys(t); !slices.Contains(got, "2501") {
			t.Error(got)
		}
	})
	t.Run("GeneratedOnesOnlyWhenAskedForAndBehindThem", func(t *testing.T) {
		b := setup(t, Options{Load: "testdata/captured", Customers: 2})
		got := b.mustGet(t, "customerlist.nv").keys(t)
		if len(got) != 9 || !slices.Equal(got[:7], []string{"2601", "2602", "1", "2501", "2502", "2503", "2603"}) {
			t.Error(got)
		}
	})
}

func row(key, name, code, id string) string {
	return "<Customer><Netvisorkey>" + key + "</Netvisorkey><Name>" + name + "</Name><Code>" + code + "</Code><OrganisationIdentifier>" + id + "</OrganisationIdentifier></Customer>"
}

func cardOf(key, name, code, id, city string) string {
	if key != "" {
		key = "<NetvisorKey>" + key + "</NetvisorKey>"
	}
	return "<Customer><CustomerBaseInformation>" + key + "<InternalIdentifier>" + code + "</InternalIdentifier><ExternalIdentifier>" + id +
		"</ExternalIdentifier><Name>" + name + "</Name><City>" + city + "</City></CustomerBaseInformation></Customer>"
}

func TestJoiningCapturedReplies(t *testing.T) {
	t.Parallel()
	list := func(rows ...string) string {
		return "<Root><Customerlist>" + strings.Join(rows, "") + "</Customerlist></Root>"
	}
	cards := func(c ...string) string { return "<Root><Customers>" + strings.Join(c, "") + "</Customers></Root>" }
	tests := []struct {
		name  string
		files map[string]string
		want  []string // key name city
		warn  string
	}{
		{"OneCodeForTwoRowsNeedsTheName", map[string]string{"l.xml": list(row("5", "A", "c", ""), row("6", "B", "c", "")), "d.xml": cards(cardOf("", "B", "c", "", "Kemi"))},
			[]string{"5 A ", "6 B Kemi"}, ""},
		{"OneCodeForTwoRowsAndAnotherNameIsNew", map[string]string{"l.xml": list(row("5", "A", "c", ""), row("6", "B", "c", "")), "d.xml": cards(cardOf("", "C", "c", "", "Kemi"))},
			[]string{"5 A ", "6 B ", "1001 C Kemi"}, "gets a new key"},
		{"NewKeysAreAboveAllOthers", map[string]string{"a.xml": cards(cardOf("", "A", "", "", "Kemi")), "l.xml": list(row("2000", "B", "b", ""))},
			[]string{"2000 B ", "2001 A Kemi"}, "gets a new key"},
		{"SameNameTwiceJoinsNeither", map[string]string{"l.xml": list(row("5", "A", "", ""), row("6", "A", "", "")), "d.xml": cards(cardOf("", "A", "", "", "Kemi"))},
			[]string{"5 A ", "6 A ", "1001 A Kemi"}, "matches no single"},
		{"FirstFileByNameWins", map[string]string{"b.xml": cards(cardOf("5", "B", "", "", "Oulu")), "a.xml": cards(cardOf("5", "A", "", "", "Kemi")), "c/x.xml": list(row("5", "C", "", ""), row("5", "D", "", ""))},
			[]string{"5 A Kemi"}, "there twice"},
		{"SameLooseCardTwiceCountsOnce", map[string]string{"a.xml": cards(cardOf("", "A", "c", "", "Kemi")), "b.xml": cards(cardOf("", "A", "c", "", "Oulu"))},
			[]string{"1001 A Kemi"}, "there twice"},
		{"RowWithoutKeyTakesThatOfTheCard", map[string]string{"a.xml": "<Root><Customerlist><Customer><Name>A</Name><Code>c</Code></Customer></Customerlist></Root>", "b.xml": cards(cardOf("7", "A", "c", "", "Kemi"))},
			[]string{"7 A Kemi"}, ""},
		{"RowWithoutAnythingGetsANewKey", map[string]string{"a.xml": "<Root><Customerlist><Customer><Netvisorkey>x</Netvisorkey><Name>A</Name></Customer></Customerlist></Root>"},
			[]string{"1001 A "}, "without a key"},
		{"SingleCustomerAndFragment", map[string]string{"a.xml": "<Root>" + cardOf("7", "A", "", "", "Kemi") + "</Root>", "b.xml": cardOf("8", "B", "", "", "Oulu")},
			[]string{"7 A Kemi", "8 B Oulu"}, ""},
		{"EmptyListIsUsable", map[string]string{"a.xml": "<Root><Customerlist>\r\n</Customerlist></Root>"}, nil, ""},
		{"OtherCaseAndCDATA", map[string]string{"a.xml": "<ROOT><CUSTOMER><customerbaseinformation><netvisorkey>9</netvisorkey><name><![CDATA[A & B]]></name><city>Åbo</city></customerbaseinformation></CUSTOMER></ROOT>"},
			[]string{"9 A & B Åbo"}, ""},
		{"FailedReplyIsSkipped", map[string]string{"a.xml": "<Root><ResponseStatus><Status>FAILED</Status></ResponseStatus></Root>", "b.xml": cards(cardOf("7", "A", "", "", "Kemi"))},
			[]string{"7 A Kemi"}, "holds no customers"},
		{"DeeperFoldersAndOtherFilesAreLeftAlone", map[string]string{"a.xml": cards(cardOf("7", "A", "", "", "Kemi")), "b/c/d.xml": "<broken", "e.txt": "<broken"},
			[]string{"7 A Kemi"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			b := setup(t, Options{Load: folder(t, tt.files), Logger: slog.New(slog.NewTextHandler(&log, nil))})
			var got []string
			for _, key := range b.mustGet(t, "customerlist.nv").keys(t) {
				base := b.mustGet(t, "getcustomer.nv?id="+key).root(t).child("Customer").child("CustomerBaseInformation")
				got = append(got, base.value("NetvisorKey")+" "+base.value("Name")+" "+base.value("City"))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if !strings.Contains(log.String(), tt.warn) || tt.warn == "" && strings.Contains(log.String(), "WARN") {
				t.Errorf("log %q, want %q", log.String(), tt.warn)
			}
		})
	}
}

func TestCapturedEncodings(t *testing.T) {
	t.Parallel()
	text := func(charset string) string {
		decl := `<?xml version="1.0" encoding="` + charset + `"?>` + "\r\n"
		if charset == "" {
			decl = ""
		}
		return decl + "<Root>" + cardOf("7", "ÄÖÅ äöå", "", "", "Pöytyä") + "</Root>"
	}
	latin := func(s string) string {
		b, _ := encodeLatin9(s)
		return b
	}
	wide := func(s string, big bool) string {
		var b []byte
		for _, u := range append([]uint16{0xFEFF}, utf16.Encode([]rune(s))...) {
			if big {
				b = append(b, byte(u>>8), byte(u))
			} else {
				b = append(b, byte(u), byte(u>>8))
			}
		}
		return string(b)
	}
	for name, content := range map[string]string{
		"UTF8":                  text("utf-8"),
		"UTF8WithByteOrderMark": "\uFEFF" + text("utf-8"),
		"NoDeclaration":         text(""),
		"Latin1":                latin(text("ISO-8859-1")),
		"Latin9":                latin(text("iso-8859-15")),
		"Windows":               latin(text("Windows-1252")),
		"T12_LatinCalledUTF8":   latin(text("utf-8")),
		"LatinWithoutSayingSo":  latin(text("")),
		"UTF16LittleEndian":     wide(text("utf-16"), false),
		"UTF16BigEndian":        wide(text("utf-16"), true),
		"BlankLinesFirst":       "\r\n\r\n" + text(""),
		"DocumentType":          `<!DOCTYPE Root>` + text(""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, Options{Load: folder(t, map[string]string{"a.xml": content})})
			if body := b.mustGet(t, "getcustomer.nv?id=7").body; !strings.Contains(body, "<Name>ÄÖÅ äöå</Name>\r\n      <City>Pöytyä</City>") {
				t.Error(body)
			}
		})
	}
}

func TestUnusableFoldersAreRefused(t *testing.T) {
	t.Parallel()
	good := "<Root>" + cardOf("7", "A", "", "", "Kemi") + "</Root>"
	for name, tt := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"NoFiles":        {nil, []string{"holds no captured customer replies"}},
		"NoXML":          {map[string]string{"a.txt": good}, []string{"holds no captured customer replies"}},
		"OnlyOtherXML":   {map[string]string{"a.xml": "<Root><SalesInvoiceList/></Root>"}, []string{"holds no captured customer replies"}},
		"T13_CutOff":     {map[string]string{"a.xml": good, "b.xml": "<Root>\n<Customers>\n<Customer>"}, []string{"b.xml: line 3: unexpected EOF"}},
		"WrongEnd":       {map[string]string{"sub/b.xml": "<Root>\r\n<a>\r\n</b>"}, []string{filepath.Join("sub", "b.xml") + ": line 3:"}},
		"T12_NoXMLAtAll": {map[string]string{"b.xml": `{"a":1}`}, []string{"b.xml: line 1: text outside of elements"}},
		"Empty":          {map[string]string{"b.xml": ""}, []string{"b.xml: line 1: holds no XML"}},
		"T12_NUL":        {map[string]string{"b.xml": "<Root>\n<a>\x00</a></Root>"}, []string{"b.xml: line 2: illegal character"}},
		"Encoding":       {map[string]string{"b.xml": `<?xml version="1.0" encoding="koi8-r"?><Root/>`}, []string{"b.xml: line 1: encoding koi8-r is not known"}},
		"T12_EntityBomb": {map[string]string{"b.xml": "<!DOCTYPE r [<!ENTITY a \"x\"><!ENTITY b \"&a;&a;\">]>\n<Root>&b;</Root>"}, []string{"b.xml: line 2: invalid character entity"}},
		"Deep":           {map[string]string{"b.xml": strings.Repeat("<a>", 100)}, []string{"b.xml: line 1: elements are nested deeper"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New(Options{Load: folder(t, tt.files)})
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q lacks %q", err, want)
				}
			}
		})
	}
}
