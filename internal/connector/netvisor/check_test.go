package netvisor

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"customerhub/internal/fault"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	someone := reply("<Customerlist>" + listRow(165) + "</Customerlist>")
	no := failed("SERVICE_ACCESS_ERROR :: Resource is not allowed for this identifier")
	for name, c := range map[string]struct {
		list, card string
		want       string // a letter for each check: credentials, list, card; capitals are OK
		says, fix  string
	}{
		"EverythingIsAllowed":       {someone, reply(card("165", "A")), "CLG", "", ""},
		"AnEmptyRegisterIsNoFault":  {reply("<Customerlist/>"), failed("INVALID_DATA :: Customer not found"), "CLG", "", ""},
		"ThePlaceholderMayBeGone":   {failed("INVALID_DATA :: No such code"), failed("INVALID_DATA :: Customer not found"), "CLG", "", ""},
		"WrongKeysEndTheCheck":      {failed("AUTHENTICATION_FAILED :: Wrong partner"), "", "c", "Wrong partner", "customerKey"},
		"TheListIsNotAllowed":       {no, reply(card("1", "A")), "ClG", "Resource is not allowed", "administrator"},
		"CardsAreNotAllowed":        {someone, no, "CLg", "Resource is not allowed", "administrator"},
		"NothingIsAllowed":          {no, no, "Clg", "Resource is not allowed", "administrator"},
		"AnUnknownRefusalIsVisible": {someone, failed("NEW_CATEGORY :: Something else"), "CLg", "Something else", "support"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := answering(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/customerlist.nv" {
					_, _ = io.WriteString(w, c.list)
				} else {
					_, _ = io.WriteString(w, c.card)
				}
			})
			checks, err := b.Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var letters strings.Builder
			for _, ch := range checks {
				letter := ch.Name[:1]
				if ch.Name == "customerlist.nv" {
					letter = "l"
				}
				if ch.OK {
					letter = strings.ToUpper(letter)
					if ch.Message != "" || ch.Fix != "" {
						t.Errorf("%+v is OK and complains", ch)
					}
				} else if !strings.Contains(ch.Message, c.says) || !strings.Contains(ch.Fix, c.fix) {
					t.Errorf("%+v", ch)
				}
				letters.WriteString(letter)
			}
			if got := letters.String(); got != c.want {
				t.Errorf("checks %s, want %s: %+v", got, c.want, checks)
			}
			if n := len(b.calls()); n != min(len(c.want), 2) {
				t.Errorf("%d calls", n)
			}
			if uri := b.calls()[0].RequestURI; uri != "/customerlist.nv?customercodelist=TEMP" {
				t.Errorf("asked %s", uri)
			}
		})
	}
	t.Run("ABreakIsNoCheck", func(t *testing.T) {
		t.Parallel()
		b := body(t, 200, failed("SYSTEM_MAINTENANCE :: Back at six"))
		if checks, err := b.Check(t.Context()); !fault.Is(err, fault.Maintenance) || checks != nil {
			t.Errorf("%v, %v", checks, err)
		}
	})
}
